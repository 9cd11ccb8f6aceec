"""`report.html` of a suite: the table, a plot of its figures, a link to every Run, and what failed or is absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bertkit.display import cut, width
from bertkit.report import page, plots
from bertkit.report.energy import HEADER, NOTE

MOST = 12
"""Rows of one plot; more stand in several."""
WIDE = 26
"""Columns of a row's name beside a plot."""


@dataclass(frozen=True)
class PlotRow:
    """The first figure of a task."""

    task: str
    figure: str
    """`test/accuracy`."""
    mean: float
    seeds: Sequence[float]
    """One value per seed."""
    interval: tuple[float, float] | None = None
    published: Sequence[float] = ()


@dataclass(frozen=True)
class BenchPage:
    """What the page shows."""

    suite: str
    model: str
    seeds: Sequence[int]
    header: Sequence[str]
    cells: Sequence[Sequence[str]]
    """The table, one list per row."""
    plot_rows: Sequence[PlotRow] = ()
    runs: Sequence[tuple[str, Sequence[tuple[str, str]]]] = ()
    """Task -> for each seed the link to its Run's page (may be empty) and the text of the link."""
    published: Sequence[str] = ()
    """Models with published figures."""
    failed: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    devices: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    sets: Sequence[str] = ()
    """`KEY=VALUE` texts that changed every recipe."""
    conditions_header: Sequence[str] = ()
    conditions: Sequence[Sequence[str]] = ()
    """What each task was trained on and how, one list per task."""
    energy: Sequence[Sequence[str]] = ()
    """Of the Runs that were measured, with the columns of `energy.HEADER`."""


def text(shown: BenchPage) -> str:
    """The page as HTML; the same figures give the same text."""
    seeds = ", ".join(map(str, shown.seeds))
    model = f"{shown.model}, " if shown.model else ""
    return page.render(
        "bench.html",
        title=f"{shown.suite}: benchmark",
        subtitle=f"{model}seed{'s' if len(shown.seeds) > 1 else ''} {seeds}",
        header=shown.header,
        cells=shown.cells,
        numbers=[i for i, name in enumerate(shown.header) if name not in ("task", "figure", "95% interval")],
        plots=draw(shown.plot_rows),
        published=shown.published,
        failed=list(shown.failed.items()),
        absent=list(shown.absent.items()),
        warnings=shown.warnings,
        seeds=shown.seeds,
        runs=shown.runs,
        devices=shown.devices,
        sets=shown.sets,
        conditions_header=shown.conditions_header,
        conditions=shown.conditions,
        energy=shown.energy,
        energy_header=HEADER,
        energy_note=NOTE,
        versions=[f"{package} {version}" for package, version in shown.versions.items()],
    )


def draw(rows: Sequence[PlotRow]) -> list[Any]:
    """Plots of the rows' means, with intervals, seeds and published figures.

    Figures on different scales get plots of their own: an accuracy and a mean error do not share an axis.
    """
    kinds: dict[str, list[PlotRow]] = {}
    for row in rows:
        share = all(-1 <= value <= 1 for value in row.seeds)  # as accuracies, F1 and correlations are
        kinds.setdefault("" if share else row.figure, []).append(row)
    return [
        _plot(same[start : start + MOST], kind or "First figure of each task", kind)
        for kind, same in kinds.items()
        for start in range(0, len(same), MOST)
    ]


def _plot(rows: Sequence[PlotRow], title: str, x: str) -> Any:
    """The first row at the top."""

    def paint(axes: Any) -> None:
        for place, row in enumerate(rows):
            if row.interval:
                axes.plot(row.interval, [place, place], color=plots.COLOURS[0], linewidth=1.6)
            axes.plot([row.mean], [place], "D", color=plots.COLOURS[0], markersize=5)
            if len(row.seeds) > 1:
                above = [place + 0.22] * len(row.seeds)
                axes.plot(row.seeds, above, "o", color=plots.COLOURS[1], markersize=3, alpha=0.8)
            axes.plot(row.published, [place - 0.22] * len(row.published), "|", color=plots.INK, markersize=7)
        axes.set_yticks(range(len(rows)), [_short(row) for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        box = axes.get_position()
        axes.set_position((0.3, box.y0, box.x1 - 0.3, box.height))  # names need more room than numbers

    return plots.drawn(paint, title=title, x=x)


def _short(row: PlotRow) -> str:
    """Task and figure, cut to the room beside a plot; the table has them in full."""
    figure = row.figure.rpartition("/")[2]
    name = f"{row.task}  {figure}"
    if width(name) > WIDE:
        name = cut(row.task, WIDE)
    return name
