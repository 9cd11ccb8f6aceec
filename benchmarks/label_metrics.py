"""How much faster are bertkit's label metrics than scikit-learn's, as the bootstrap calls them?

Both sides score the same 3,000 rows of 77 labels, 200 times per round. The figures are compared before the times.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from side_by_side import Seconds, in_turns, parser, record, table
from sklearn import metrics as reference

from bertkit.metrics import METRICS

ROWS, LABELS, CALLS, ROUNDS = 3_000, 77, 200, 5
PAIRS: dict[str, Callable[..., float]] = {
    "accuracy": reference.accuracy_score,
    "macro_f1": lambda y, p: reference.f1_score(y, p, average="macro", zero_division=0),
    "matthews": reference.matthews_corrcoef,
}


def repeated(call: Callable[..., object], *values: np.ndarray) -> Callable[[], None]:
    def calls() -> None:
        for _ in range(CALLS):
            call(*values)

    return calls


def main() -> None:
    args = parser(__doc__, data=False).parse_args()
    draw = np.random.default_rng(0)
    right = draw.integers(LABELS, size=ROWS)
    predicted = np.where(draw.random(ROWS) < 0.9, right, draw.integers(LABELS, size=ROWS))
    tables, seconds = {}, dict[str, Seconds]()
    for name, theirs in PAIRS.items():
        ours = METRICS[name]
        assert abs(ours(predicted, right)[name] - theirs(right, predicted)) < 1e-12, name
        sides = {"bertkit": repeated(ours, predicted, right), "scikit-learn": repeated(theirs, right, predicted)}
        seconds[name] = in_turns(sides, ROUNDS)
        tables[f"{name}, {CALLS} times {ROWS:,} rows"] = table(seconds[name], CALLS, "calls/s")
    record("label_metrics", tables, args, __doc__, seconds=seconds)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
