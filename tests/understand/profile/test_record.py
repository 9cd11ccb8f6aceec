from __future__ import annotations

from typing import Any

from bertkit.understand.profile.record import conclusion, summary, table

PHASE = {"phase": "forward", "does": "the model", "seconds": 0.25, "share": 0.5, "workers": 0.0, "before": 0.0}
RECORD: dict[str, Any] = {
    "device": "cpu", "workers": 0, "padding": 0.25, "padding_free": True, "memory": "memory of the process",
    "steps": {"warm_up": 3, "measured": 20}, "seconds_per_step": {"mean": 0.5, "median": 0.5, "p95": 0.75},
    "rates": {"rows_per_second": 64.0, "tokens_per_second": 1000.0, "tokens_per_batch": 500.0,
              "rows_encoded_per_second": None},
    "phases": [{**PHASE, "peak": 3_000_000}, {**PHASE, "phase": "collate", "peak": None, "before": 1.5}],
    "verdict": "no phase stands out", "bottlenecks": [],
}  # fmt: skip


def test_a_line_for_each_phase() -> None:
    header, (forward, collate) = table(RECORD)
    assert "in workers" not in header and len(header) == len(forward) == len(collate)
    assert forward == ("forward", "250 ms", "50.0%", "", "3", "the model")
    assert collate[3] == "1.5 s" and collate[4] == ""
    header, (first, _) = table({**RECORD, "workers": 2})
    assert header[3] == "in workers" and len(first) == len(header)


def test_sentences() -> None:
    lines = summary(RECORD)
    assert "a step takes 500 ms (median of 20; 95% of them at most 750 ms) on cpu" in lines[0]
    assert "25% of the tokens of the padded batches are padding, which the model leaves out" in lines
    assert not any("tokenizing before" in line for line in lines)


def test_the_bottleneck_comes_first() -> None:
    assert conclusion(RECORD) == ["no phase stands out"]
    both = {**RECORD, "bottlenecks": [{"sentence": "a"}, {"sentence": "b"}]}
    assert conclusion(both) == ["bottleneck: a", "also: b"]
