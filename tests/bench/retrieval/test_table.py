"""Tables of one collection and of several."""

from __future__ import annotations

from bertkit.bench.retrieval.scores import FIGURES, Figure
from bertkit.bench.retrieval.table import RetrievalResults, as_json, as_markdown, details, summary
from bertkit.metrics.paired import Difference


def scores(value: float, other: float) -> dict[str, dict[str, Figure]]:
    test = Difference("ndcg@10", value, other, (0.0, 0.2), 0.01, "randomisation", corrected=0.02)
    first = dict.fromkeys(FIGURES, Figure(value, (value - 0.1, value + 0.1)))
    return {"a|b": first, "other": dict.fromkeys(FIGURES, Figure(other, (0.1, 0.9), test))}


RESULTS = RetrievalResults({"x": scores(0.5, 0.6), "y": scores(0.3, 0.5)}, {"x": {}, "y": {}}, {"top": 100})


def test_a_row_per_model_and_a_mean_over_collections() -> None:
    header, rows = summary(RESULTS)
    assert header == [
        "model", "x ndcg@10", "95% interval", "difference", "p", "y ndcg@10", "95% interval", "difference", "p", "mean",
    ]  # fmt: skip
    assert rows[0] == ["a|b", "0.5000", "0.4000 to 0.6000", "", "", "0.3000", "0.2000 to 0.4000", "", "", "0.4000"]
    assert rows[1][-1] == "0.5500"
    assert rows[1][1:5] == ["0.6000", "0.1000 to 0.9000", "+0.1000", "0.0200"]


def test_details_of_one_model_have_no_test() -> None:
    header, rows = details({"one": RESULTS.scores["x"]["a|b"]})
    assert header == ["model", "ndcg@10", "95% interval", "mrr@10", "map", "recall@100"]
    assert len(rows[0]) == len(header)


def test_markdown_and_json() -> None:
    text = as_markdown(RESULTS, ["a note"])
    assert text.count("## ") == 3
    assert r"| a\|b | 0.5000 |" in text
    assert text.endswith("- a note\n")
    whole = as_json(RESULTS)
    assert whole["means"]["other"]["map"] == 0.55
    assert whole["figures"]["y"]["other"]["map"]["against_first"]["p_corrected"] == 0.02
    assert "against_first" not in whole["figures"]["y"]["a|b"]["map"]
