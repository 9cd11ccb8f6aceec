"""A comparison of Runs for people: its words and tables, which the terminal shows too, and a page that is one file.

All of it is made from the record of a comparison, plain values (see `understand.compare.Comparison.record`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from bertkit.display import figure, interval, p_value
from bertkit.report import plots
from bertkit.report.energy import HEADER, NOTE, energy_of
from bertkit.report.energy import rows as energy_rows
from bertkit.report.page import number, render
from bertkit.tasks.verdicts import short

ROWS, CLASSES = 50, 15
"""Most rows where each Run is better, and most classes, on the page; the other formats of `--output` have all rows."""
TEXT, ANSWER = 300, 120
"""Characters."""
OUTCOMES = {
    "both_right": "both right",
    "only_one": "only {one} right",
    "only_other": "only {other} right",
    "both_wrong": "both wrong",
    "one_better": "{one} better",
    "other_better": "{other} better",
    "alike": "equally good",
    "same_answer": "same answer from both",
}

Record = dict[str, Any]


@dataclass(frozen=True)
class Better:
    """Rows where one of two Runs is better: their number, and a table of the first."""

    name: str
    count: int
    header: list[str]
    rows: list[list[Any]]


def page(record: Record) -> str:
    """The text of the page."""
    names, comparisons = list(record["runs"]), record["comparisons"]
    figures = comparisons[0]["figures"]
    return render(
        "compare.html",
        title=" and ".join([", ".join(names[:-1]), names[-1]]),
        subtitle=f"{record['rows']:,} rows ({record['data']})",
        names=names,
        marked=marked_names(record),
        figures=[[d["figure"], *(_figure(run, d["figure"]) for run in record["runs"].values())] for d in figures],
        lower=lower_is_better(record),
        warnings=record["warnings"],
        contrasts=[_contrast(record, comparison) for comparison in comparisons],
        several=len(comparisons) > 1,
        energy=energy_table(record),
        energy_note=NOTE,
    )


def marked_names(record: Record) -> list[str]:
    """The names of the Runs, each with the numbers of the warnings about it: `small [1] [3]`."""
    number = {line: place for place, line in enumerate(record["warnings"], 1)}
    return [
        " ".join([name, *(f"[{number[line]}]" for line in run.get("warnings", ()))])
        for name, run in record["runs"].items()
    ]


def energy_table(record: Record) -> tuple[tuple[str, ...], list[list[str]]] | None:
    """Header and rows of the energy of the Runs that were measured; None: there are none."""
    known = {name: energy for name, run in record["runs"].items() if (energy := energy_of(run))}
    return (HEADER, energy_rows(known)) if known else None


def lower_is_better(record: Record) -> list[str]:
    """Names of such figures."""
    return [d["figure"] for d in record["comparisons"][0]["figures"] if not d["greater_is_better"]]


def summary(comparison: Record) -> str:
    """The first figure's difference in a sentence."""
    first = comparison["figures"][0]
    if not math.isfinite(first["difference"]):
        return f"{first['figure']} is undefined for one of the two Runs."
    if first["difference"] == 0:
        return f"{first['figure']}: no difference."
    better = comparison["other" if (first["difference"] > 0) == first["greater_is_better"] else "one"]
    p = first["p"] if first["corrected"] is None else first["corrected"]
    return f"{first['figure']}: {better} is better by {abs(first['difference']):.4f} (p = {p_value(p)})."


def significance_table(comparison: Record) -> tuple[list[str], list[list[str]]]:
    """Header and rows: each figure's difference, interval, p and test."""
    corrected = any(d["corrected"] is not None for d in comparison["figures"])
    rows = [
        [
            d["figure"], figure(d["difference"], sign="+"), interval(d["interval"], sign="+"), p_value(d["p"]),
            *([p_value(d["corrected"])] if corrected else []), d["test"],
        ]
        for d in comparison["figures"]
    ]  # fmt: skip
    return ["figure", "difference", "95% interval", "p", *(["p (Holm)"] if corrected else []), "test"], rows


def outcomes_table(record: Record, comparison: Record) -> list[tuple[str, str, str]]:
    """Outcome, rows and their share."""
    one, other = comparison["one"], comparison["other"]
    return [
        (OUTCOMES[name].format(one=one, other=other), f"{count:,}", f"{count / record['rows']:.1%}")
        for name, count in comparison["counts"].items()
    ]


def better_rows(record: Record, comparison: Record, *, rows: int, text: int, answer: int) -> list[Better]:
    """For each of the two Runs the rows where it is better, the most telling first.

    Where answers are right or wrong, the answer of the better Run is the right one; else that has a column of its own.

    Args:
        rows: most rows in a table.
        text, answer: most characters of each.
    """
    one, other = comparison["one"], comparison["other"]
    by_number = {row["row"]: row for row in record["differing"]}
    right_or_wrong = "both_right" in comparison["counts"]
    tables = []
    for name, worse in ((one, other), (other, one)):
        numbers = [n for n in comparison["rows"] if by_number[n][f"{name}: score"] > by_number[n][f"{worse}: score"]]
        header = [f"{run}, right" if right_or_wrong and run == name else run for run in (one, other)]
        table = []
        for row in (by_number[n] for n in numbers[:rows]):
            right = [] if right_or_wrong else [short(row["right"], answer)]
            answers = [_answer(row, run, answer) for run in (one, other)]
            table.append([row["row"], short(row["text"], text), *right, *answers])
        tables.append(Better(name, len(numbers), [*([] if right_or_wrong else ["right"]), *header], table))
    return tables


def _answer(row: Record, run: str, characters: int) -> str:
    """An answer with its confidence."""
    confidence = row[f"{run}: confidence"]
    beside = "" if confidence is None else f" ({confidence:.2f})"
    return short(row[f"{run}: answer"], characters) + beside


def _figure(run: Record, name: str) -> str:
    shown, ends = number(run["figures"][name]), interval(run["intervals"].get(name))
    return f"{shown} ({ends})" if ends else shown


def _contrast(record: Record, comparison: Record) -> dict[str, Any]:
    header, rows = significance_table(comparison)
    title = f"{comparison['other']} minus {comparison['one']}"
    return {
        "one": comparison["one"],
        "other": comparison["other"],
        "title": title,
        "summary": summary(comparison),
        "header": header,
        "numbers": range(1, len(header) - 1),
        "differences": rows,
        "plots": [plot for part in _scales(comparison["figures"]) if (plot := _forest(title, part))],
        "outcomes": outcomes_table(record, comparison),
        "classes": [list(gap.values()) for gap in comparison["classes"][:CLASSES]],
        "better": better_rows(record, comparison, rows=ROWS, text=TEXT, answer=ANSWER),
    }


def _scales(differences: list[Record]) -> list[list[Record]]:
    """Figures that fit on one axis: those within -1 and 1, and the others (percent, errors)."""
    small = [d for d in differences if max(abs(d["one"]), abs(d["other"])) <= 1]
    return [part for part in (small, [d for d in differences if d not in small]) if part]


def _forest(title: str, differences: list[Record]) -> Markup | str:
    """Each difference with its interval, and a line at 0."""
    kept = [d for d in differences if all(map(math.isfinite, (d["difference"], *d["interval"])))]
    if not kept:
        return ""

    def paint(axes: Any) -> None:
        axes.axvline(0, color=plots.INK, linewidth=0.9, linestyle=(0, (4, 3)), alpha=0.7)
        for place, d in enumerate(reversed(kept)):
            axes.plot(d["interval"], [place, place], color=plots.COLOURS[0], linewidth=2, solid_capstyle="butt")
            axes.plot([d["difference"]], [place], "o", color=plots.COLOURS[0], markersize=5)
        names = [short(d["figure"], 24) for d in reversed(kept)]
        axes.set_yticks(range(len(kept)), names)
        axes.set_position((0.31, 0.17, 0.66, 0.72))  # room for the names
        axes.grid(visible=False, axis="y")
        axes.set_ylim(-0.7, len(kept) - 0.3)

    return plots.drawn(paint, title=title, x="difference, with its 95% interval")
