"""Figures of a suite's Runs -> a table: mean, standard deviation and 95% interval over seeds, and published figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bertkit import display
from bertkit.bench.plan import Plan
from bertkit.bench.suite import Entry
from bertkit.errors import did_you_mean
from bertkit.metrics.seeds import Span, deviation, interval
from bertkit.run import Run
from bertkit.warn import Warned
from bertkit.warn import lines as lines_of


@dataclass(frozen=True)
class Line:
    """One figure of an entry."""

    entry: str
    figure: str
    seeds: Mapping[int, float | None]
    """Seed -> value, for each finished Run; None: undefined."""
    mean: float | None = None
    """None without a Run, or if one of the values is undefined."""
    sd: float | None = None
    """None with one seed."""
    interval: Span | None = None
    published: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """Those about this figure: about its split, the training rows, or the training as a whole."""


@dataclass(frozen=True)
class Average:
    """A mean over a whole suite."""

    seeds: Mapping[int, float]
    mean: float
    sd: float | None
    published: Mapping[str, float]
    """Model -> average, for models whose figures are all published."""


@dataclass(frozen=True)
class Conditions:
    """What an entry was trained on and how: without it, its figures can not be judged beside published ones."""

    recipe: str
    model: str
    """As the Run names it, that of another entry from the output folder; empty without a Run."""
    rows: Mapping[str, int]
    """Split -> rows, of the first seed."""
    limit: Mapping[str, int]
    """Split -> `data.limit`."""
    train: Mapping[str, Any]
    """The keys of `train:` that say how long and how fast."""


LENGTH = ("num_train_epochs", "max_steps", "max_minutes")
SHOWN = (*LENGTH, "min_steps", "per_device_train_batch_size", "gradient_accumulation_steps", "learning_rate")


@dataclass(frozen=True)
class Table:
    suite: str
    model: str
    seeds: tuple[int, ...]
    lines: tuple[Line, ...]
    sets: tuple[str, ...]
    """`KEY=VALUE` texts that changed every recipe."""
    conditions: Mapping[str, Conditions]
    """Of each entry."""
    average_of_first_figures: Average | None
    """The mean of the entries' first figures. None unless every entry of the suite has one for every seed, and all are
    the same figure: an accuracy and an F1, or shares and percentages, have no meaningful mean."""
    average_as_glue: Average | None
    """The mean over entries of the mean of each entry's figures, as on https://gluebenchmark.com; None unless all are
    there."""
    failed: Mapping[str, str]
    """A job, or a figure that its Run lacks -> why."""
    absent: Mapping[str, str]
    warnings: Mapping[str, Sequence[str]]
    """A job -> what its training warned of."""
    versions: Mapping[str, str]
    devices: tuple[str, ...]


def tabulate(plan: Plan, failed: Mapping[str, str]) -> Table:
    """The table of a suite's finished Runs.

    Args:
        failed: why a job has no Run (see `runner.run`).
    """
    failed = dict(failed)
    runs: dict[str, dict[int, Run]] = {entry.name: {} for entry in plan.suite.entries}
    for job in plan.jobs:
        if str(job) not in failed and job.run.metrics_file.is_file():
            runs[job.entry][job.seed] = job.run
    lines = [_line(entry, figure, runs[entry.name], failed) for entry in plan.suite.entries for figure in entry.figures]
    known = [run.environment for own in runs.values() for run in own.values()]
    groups: list[list[Line]] = [[line for line in lines if line.entry == entry.name] for entry in plan.suite.entries]
    return Table(
        plan.suite.name,
        plan.model,
        plan.seeds,
        tuple(lines),
        plan.sets,
        {entry.name: _conditions(plan, entry, runs[entry.name]) for entry in plan.suite.entries},
        _average([group[:1] for group in groups], plan.seeds) if plan.whole and _alike(groups) else None,
        _average(groups, plan.seeds) if plan.whole else None,
        failed,
        plan.suite.absent,
        {
            f"{entry}, seed {seed}": lines_of(run.warnings)
            for entry, own in runs.items()
            for seed, run in own.items()
            if run.warnings
        },
        _versions(known),
        tuple(sorted({device for one in known for device in one.get("devices", [])})),
    )


def _conditions(plan: Plan, entry: Entry, runs: Mapping[int, Run]) -> Conditions:
    run = next(iter(runs.values()), None)
    if run is None or not run.recipe_file.is_file():
        return Conditions(entry.recipe, "", {}, {}, {})
    recipe = run.recipe
    train = {key: recipe.train[key] for key in SHOWN if key in recipe.train}
    limit = recipe.data.limit.model_dump(exclude_none=True)
    model = recipe.model.name or "" if recipe.model.scratch is None else "random weights"
    if Path(model).is_relative_to(folder := Path(plan.output).absolute()):  # of another entry
        model = Path(model).relative_to(folder).as_posix()
    return Conditions(entry.recipe, model, run.metrics.get("rows", {}), limit, train)


CONDITIONS = ("task", "recipe", "model", "rows", "limited to", "length", "batch", "learning rate")


def condition_cells(table: Table) -> list[list[str]]:
    """The conditions as texts, one list per entry, with the columns of `CONDITIONS`."""
    cells = []
    for name, found in table.conditions.items():
        train = found.train
        length = " or ".join(f"{train[key]:g} {key.rpartition('_')[2]}" for key in LENGTH if key in train)
        length += f", at least {train['min_steps']} steps" if "min_steps" in train else ""
        batch = train.get("per_device_train_batch_size", 0) * train.get("gradient_accumulation_steps", 1)
        numbers = [
            ", ".join(f"{split} {count:,}" for split, count in each.items()) for each in (found.rows, found.limit)
        ]
        rate = f"{train['learning_rate']:g}" if "learning_rate" in train else ""
        cells.append([name, found.recipe, found.model, *numbers, length, str(batch or ""), rate])
    return cells


def _alike(groups: Sequence[Sequence[Line]]) -> bool:
    """Whether all first figures are the same, apart from the split."""
    return len({line.figure.partition("/")[2] for group in groups for line in group[:1]}) == 1


def _line(entry: Entry, figure: str, runs: Mapping[int, Run], failed: dict[str, str]) -> Line:
    split, _, key = figure.partition("/")
    published = {model: figures[figure] for model, figures in entry.published.items() if figure in figures}
    values: dict[int, float | None] = {}
    spans: list[Span | None] = []
    for seed, run in runs.items():
        metrics = run.metrics
        if key not in metrics.get(split, {}):
            todo = did_you_mean(key, metrics.get(split, {}))
            failed[f"{entry.name}, {figure}"] = f"the Run has no such figure; {todo}"
            continue
        values[seed] = metrics[split][key]
        low, high = metrics.get("intervals", {}).get(split, {}).get(key) or (None, None)
        spans.append(None if low is None or high is None else (low, high))
    warned = [line for run in runs.values() for line in lines_of(_about(run, split))]
    line = Line(entry.name, figure, values, published=published, warnings=tuple(dict.fromkeys(warned)))
    defined = [value for value in values.values() if value is not None]
    if not values or len(defined) < len(values):
        return line
    mean = math.fsum(defined) / len(defined)
    return replace(line, mean=mean, sd=deviation(defined), interval=interval(defined, spans))


def _about(run: Run, split: str) -> list[Warned]:
    return [one for one in run.warnings if one["split"] in ("", "train", split)]


def _average(groups: Sequence[Sequence[Line]], seeds: Sequence[int]) -> Average | None:
    """The mean of the groups' means, for every seed; None if a value is missing."""
    by_seed: dict[int, float] = {}
    for seed in seeds:
        values = [[line.seeds.get(seed) for line in group] for group in groups]
        mean = _mean_of_means(values)
        if mean is None:
            return None
        by_seed[seed] = mean
    if not by_seed:
        return None
    published = {}
    for model in dict.fromkeys(name for group in groups for line in group for name in line.published):
        mean = _mean_of_means([[line.published.get(model) for line in group] for group in groups])
        if mean is not None:
            published[model] = mean
    each = list(by_seed.values())
    return Average(by_seed, math.fsum(each) / len(each), deviation(each), published)


def _mean_of_means(groups: Sequence[Sequence[float | None]]) -> float | None:
    means = []
    for group in groups:
        known = [value for value in group if value is not None]
        if not group or len(known) < len(group):
            return None
        means.append(math.fsum(known) / len(known))
    return math.fsum(means) / len(means) if means else None


def _versions(environments: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Package -> version in the Runs; several if the Runs differ."""
    known: dict[str, list[str]] = {}
    for one in environments:
        for package, version in one.get("versions", {}).items():
            if version and version not in known.setdefault(package, []):
                known[package].append(version)
    return {package: ", ".join(sorted(several)) for package, several in known.items() if several}


def models_of(table: Table) -> list[str]:
    """Models with published figures, in their order."""
    return list(dict.fromkeys(name for line in table.lines for name in line.published))


def header(table: Table) -> list[str]:
    return ["task", "figure", "mean", "sd", "95% interval", "seeds", *models_of(table)]


def warned(table: Table) -> dict[str, list[str]]:
    """Each warning once -> the jobs that have it. The number of a warning, from 1, is its place."""
    jobs: dict[str, list[str]] = {}
    for job, own in table.warnings.items():
        for line in own:
            jobs.setdefault(line, []).append(job)
    return jobs


def cells(table: Table) -> list[list[str]]:
    """The table as texts, one list per line, with the columns of `header`; the suite's average is last. A figure that
    warnings are about has their numbers: `test/accuracy [1]`."""
    models = models_of(table)
    numbers = {line: f"[{place}]" for place, line in enumerate(warned(table), 1)}
    rows = []
    for line in table.lines:
        mean = _text(line.mean) or ("undefined" if line.seeds else "failed")
        span = display.interval(line.interval)
        done, seeds = len(line.seeds), len(table.seeds)
        number = str(done) if done == seeds else f"{done} of {seeds}"
        published = [_text(line.published.get(model)) for model in models]
        figure = " ".join([line.figure, *(numbers[one] for one in line.warnings)])
        rows.append([line.entry, figure, mean, _text(line.sd), span, number, *published])
    glue = table.suite == "glue"
    average = table.average_as_glue if glue else table.average_of_first_figures
    if average and len({line.entry for line in table.lines}) > 1:
        named = "mean of the tasks' means" if glue else "mean of the first figures"
        published = [_text(average.published.get(model)) for model in models]
        rows.append(["average", named, _text(average.mean), _text(average.sd), "", str(len(average.seeds)), *published])
    return rows


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def as_json(table: Table) -> dict[str, Any]:
    """The whole table. It has no time in it: the same Runs give the same text."""
    whole = asdict(table)
    entries: dict[str, Any] = {}
    for line in whole.pop("lines"):
        entries.setdefault(line.pop("entry"), {})[line.pop("figure")] = line
    return {"suite": whole.pop("suite"), "model": whole.pop("model") or None, "figures": entries, **whole}
