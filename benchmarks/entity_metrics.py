"""How much faster are bertkit's entity metrics than seqeval's?

Both sides score the same 50,000 sentences of 1 to 39 words with four types in one run; the best of several calls
counts. The figures are compared before the times. `f1` is one figure; `report` is the table of types with all means,
which seqeval users print. Prints ratios and writes benchmarks/results/entity_metrics.json.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from seqeval.metrics import classification_report, f1_score
from seqeval.scheme import IOB2

from bertkit.metrics.tagging import Mode, compare, score

SENTENCES, CALLS = 50_000, 3
MODES: dict[Mode, dict[str, Any]] = {"lenient": {}, "strict": {"mode": "strict", "scheme": IOB2}}
Tags = list[list[str]]


def sentences() -> tuple[Tags, Tags]:
    """Predicted and gold tags in IOB2: an entity some every six words, one tag in twenty predicted at random."""
    draw = np.random.default_rng(0)
    names = np.array(["O", *(f"{prefix}-{type_}" for type_ in ("PER", "LOC", "ORG", "MISC") for prefix in "BI")])
    lengths = draw.integers(1, 40, SENTENCES)
    gold = np.zeros(lengths.sum(), int)
    begins = np.flatnonzero(draw.random(len(gold)) < 1 / 6)
    gold[begins] = draw.choice([1, 3, 5, 7], len(begins))
    cuts = np.cumsum(lengths)[:-1]
    second = np.setdiff1d(begins[draw.random(len(begins)) < 0.5] + 1, [*begins, *cuts, len(gold)])
    gold[second] = gold[second - 1] + 1
    predicted = np.where(draw.random(len(gold)) < 0.95, gold, draw.integers(len(names), size=len(gold)))
    ours, theirs = ([part.tolist() for part in np.split(names[tags], cuts)] for tags in (predicted, gold))
    return ours, theirs


def best(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the fastest call, and what it gave."""
    seconds = []
    for _ in range(CALLS):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def report(predicted: Tags, gold: Tags, mode: Mode) -> dict[str, float]:
    """F1 by type and by average, under seqeval's names."""
    compared = compare(predicted, gold, "IOB2", mode)
    rows = compared.by_type()
    f1, counts = [row["f1"] for row in rows], [row["gold"] for row in rows]
    means = {"macro avg": float(np.mean(f1)), "weighted avg": float(np.average(f1, weights=counts))}
    return {row["type"]: row["f1"] for row in rows} | means | {"micro avg": compared.score()["entity_f1"]}


def main() -> None:
    predicted, gold = sentences()
    results: dict[str, dict[str, float]] = {}

    def put_down(name: str, ours: float, theirs: float) -> None:
        results[name] = {"bertkit_s": round(ours, 3), "seqeval_s": round(theirs, 2), "ratio": round(theirs / ours, 1)}
        print(f"{name}: {theirs / ours:.1f} times as fast as seqeval {version('seqeval')}")  # noqa: T201

    for mode, asked in MODES.items():
        a, ours = best(lambda: score(predicted, gold, "IOB2", mode)["entity_f1"])  # noqa: B023
        b, theirs = best(lambda: f1_score(gold, predicted, **asked))  # noqa: B023
        assert abs(ours - theirs) < 1e-12, mode
        put_down(f"{mode} f1", a, b)
        a, table = best(lambda: report(predicted, gold, mode))  # noqa: B023
        b, others = best(lambda: classification_report(gold, predicted, output_dict=True, **asked))  # noqa: B023
        assert all(abs(table[name] - row["f1-score"]) < 1e-12 for name, row in others.items()), mode
        put_down(f"{mode} report", a, b)
    file = Path(__file__).parent / "results" / "entity_metrics.json"
    file.parent.mkdir(exist_ok=True)
    words = sum(map(len, gold))
    file.write_text(json.dumps({"sentences": SENTENCES, "words": words, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
