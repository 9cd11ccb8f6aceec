"""Predictions in files, scored without the model that made them: rows of a table, one for each row of the data.

    index<TAB>prediction        what a leaderboard takes; the index counts the rows from 0
    {"predicted_label": ...}    what `bertkit predict --output` writes, as .jsonl or .csv: in the rows' order

SQuAD's own form, a JSON object by question id, is scored by squad_files.py.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import BadRows, Record, Unusable
from bertkit.errors import DataError, Problem, RecipeError
from bertkit.inference import score
from bertkit.inference.evaluate import read_rows
from bertkit.metrics import Metric, find_metric, intervals
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.tasks import texts
from bertkit.tasks.task import Answer, Rows, Task, make_task

log = logging.getLogger("bertkit")


def score_predictions(
    file: str | Path, recipe: Recipe, *, data: Sequence[str] = (), split: str | None = None, order: Sequence[str] = ()
) -> dict[str, Any]:
    """Figures of a file of predictions, with their confidence intervals, as `evaluate` gives them of a model.

    Args:
        recipe: the task, how to read the rows, the metrics.
        data: sources to score against; default: a split of the recipe.
        split: which one; default: test where the recipe names test data, else validation.
        order: the labels in the data set's own order, for predictions that are their numbers.

    Raises:
        DataError: rows too few or too many, twice, unknown or of other texts: each with its line.
    """
    task = make_task(recipe)
    split, rows = read_rows(task, recipe, data=data, split=split)
    name = ", ".join(data) or split
    task.adopt((), rows, recipe.data, order=order)
    task.check(rows, name)
    metrics = [find_metric(one, task.takes) for one in recipe.metrics or task.metrics]
    for metric in metrics:
        task.check_metric(metric)
    answers = read_answers(file, task, rows, recipe.data)
    figures, spans = _measure(task, answers, rows, metrics)
    for warning in task.sanity_checks(answers, rows):
        log.warning("%s: %s", name, warning)
    result = {"data": name, "rows": len(rows), "figures": figures, "intervals": spans}
    errors = task.error_kinds(answers, rows)
    return {**result, "errors": errors} if errors else result


def read_answers(file: str | Path, task: Task, rows: Rows, block: DataBlock) -> list[Answer]:
    """One answer per row, in the rows' order."""
    if not Path(file).is_file():
        raise DataError.at("--predictions", f"{file}: no such file", "name a .tsv, .csv or .jsonl")
    records = list(read_records([str(file)], DataBlock()))
    columns = ("prediction", *task.answer_columns)
    column = next((name for name in columns if name in records[0].values), None)
    if column is None:
        what = f"no column of predictions; the columns here: {', '.join(records[0].values)}"
        raise DataError.at(str(file), what, f"it is called {' or '.join(columns)}")
    if column == "prediction" and "index" in records[0].values:
        records = _by_index(records, len(rows), file)
    if len(records) != len(rows):
        raise DataError.at(str(file), f"{len(records)} predictions, but {len(rows)} rows", "it needs one a row")
    bad, answers = BadRows(), []
    inputs = _inputs(task, rows, block)
    for number, record in enumerate(records):
        try:
            _same(record.values, inputs, number)
            named = {task.answer_columns[0]: record.values[column]} if column == "prediction" else {}
            answers.append(task.parse({**record.values, **named}, rows[number]))
        except Unusable as error:
            bad.add(error.at(record.place))
    bad.settle()
    return answers


def _by_index(records: list[Record], count: int, file: str | Path) -> list[Record]:
    """The rows of a submission in the order of their index, each once."""
    bad = BadRows()
    placed: dict[int, Record] = {}
    for record in records:
        text = str(record.values.get("index")).strip()
        index = int(text) if text.isascii() and text.isdecimal() else -1
        if not 0 <= index < count:
            what = f"no such index: {text!r}; the rows are 0 to {count - 1}"
            bad.add(Problem(record.place, what, "it counts the rows from 0"))
        elif index in placed:
            bad.add(Problem(record.place, f"the index stands twice: {index}, first at {placed[index].place}"))
        else:
            placed[index] = record
    bad.settle()
    if lacking := [index for index in range(count) if index not in placed]:
        shown = ", ".join(map(str, lacking[:5])) + ", ..." * (len(lacking) > 5)
        what = f"{len(placed)} predictions, but {count} rows: no index {shown}"
        raise DataError.at(str(file), what, "it needs one a row")
    return [placed[index] for index in range(count)]


def _inputs(task: Task, rows: Rows, block: DataBlock) -> dict[str, list[Any]]:
    """Name of a file's column -> the texts that the rows have there."""
    wanted = {
        column.name: block.columns.get(column.name, column.name) for column in task.columns if column.kind == "text"
    }
    found = {name: texts.column(rows, key) for key, name in wanted.items() if isinstance(name, str)}
    return {name: values for name, values in found.items() if values}


def _same(values: dict[str, Any], inputs: dict[str, list[Any]], number: int) -> None:
    for name, given in inputs.items():
        if isinstance(values.get(name), str) and values[name].strip() != given[number].strip():
            what = f"another {name} than row {number + 1} of the data: {values[name]!r:.50}"
            raise Unusable(what, "the rows must be the same, in the same order")


def _measure(
    task: Task, answers: list[Answer], rows: Rows, metrics: Sequence[Metric]
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """As `score.measure`, but for figures that need more than the file holds."""
    figures: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for metric in [*metrics, *task.own_metrics()]:
        if metric.takes == "candidates" or (metric.takes == "probabilities" and "probabilities" not in answers[0]):
            if metric not in metrics:
                continue
            what = f"{metric.name}: needs probabilities, which the file does not hold"
            raise RecipeError.at("metrics", what, "--set metrics=accuracy")
        predictions, references = task.compare(answers, rows, metric.takes)
        figures |= metric(predictions, references)
        spans |= intervals(metric, predictions, references, samples=score.SAMPLES)
    return figures, spans
