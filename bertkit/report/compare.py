"""A Comparison as a page that is one file: figures, tests, outcomes, classes, and the rows on which Runs differ."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from bertkit.metrics.paired import Difference
from bertkit.report import plots
from bertkit.report.page import number, render, spread
from bertkit.tasks.task import Verdict
from bertkit.tasks.verdicts import short
from bertkit.understand import outcomes
from bertkit.understand.compare import Comparison, Contrast, in_words, probability

ROWS, CLASSES = 50, 15
"""Rows shown each way, and classes; `--output` of another ending has all rows."""
TEXT, ANSWER = 300, 120
"""Characters."""


def page(found: Comparison) -> str:
    """The text of the page."""
    names = [run.name for run in found.runs]
    figures = [difference.figure for difference in found.contrasts[0].differences]
    return render(
        "compare.html",
        title=" and ".join([", ".join(names[:-1]), names[-1]]),
        subtitle=f"{len(found.rows):,} rows ({found.data})",
        names=names,
        figures=[[name, *(_figure(run, name) for run in found.runs)] for name in figures],
        lower=[d.figure for d in found.contrasts[0].differences if not d.greater_is_better],
        contrasts=[_contrast(found, contrast) for contrast in found.contrasts],
        several=len(found.contrasts) > 1,
    )


def _figure(run: Any, name: str) -> str:
    return f"{number(run.figures[name])} ({spread(run.intervals.get(name))})"


def _contrast(found: Comparison, contrast: Contrast) -> dict[str, Any]:
    verdicts = {run.name: run.verdicts for run in found.runs}
    one, other = verdicts[contrast.one], verdicts[contrast.other]
    corrected = any(d.corrected is not None for d in contrast.differences)
    rows = [
        [
            d.figure, f"{d.difference:+.4f}", "{:+.4f} to {:+.4f}".format(*d.interval), probability(d.p),
            *([probability(d.corrected)] if corrected else []), d.test,
        ]
        for d in contrast.differences
    ]  # fmt: skip
    return {
        "one": contrast.one,
        "other": contrast.other,
        "words": in_words(contrast),
        "header": ["figure", "difference", "95% interval", "p", *(["p (Holm)"] if corrected else []), "test"],
        "numbers": range(1, 5 if corrected else 4),
        "differences": rows,
        "plots": [plot for part in _scales(contrast.differences) if (plot := _forest(contrast, part))],
        "outcomes": outcomes.in_words(contrast.counts, contrast.one, contrast.other, len(found.rows)),
        "classes": outcomes.by_class(one, other)[:CLASSES] if contrast.counts else [],
        "ways": [
            _way(contrast, contrast.one, one, other, one),
            _way(contrast, contrast.other, one, other, other),
        ],
    }


def _way(
    contrast: Contrast, name: str, one: list[Verdict], other: list[Verdict], better: list[Verdict]
) -> dict[str, Any]:
    """The rows that one of the two has better."""
    worse = other if better is one else one
    numbers = [i for i in contrast.rows if better[i].score > worse[i].score]
    header, shown = outcomes.columns(contrast.counts, contrast.one, contrast.other, name)
    rows = [
        [i + 1, short(one[i].text, TEXT), *(cell(one[i], other[i], ANSWER) for cell in shown)] for i in numbers[:ROWS]
    ]
    return {"name": name, "count": len(numbers), "header": header, "rows": rows}


def _scales(differences: list[Difference]) -> list[list[Difference]]:
    """Figures that can stand on one axis: those within -1 and 1, and the others (percent, errors)."""
    small = [d for d in differences if max(abs(d.one), abs(d.other)) <= 1]
    return [part for part in (small, [d for d in differences if d not in small]) if part]


def _forest(contrast: Contrast, differences: list[Difference]) -> Markup | str:
    """Each difference with its interval, against none."""
    kept = [d for d in differences if all(map(_defined, (d.difference, *d.interval)))]
    if not kept:
        return ""

    def paint(axes: Any) -> None:
        axes.axvline(0, color=plots.INK, linewidth=0.9, linestyle=(0, (4, 3)), alpha=0.7)
        for place, d in enumerate(reversed(kept)):
            axes.plot(d.interval, [place, place], color=plots.COLOURS[0], linewidth=2, solid_capstyle="butt")
            axes.plot([d.difference], [place], "o", color=plots.COLOURS[0], markersize=5)
        names = [short(d.figure, 24).replace("$", r"\$") for d in reversed(kept)]
        axes.set_yticks(range(len(kept)), names)
        axes.set_position((0.31, 0.17, 0.66, 0.72))  # room for the names
        axes.grid(visible=False, axis="y")
        axes.set_ylim(-0.7, len(kept) - 0.3)

    title = f"{contrast.other} less {contrast.one}"
    return plots.drawn(paint, title=title, x="difference, with its 95% interval")


def _defined(value: float) -> bool:
    return abs(value) < float("inf")
