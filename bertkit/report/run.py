"""`report.html`: scores, mistakes, calibration, training curves and data of a Run, on one page.

A training writes it from its own answers; `bertkit report` scores the Run again. Sections that do not apply to a task
are left out: masked words have no verdicts, numbers have no classes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bertkit.energy.record import RunEnergy
from bertkit.fs import write_text
from bertkit.inference.score import Scores
from bertkit.recipe.local import published_reference, without_folders
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.report import figures, plots
from bertkit.report.energy import HEADER, NOTE, energy_of
from bertkit.report.energy import rows as energy_rows
from bertkit.report.export import section
from bertkit.report.log import Log, read
from bertkit.report.page import number, render
from bertkit.report.sections import answers, classes, labels, ranked
from bertkit.report.sections.labels import LabelCounts
from bertkit.report.sections.ranked import LabelProbabilities
from bertkit.run import Run
from bertkit.tasks.task import Rows, Task, Verdict
from bertkit.warn import Warned, lines, repeats

SPLITS = ("train", "validation", "test")
CURVES = 4
"""Most figures in one plot of the evaluations."""


@dataclass(frozen=True)
class RunResults:
    """What the page shows about splits."""

    figures: Mapping[str, Mapping[str, float | None]]
    """By split."""
    intervals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    split: str = ""
    """The split whose rows are shown."""
    verdicts: Sequence[Verdict] = ()
    errors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Kinds of errors in these rows (`Task.error_kinds`)."""
    warnings: Sequence[Warned] = ()
    labels: LabelCounts = field(default_factory=dict)
    """How often each label occurs, by split."""
    probabilities: LabelProbabilities | None = None
    """Of each label in these rows."""
    decisions: Sequence[tuple[float, bool]] = ()
    """See `Task.decisions`."""
    energy: RunEnergy | None = None


def write(
    run: Run,
    task: Task,
    scored: Mapping[str, Scores],
    rows: Mapping[str, Rows],
    file: Path | None = None,
    *,
    warnings: Sequence[Warned] = (),
    energy: RunEnergy | None = None,
) -> Path:
    """Write the page of a Run, by default to `report.html` in the Run.

    Args:
        scored: one or more scored splits; the page shows rows of the last one.
        rows: of each of these splits; of others, the page shows the number of rows.
        warnings: they stand at the top.
        energy: of a training that ends; else that in `metrics.json`.
    """
    results = results_of(run, task, scored, rows, warnings)
    if energy:
        results = replace(results, energy=energy)
    file = file or run.report_file
    write_text(file, page(run, task, results))
    return file


def results_of(
    run: Run, task: Task, scored: Mapping[str, Scores], rows: Mapping[str, Rows], warnings: Sequence[Warned]
) -> RunResults:
    """The new scores and warnings, together with those in the Run's `metrics.json`."""
    known: dict[str, Any] = run.metrics if run.metrics_file.is_file() else {}
    intervals, counts, before = known.pop("intervals", {}), known.pop("rows", {}), known.pop("warnings", [])
    named = {**known.pop("labels", {}), **labels_of(task, rows)}
    shown = list(scored)[-1]
    verdicts = task.verdicts(scored[shown].answers, rows[shown])
    return RunResults(
        {
            **{split: known[split] for split in ("validation", "test") if split in known},
            **{split: scores.figures for split, scores in scored.items()},
        },
        {**intervals, **{split: scores.intervals for split, scores in scored.items()}},
        {**counts, **{split: len(part) for split, part in rows.items()}},
        shown,
        verdicts,
        task.error_kinds(scored[shown].answers, rows[shown]),
        [*before, *(new for new in warnings if not any(repeats(one, new) for one in before))],
        {split: named[split] for split in sorted(named, key=_place)},
        ranked.probabilities_of(task, scored[shown].answers, verdicts),
        task.decisions(scored[shown].answers, rows[shown]),
        energy_of(known),
    )


def labels_of(task: Task, rows: Mapping[str, Rows]) -> dict[str, dict[str, int]]:
    """How often each label occurs, by split; without splits whose answers have no labels."""
    counts = {split: labels.counts_of(part, task.columns) for split, part in rows.items()}
    return {split: own for split, own in counts.items() if own}


def _place(split: str) -> int:
    """Splits in the order of a training; files that were scored later are last."""
    return SPLITS.index(split) if split in SPLITS else len(SPLITS)


def page(run: Run, task: Task, results: RunResults) -> str:
    """The text of the page."""
    log, recipe = read(run.log_file), without_folders(run.recipe)[0]
    return render(
        "run.html",
        title=run.name,
        subtitle=_subtitle(recipe, results),
        warnings=lines(results.warnings),
        figures=_figures(results),
        results=results,
        answers=answers.section(task, results.verdicts),
        classes=classes.section(results.verdicts, results.probabilities),
        errors=answers.error_kinds(results.errors),
        labels=labels.table(results.labels),
        calibration=_calibration(results.decisions),
        curves=_curves(log),
        recipe=run.recipe_file.read_text("utf-8"),
        data=_data(run.environment.get("data", {}), recipe.data, results),
        time=_time(log, results),
        environment=_environment(run),
        export=section(run),
        energy=energy_rows({"": results.energy}) if results.energy else None,
        energy_header=HEADER,
        energy_note=NOTE,
    )


def _subtitle(recipe: Recipe, results: RunResults) -> str:
    """`classify, from package:...; accuracy 0.9250 on 3,080 test rows`; no figure where a warning is about these rows:
    the warning comes first."""
    task = published_reference(recipe.task)
    name = recipe.model.name if recipe.model.scratch is None else None
    base = name or f"random weights ({(recipe.model.scratch or {}).get('model_type')})"
    if any(one["split"] == results.split for one in results.warnings):
        return f"{task}, from {base}"
    first, value = next(iter(results.figures[results.split].items()))
    rows = results.rows.get(results.split)
    return f"{task}, from {base}: {first} {number(value)} on {number(rows)} {results.split} rows"


def _figures(results: RunResults) -> list[tuple[str, list[tuple[Any, Any]]]]:
    """For each figure, its name and `(value, interval)` in each split; None where a split does not have it."""
    splits = [(values, results.intervals.get(split, {})) for split, values in results.figures.items()]
    names = dict.fromkeys(name for values, _ in splits for name in values)
    return [(name, [(values.get(name), intervals.get(name)) for values, intervals in splits]) for name in names]


def _calibration(decisions: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    calibration = figures.calibration(decisions)
    if calibration is None:
        return {"plot": "", "error": None}
    counts, confidences, accuracies = (list(column) for column in zip(*calibration.bins, strict=True))
    return {
        "plot": plots.reliability(confidences, accuracies, counts, title="Reliability diagram"),
        "error": calibration.error,
    }


def _curves(log: Log) -> list[Any]:
    """Loss, learning rate, and figures of the evaluations: those from -1 to 1 in one plot, the others in their own."""
    curves = [plots.lines(log.losses(), title="Loss", x="step")]
    names = [name for name in (log.evaluations[-1]["validation"] if log.evaluations else {}) if "loss" not in name]
    shares: list[str] = []
    others: list[str] = []
    for name in names:
        values = [v for v in log.figures(name)[0][2] if v is not None]
        (shares if all(-1 <= v <= 1 for v in values) else others).append(name)
    few = len(log.evaluations) <= 30
    for group in (shares[:CURVES], *([name] for name in others[: 2 if shares else CURVES])):
        title = group[0] if len(group) == 1 else "Figures"
        curves.append(plots.lines(log.figures(*group), title=f"{title} on the validation rows", x="step", dots=few))
    curves.append(plots.lines(log.series("learning_rate"), title="Learning rate", x="step"))
    return [plot for plot in curves if plot]


def _data(known: Mapping[str, str], block: DataBlock, results: RunResults) -> list[tuple[str, int, str, str]]:
    """For each split: name, number of rows, sources, hash.

    Args:
        known: hash of the encoded rows, by split.
    """
    rows = []
    for split, count in results.rows.items():
        value = getattr(block, split) if split in SPLITS else split  # a file that was scored later is its own source
        sources = ", ".join([value] if isinstance(value, str) else value or ["taken from train"])
        rows.append((split, count, sources, known.get(split, "")))
    return sorted(rows, key=lambda row: _place(row[0]))


def _time(log: Log, results: RunResults) -> list[tuple[str, str]]:
    if not log.steps:
        return []
    last = log.steps[-1]
    rows = [("steps", number(last["step"])), ("epochs", f"{last.get('epoch', 0):g}")]
    seconds = log.seconds(results.rows.get("train", 0))
    if seconds:
        rows.append(("time for training steps, about", _duration(seconds)))
    if log.rate:
        rows.append(("samples per second, median", f"{log.rate:,.1f}"))
    return rows


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _environment(run: Run) -> list[tuple[str, str]]:
    known = run.environment
    model = known.get("model", {})
    rows = [(key, known.get(key)) for key in ("time", "python", "platform", "processors", "threads")]
    rows += [("devices", ", ".join(known.get("devices", [])))]
    rows += [(f"model, {key}" if key != "name" else "model", value) for key, value in model.items()]
    rows += list(known.get("versions", {}).items())
    return [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in rows if value]
