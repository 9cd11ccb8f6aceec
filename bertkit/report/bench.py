"""`report.html` of a suite: the table, a plot of its figures, every Run by its link, and what failed or is absent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bertkit.bench.plan import Plan
from bertkit.bench.table import Line, Table, cells, header, models_of
from bertkit.report import page, plots

MOST = 12
"""Lines of one plot; more stand in several."""
WIDE = 26
"""Characters of a line's name beside a plot."""
PAGES = ("report.html", "README.md")
"""Of a Run, what a link leads to: the first that is there."""


def text(wanted: Plan, table: Table) -> str:
    """The page as HTML; the same Runs give the same text."""
    entries = [entry.name for entry in wanted.suite.entries]
    runs = [(name, [_link(wanted, name, seed, table) for seed in table.seeds]) for name in entries]
    names = header(table)
    seeds = ", ".join(map(str, table.seeds))
    model = f"{table.model}, " if table.model else ""
    return page.render(
        "bench.html",
        title=f"{table.suite}: benchmark",
        subtitle=f"{model}seed{'s' if len(table.seeds) > 1 else ''} {seeds}",
        header=names,
        cells=cells(table),
        numbers=[place for place, name in enumerate(names) if name not in ("task", "figure", "95% interval")],
        plots=figures(table),
        published=models_of(table),
        failed=list(table.failed.items()),
        absent=list(table.absent.items()),
        seeds=table.seeds,
        runs=runs,
        devices=table.devices,
        versions=[f"{package} {version}" for package, version in table.versions.items()],
    )


def _link(wanted: Plan, entry: str, seed: int, table: Table) -> tuple[str, str]:
    """Where a Run's own page is, from this one's folder, and what to call it; without a Run nowhere, and why."""
    if f"{entry}, seed {seed}" in table.failed:
        return "", "failed"
    folder = Path(entry, f"seed-{seed}")
    found = next((name for name in PAGES if (wanted.output / folder / name).is_file()), None)
    values = [line.seeds.get(seed) for line in table.lines if line.entry == entry]
    said = page.number(values[0]) if values else "Run"
    return (quote((folder / found).as_posix()), said) if found else ("", said)


def figures(table: Table) -> list[Any]:
    """The first figure of every entry, with interval, seeds and published figures; one plot for each kind of figure.

    Figures of different kinds stand in plots of their own, as an accuracy and a mean error have no scale in common.
    """
    first = list({line.entry: line for line in reversed(table.lines)}.values())[::-1]
    first = [line for line in first if line.mean is not None]
    kinds: dict[str, list[Line]] = {}
    for line in first:
        kinds.setdefault("share" if _is_share(line) else line.figure, []).append(line)
    found = []
    for kind, lines in kinds.items():
        for start in range(0, len(lines), MOST):
            title = "First figure of each task" if kind == "share" else kind
            found.append(_plot(lines[start : start + MOST], title, kind))
    return found


def _is_share(line: Line) -> bool:
    """Whether it lies within -1 and 1, as accuracies, F1 and correlations do."""
    values = [value for value in line.seeds.values() if value is not None]
    return all(-1 <= value <= 1 for value in values)


def _plot(lines: Sequence[Line], title: str, kind: str) -> Any:
    """A row a line, the first at the top."""

    def paint(axes: Any) -> None:
        for place, line in enumerate(lines):
            values = [value for value in line.seeds.values() if value is not None]
            if line.interval:
                axes.plot(line.interval, [place, place], color=plots.COLOURS[0], linewidth=1.6)
            axes.plot([line.mean], [place], "D", color=plots.COLOURS[0], markersize=5)
            if len(values) > 1:
                axes.plot(values, [place + 0.22] * len(values), "o", color=plots.COLOURS[1], markersize=3, alpha=0.8)
            told = list(line.published.values())
            axes.plot(told, [place - 0.22] * len(told), "|", color=plots.INK, markersize=7)
        axes.set_yticks(range(len(lines)), [_short(line) for line in lines])
        axes.set_ylim(len(lines) - 0.4, -0.6)
        box = axes.get_position()
        axes.set_position((0.3, box.y0, box.x1 - 0.3, box.height))  # names need more room than numbers

    return plots.drawn(paint, title=title, x="" if kind == "share" else kind)


def _short(line: Line) -> str:
    """Task and figure in what room there is beside a plot; the table has them whole."""
    figure = line.figure.rpartition("/")[2]
    name = f"{line.entry}  {figure}"
    if len(name) > WIDE:
        name = line.entry if len(line.entry) <= WIDE else f"{line.entry[: WIDE - 1]}…"
    return name.replace("$", r"\$")
