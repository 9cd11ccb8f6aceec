"""Are explanations better than random orders of the same words?

Runs are explained by each method on the same rows. Deletion takes words out, insertion puts them back, in the order of
the explanation and in five random orders; the figure is the mean change of the score over the curve. Intervals are 95%,
over the rows. `apart` is said where the intervals of both orders do not touch.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from side_by_side import markdown, parser, record, say

from bertkit import Run
from bertkit.data.stream import stream
from bertkit.inference.predictor import Predictor
from bertkit.understand.explain.attribution import METHODS
from bertkit.understand.explain.explain import NEEDS, Request, explain


def spread(interval: tuple[float, float] | None) -> str:
    return "{:+.3f} to {:+.3f}".format(*interval) if interval else ""


def measure(run: Path, file: str, count: int) -> list[dict[str, Any]]:
    """A line for each method and curve."""
    opened = Run.open(run)
    predictor = Predictor.open(opened, needs=NEEDS)
    taken = stream([file], predictor.task.columns, opened.recipe.data, answers=False)
    rows = [one.row for one in itertools.islice(taken, count) if one.row is not None]
    lines = []
    for method in METHODS:
        chosen: Any = method
        found = explain(predictor, rows, Request(chosen))
        incomplete = sum(not target.complete for row in found.rows for target in row.targets)
        for one in found.faithfulness:
            sides = one.own_interval, one.random_interval
            apart = sides[0] and sides[1] and (sides[0][1] < sides[1][0] or sides[1][1] < sides[0][0])
            lines.append(
                {
                    "method": method,
                    "curve": f"{one.kind}, {one.how}",
                    "explanation": f"{one.own:+.3f} ({spread(sides[0])})",
                    "random": f"{one.random:+.3f} ({spread(sides[1])})",
                    "difference": f"{one.difference:+.3f} ({spread(one.interval)})",
                    "apart": "yes" if apart else "no",
                    "not within a hundredth": str(incomplete) if method == "ig" else "",
                }
            )
        say(markdown(lines[-4:]))
    return lines


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--run", nargs=2, action="append", metavar=("RUN", "FILE"), required=True)
    given.add_argument("--rows", type=int, default=100)
    args = given.parse_args()
    tables = {f"{Path(run).name}, {args.rows} rows": measure(Path(run), file, args.rows) for run, file in args.run}
    record("explanations", tables, args, __doc__)


if __name__ == "__main__":
    main()
