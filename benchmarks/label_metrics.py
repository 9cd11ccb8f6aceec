"""How much faster are bertkit's label metrics than scikit-learn's, as the bootstrap calls them?

Both sides score the same 3,000 rows of 77 labels, 200 times, in one run; the figures are compared before the times.
Prints a ratio and writes benchmarks/results/label_metrics.json.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics as reference

from bertkit.metrics import METRICS

ROWS, LABELS, CALLS = 3_000, 77, 200
PAIRS: dict[str, Callable[..., float]] = {
    "accuracy": reference.accuracy_score,
    "macro_f1": lambda y, p: reference.f1_score(y, p, average="macro", zero_division=0),
    "matthews": reference.matthews_corrcoef,
}


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - start


def main() -> None:
    draw = np.random.default_rng(0)
    right = draw.integers(LABELS, size=ROWS)
    predicted = np.where(draw.random(ROWS) < 0.9, right, draw.integers(LABELS, size=ROWS))
    ratios = {}
    for name, theirs in PAIRS.items():
        ours = METRICS[name]
        assert abs(ours(predicted, right)[name] - theirs(right, predicted)) < 1e-12, name
        a, b = seconds(lambda: ours(predicted, right)), seconds(lambda: theirs(right, predicted))  # noqa: B023
        ratios[name] = round(b / a, 1)
        print(f"{name}: {b / a:.1f} times as fast as scikit-learn {sklearn.__version__}")  # noqa: T201
    file = Path(__file__).parent / "results" / "label_metrics.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"rows": ROWS, "labels": LABELS, "ratios": ratios}, indent=2) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
