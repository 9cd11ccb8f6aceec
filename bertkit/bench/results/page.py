"""A Plan and its Table -> the plain figures of the suite's page (report/bench.py)."""

from __future__ import annotations

from urllib.parse import quote

from bertkit.bench.job import run_of
from bertkit.bench.plan import Plan
from bertkit.bench.results.table import CONDITIONS, Table, cells, condition_cells, header, models_of, warned
from bertkit.report.bench import BenchPage, PlotRow
from bertkit.report.page import number


def page_of(plan: Plan, table: Table) -> BenchPage:
    """What the page shows; its links start at the folder of the plan."""
    entries = [entry.name for entry in plan.suite.entries]
    return BenchPage(
        suite=table.suite,
        model=table.model,
        seeds=table.seeds,
        header=header(table),
        cells=cells(table),
        plot_rows=plot_rows(table),
        runs=[(name, [_link(plan, name, seed, table) for seed in table.seeds]) for name in entries],
        published=models_of(table),
        failed=table.failed,
        absent=table.absent,
        warnings=warnings(table),
        devices=table.devices,
        versions=table.versions,
        sets=table.sets,
        conditions_header=CONDITIONS,
        conditions=condition_cells(table),
    )


def warnings(table: Table) -> list[str]:
    """The warnings of all jobs, each with the jobs that have it, in the order of their numbers."""
    return [f"{'; '.join(names)}: {line}" for line, names in warned(table).items()]


def plot_rows(table: Table) -> list[PlotRow]:
    """The first figure of every entry that has one."""
    first = list({line.entry: line for line in reversed(table.lines)}.values())[::-1]
    return [
        PlotRow(
            line.entry,
            line.figure,
            line.mean,
            [value for value in line.seeds.values() if value is not None],
            line.interval,
            list(line.published.values()),
        )
        for line in first
        if line.mean is not None
    ]


def _link(plan: Plan, entry: str, seed: int, table: Table) -> tuple[str, str]:
    """The link to a Run's page and its text; without a Run an empty link, and why."""
    if f"{entry}, seed {seed}" in table.failed:
        return "", "failed"
    run = run_of(plan.output, entry, seed)
    file = next((file for file in (run.report_file, run.card_file) if file.is_file()), None)
    values = [line.seeds.get(seed) for line in table.lines if line.entry == entry]
    label = number(values[0]) if values else "Run"
    return (quote(file.relative_to(plan.output).as_posix()), label) if file else ("", label)
