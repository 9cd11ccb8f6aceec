"""Score a file of predictions without the model that made them: a table with one row per row of the data.

    index<TAB>prediction        a leaderboard submission; the index counts the rows from 0
    {"predicted_label": ...}    what `bertkit predict` writes as .jsonl or .csv, in the order of the rows

SQuAD's own format, a JSON object by question id, is scored by squad.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import BadRows, Record, Unusable, count_left_out
from bertkit.errors import DataError, Problem, RecipeError, Setting, name_some
from bertkit.inference import score
from bertkit.inference.evaluate import EvalSet, Result, read_rows
from bertkit.inference.reference import recomputed
from bertkit.metrics import Metric, find_metric, intervals
from bertkit.recipe.schema import DataBlock
from bertkit.tasks import texts
from bertkit.tasks.parsing import position
from bertkit.tasks.task import Answer, Rows, Task, make_task
from bertkit.warn import collect, warn


def score_prediction_file(file: str | Path, rows: EvalSet, *, reference: bool = False) -> dict[str, Result]:
    """Results of a file of predictions by name of the rows, as `evaluate` gives them for a model.

    Args:
        rows: only the first split is scored.
        reference: also compute the figures by the libraries that the metrics name.

    Raises:
        BertkitError: too few or too many predictions, duplicate or unknown ones, or other texts: each with its line.
    """
    recipe, (split, title) = rows.recipe, next(iter(rows.splits.items()))
    task = make_task(recipe)
    with collect() as warnings, count_left_out() as left_out:
        split, data = read_rows(task, recipe, data=rows.data, split=split)
        name = ", ".join(rows.data) or split
        task.adopt((), data, recipe.data, order=rows.order)
        task.check(data, name)
        metrics = [find_metric(metric, task.takes) for metric in recipe.metrics or task.metrics]
        for metric in metrics:
            task.check_metric(metric)
        answers = read_answers(file, task, data, recipe.data, left_out.dropped + left_out.skipped)
        metrics = [*metrics, *_own_metrics(task, answers, metrics)]
        figures, spans = _measure(task, answers, data, metrics)
        for warning in score.sanity_checks(task, answers, data):
            warn(warning, name)
    name = title or name
    result: Result = {"data": name, "rows": len(data), **left_out.as_dict(), "figures": figures}
    result |= {"intervals": spans, "warnings": warnings}
    if errors := task.error_kinds(answers, data):
        result["errors"] = errors
    if reference:
        result["reference"] = recomputed(task, answers, data, metrics)
    return {name: result}


def read_answers(file: str | Path, task: Task, rows: Rows, block: DataBlock, left_out: int = 0) -> list[Answer]:
    """One answer per row, in the rows' order.

    Args:
        left_out: number of rows of the data that are not among `rows`: the file may hold an answer for these too.
    """
    if not Path(file).is_file():
        raise DataError.at(str(file), "no such file", "name a .tsv, .csv or .jsonl with predictions")
    records = list(read_records([str(file)], DataBlock()))
    columns = ("prediction", *task.answer_columns)
    column = next((name for name in columns if name in records[0].values), None)
    if column is None:
        what = f"no column of predictions; the columns here: {name_some(records[0].values)}"
        raise DataError.at(str(file), what, f"name it {' or '.join(columns)}")
    if column == "prediction" and "index" in records[0].values:
        records = _by_index(records, len(records) if len(records) == len(rows) + left_out else len(rows), file)
    numbers = texts.column(rows, "row") or []
    if left_out and len(records) == len(rows) + left_out and all(one < other for one, other in pairwise(numbers)):
        records = [records[number - 1] for number in numbers]
    if len(records) != len(rows):
        raise DataError.at(str(file), f"{len(records)} predictions, but {len(rows)} rows", "give one per row")
    bad, answers = BadRows(), []
    inputs = _inputs(task, rows, block)
    for number, record in enumerate(records):
        try:
            _check_inputs(record.values, inputs, number)
            renamed = {task.answer_columns[0]: record.values[column]} if column == "prediction" else {}
            answers.append(task.parse({**record.values, **renamed}, rows[number]))
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
        index = position(text, count)
        if index is None:
            what = f"no such index: {text!r:.40}; the rows are 0 to {count - 1}"
            bad.add(Problem(record.place, what, "count the rows from 0"))
        elif index in placed:
            bad.add(Problem(record.place, f"duplicate index: {index}, first at {placed[index].place}", "keep one"))
        else:
            placed[index] = record
    bad.settle()
    if missing := [index for index in range(count) if index not in placed]:
        shown = ", ".join(map(str, missing[:5])) + ", ..." * (len(missing) > 5)
        what = f"{len(placed)} predictions, but {count} rows: no index {shown}"
        raise DataError.at(str(file), what, "give one per row")
    return [placed[index] for index in range(count)]


def _inputs(task: Task, rows: Rows, block: DataBlock) -> dict[str, list[Any]]:
    """The texts of the rows, by the name that their column has in the data's files."""
    names = {
        column.name: block.columns.get(column.name, column.name) for column in task.columns if column.kind == "text"
    }
    inputs = {name: texts.column(rows, key) for key, name in names.items() if isinstance(name, str)}
    return {name: values for name, values in inputs.items() if values}


def _check_inputs(values: dict[str, Any], inputs: dict[str, list[Any]], number: int) -> None:
    """Raise Unusable where a prediction repeats its row's texts and they are not those of row `number`, from 0."""
    for name, expected in inputs.items():
        if isinstance(values.get(name), str) and values[name].strip() != expected[number].strip():
            what = f"{name} differs from row {number + 1} of the data: {values[name]!r:.50}"
            raise Unusable(what, "the rows must be the same, in the same order")


def _own_metrics(task: Task, answers: list[Answer], metrics: Sequence[Metric]) -> list[Metric]:
    """The task's own metrics, without those that need more than the file holds.

    Raises:
        RecipeError: a metric of the recipe needs more.
    """

    known = all("probabilities" in answer for answer in answers)

    def lacks(metric: Metric) -> bool:
        return metric.takes == "candidates" or (metric.takes == "probabilities" and not known)

    if wrong := next(filter(lacks, metrics), None):
        what = f"{wrong.name}: needs probabilities, but rows of the file have none"
        todo = "predict with --probabilities all, or use another metric"
        raise RecipeError.at("metrics", what, todo, setting=Setting("metrics", task.metrics[0]))
    return [metric for metric in task.own_metrics() if not lacks(metric)]


def _measure(
    task: Task, answers: list[Answer], rows: Rows, metrics: Sequence[Metric]
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """As `score.measure`, by these metrics alone."""
    figures: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for metric in metrics:
        predictions, references = task.compare(answers, rows, metric.takes)
        figures |= metric(predictions, references)
        spans |= intervals(metric, predictions, references, samples=score.SAMPLES)
    return figures, spans
