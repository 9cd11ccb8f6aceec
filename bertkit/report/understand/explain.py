"""The page of `bertkit explain`: texts whose words are coloured by what they add to a score, and how faithful that is.

All of it is made from the record of an explanation, plain values (see `understand.explain.explain.Explanation.record`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bertkit.report import plots
from bertkit.report.page import render

ROWS = 200
"""Most rows on the page."""
TARGETS = 30
"""Most targets of a row."""
WORDS = 40
"""Most words of each text in a table of pairs of words."""
METHODS = {
    "ig": "integrated gradients",
    "gradient": "input times gradient",
    "occlusion": "occlusion: each word masked in turn",
}
HOWS = {"removal": "removed", "mask": "masked"}

Record = dict[str, Any]


class Shade(NamedTuple):
    """A part of a text; `weight` from -1 to 1, of the strongest word of the target; None: no word."""

    text: str
    weight: float | None = None
    said: str = ""


def page(record: Record, *, name: str, spoken: dict[str, list[Record]]) -> str:
    """The text of the page.

    Args:
        name: of the Run.
        spoken: see `understand.explain.explain.spoken`.
    """
    rows = record["rows"]
    return render(
        "understand/explain.html",
        title=f"Why {name} says so",
        subtitle=f"{len(rows):,} row{'' if len(rows) == 1 else 's'}, {METHODS[record['method']]}",
        method=record["method"],
        rows=[_row(row) for row in rows[:ROWS]],
        left_out=max(0, len(rows) - ROWS),
        faithfulness=faithfulness_table(record),
        measured=bool(record["faithfulness"]),
        plots=[_plot(one, record["shares"]) for one in record["faithfulness"]],
        spoken={label: _table(words) for label, words in spoken.items() if words and len(rows) > 1},
        incomplete=sum(not target["complete"] for row in rows for target in row["targets"]),
    )


def faithfulness_table(record: Record) -> tuple[list[str], list[list[str]]]:
    """Header and rows: each curve's mean in the explanation's order and in random orders, and their difference."""
    header = ["curve", "words are", "explanation", "random order", "difference", "95% interval", ""]
    rows = []
    for one in record["faithfulness"]:
        interval = "too few rows" if one["interval"] is None else "{:+.3f} to {:+.3f}".format(*one["interval"])
        verdict = {True: "better than random", False: "worse than random", None: "no clear difference"}[one["better"]]
        rows.append(
            [
                one["kind"], HOWS[one["how"]], f"{one['own']:+.3f}", f"{one['random']:+.3f}",
                f"{one['difference']:+.3f}", interval, verdict if one["interval"] else "",
            ]
        )  # fmt: skip
    return header, rows


def pieces(text: str, words: Sequence[Record], most: float) -> list[Shade]:
    """A text, divided into its words and what stands between them.

    Args:
        words: of this text, by start.
        most: the largest attribution of the target.
    """
    found, done = [], 0
    for word in words:
        if word["start"] > done:
            found.append(Shade(text[done : word["start"]]))
        value = word["attribution"]
        found.append(Shade(text[word["start"] : word["end"]], value / most if most else 0.0, f"{value:+.4f}"))
        done = word["end"]
    return [*found, *([Shade(text[done:])] if done < len(text) else [])]


def _table(words: Sequence[Record]) -> list[list[Any]]:
    return [[word["word"], word["rows"], f"{word['mean']:+.3f}"] for word in words]


def _row(row: Record) -> Record:
    shown = row["targets"][:TARGETS]
    return {
        "row": row["row"],
        "answer": row["answer"],
        "targets": [_target(target, row["texts"]) for target in shown],
        "left_out": len(row["targets"]) - len(shown),
        "texts": row["texts"],
    }


def _target(target: Record, texts: Sequence[Record]) -> Record:
    most = max((abs(word["attribution"]) for word in target["words"]), default=0.0)
    by_text = {text["column"]: [w for w in target["words"] if w["column"] == text["column"]] for text in texts}
    strongest = sorted(target["words"], key=lambda word: -abs(word["attribution"]))[:8]
    return {
        **{key: target[key] for key in ("name", "score", "baseline", "error", "complete", "rest", "steps")},
        "texts": [
            {"column": text["column"], "pieces": pieces(text["text"], by_text[text["column"]], most)}
            for text in texts
            if by_text[text["column"]]
        ],
        "strongest": [(word["text"], f"{word['attribution']:+.3f}") for word in strongest],
        "meeting": _meeting(target),
    }


def _meeting(target: Record) -> Record | None:
    """The pairs of words of two texts as a table, with shades from 0 to 1."""
    if not target["meeting"]:
        return None
    values = [row[:WORDS] for row in target["meeting"][:WORDS]]
    most = max((abs(value) for row in values for value in row), default=0.0) or 1.0
    return {
        "values": [[(value, abs(value) / most) for value in row] for row in values],
        "cut": len(target["meeting"]) > WORDS or len(target["meeting"][0]) > WORDS,
        "sides": target["sides"],
    }


def _plot(one: Record, shares: Sequence[float]) -> Any:
    percent = [100 * share for share in shares]
    verb = "taken out" if one["kind"] == "deletion" else "put back"
    series = [("explanation", percent, one["curve"]), ("random order", percent, one["random_curve"])]
    title = f"{one['kind'].capitalize()}, words {HOWS[one['how']]}"
    return plots.lines(series, title=title, x=f"% of words {verb}", y="change of the score")
