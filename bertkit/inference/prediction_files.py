"""Predictions in files, scored without the model that made them: rows of a table, one for each row of the data.

    index<TAB>prediction        what a leaderboard takes; the index counts the rows from 0
    {"predicted_label": ...}    what `bertkit predict --output` writes, as .jsonl or .csv: in the rows' order

SQuAD's own form, a JSON object by question id, is scored by squad_files.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bertkit.data.columns import schemes
from bertkit.data.columns.labels import HIDDEN, label_names, read_label_names
from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import BadRows, Record, Unusable
from bertkit.engine import run as scoring
from bertkit.errors import DataError, Problem, RecipeError, did_you_mean
from bertkit.inference.evaluate import read_rows
from bertkit.metrics import Metric, find_metric, intervals
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.tasks import texts
from bertkit.tasks.choice.task import Choice
from bertkit.tasks.classify.task import Classify
from bertkit.tasks.label_match import plain
from bertkit.tasks.ner import sentences as tagging_rows
from bertkit.tasks.ner.task import Ner
from bertkit.tasks.regress.task import Regress
from bertkit.tasks.squad.task import Squad
from bertkit.tasks.task import Answer, Rows, Task, make_task

log = logging.getLogger("bertkit")

Take = Callable[[dict[str, Any], str, int], Answer]
"""`(values, column, row number) -> answer`; raises Unusable."""


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
    if not isinstance(task, (Classify, Regress, Ner, Squad, Choice)):
        raise RecipeError.at("--predictions", f"files of {recipe.task} are not scored", "name a RUN")
    split, rows = read_rows(task, recipe, data=data, split=split)
    name = ", ".join(data) or split
    _learn(task, rows, name, recipe.data, order)
    task.check(rows, name)
    metrics = [find_metric(one, task.takes) for one in recipe.metrics or task.metrics]
    for metric in metrics:
        task.check_metric(metric)
    answers = read_answers(file, task, rows, recipe.data)
    figures, spans = _measure(task, answers, rows, metrics)
    if isinstance(task, (Classify, Regress, Squad)):
        for doubt in task.sanity_checks(answers, rows):
            log.warning("%s: %s", name, doubt)
    return {"data": name, "rows": len(rows), "figures": figures, "intervals": spans}


def read_answers(file: str | Path, task: Task, rows: Rows, block: DataBlock) -> list[Answer]:
    """An answer a row, in the rows' order."""
    if not Path(file).is_file():
        raise DataError.at("--predictions", f"{file}: no such file", "name a .tsv, .csv or .jsonl")
    records = list(read_records([str(file)], DataBlock()))
    names, take = _takes(task, rows, block)
    column = next((one for one in ("prediction", *names) if one in records[0].values), None)
    if column is None:
        what = f"no column of predictions; the columns here: {', '.join(records[0].values)}"
        raise DataError.at(str(file), what, f"it is called prediction, or {' or '.join(names)}")
    if column == "prediction" and "index" in records[0].values:
        records = _by_index(records, len(rows), file)
    if len(records) != len(rows):
        raise DataError.at(str(file), f"{len(records)} predictions, but {len(rows)} rows", "it needs one a row")
    bad, answers = BadRows(), []
    inputs = _inputs(task, rows, block)
    for number, record in enumerate(records):
        try:
            _same(record.values, inputs, number)
            answers.append(take(record.values, column, number))
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


def _learn(task: Task, rows: Rows, name: str, block: DataBlock, order: Sequence[str]) -> None:
    """What a training would have told the task: its labels."""
    if isinstance(task, Classify):
        found = [one for one in label_names(rows, "label") if one != HIDDEN]
        known = read_label_names(block.label_names) or (order if {*found} <= {*order} else [])
        task.state["labels"] = list(known or found)
        task.state["ordered"] = bool(known)
    elif isinstance(task, Ner):
        sentences = tagging_rows.sentences_of(rows)
        tags = tagging_rows.tags_of(rows, sentences, "IOB2")
        tagging_rows.check_tags(tags, sentences, name)
        scheme = tagging_rows.scheme_of(tags, sentences, name)
        task.state |= {"scheme": scheme, "labels": tagging_rows.all_tags(tags, scheme)}
    elif isinstance(task, Squad):
        task.prepare(rows, block)


def _takes(task: Task, rows: Rows, block: DataBlock) -> tuple[tuple[str, ...], Take]:
    """The columns in which predict writes a task's answers, and how one is read."""
    if isinstance(task, Classify):
        several = task.options.multi_label
        key = "labels" if several else "label"

        def label(values: dict[str, Any], column: str, _: int) -> Answer:
            given = values.get(column)
            parts = (
                given
                if isinstance(given, list)
                else str(given or "").split(block.label_separator)
                if several
                else [given]
            )
            names = [_name(part, task) for part in parts if not several or str(part).strip()]
            return {key: names if several else names[0], **_probabilities(values, task.labels)}

        return (f"predicted_{key}",), label
    if isinstance(task, Regress):
        return ("predicted_score",), lambda values, column, _: {"score": _number(values.get(column))}
    if isinstance(task, Ner):
        words = tagging_rows.sentences_of(rows).words
        return ("predicted_tags",), lambda values, column, number: {
            "tags": _tags(values.get(column), len(words[number]))
        }
    if isinstance(task, Squad):
        return ("predicted_answer",), lambda values, column, _: {"answer": str(values.get(column) or "")}
    choices = texts.column(rows, "choices") or []
    return ("predicted_label",), lambda values, column, number: {
        "label": _choice(values.get(column), len(choices[number]))
    }


def _name(value: Any, task: Classify) -> str:
    """The label that a prediction names, or whose number it is."""
    text = str(value).strip() if value is not None else ""
    names = {plain(name): name for name in task.labels}
    if text in task.labels or plain(text) in names:
        return text if text in task.labels else names[plain(text)]
    if task.state.get("ordered") and text.isascii() and text.isdecimal() and int(text) < len(task.labels):
        return task.labels[int(text)]
    raise Unusable(f"an unknown label: {text!r:.40}", did_you_mean(text, task.labels))


def _probabilities(values: dict[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Those that predict writes beside a label, where all are there."""
    given = {name: values.get(f"probability_{name}") for name in labels}
    if any(value is None for value in given.values()):
        return {}
    return {"probabilities": {name: _number(value) for name, value in given.items()}}


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Unusable(f"no number: {value!r:.40}") from None
    if number != number or abs(number) == float("inf"):
        raise Unusable(f"no number: {value!r:.40}")
    return number


def _tags(value: Any, words: int) -> list[str]:
    try:
        tags = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        tags = str(value).split()
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise Unusable(f"no list of tags: {value!r:.40}")
    if len(tags) != words:
        raise Unusable(f"another number of tags than words: {len(tags)} and {words}")
    if wrong := next((problem for tag in tags if (problem := schemes.check_tag(tag))), None):
        raise Unusable(wrong.what, wrong.todo, detail=wrong.detail)
    return tags


def _choice(value: Any, count: int) -> int:
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and int(text) < count):
        raise Unusable(f"no number of a choice: {text!r:.40}", f"they are 0 to {count - 1}")
    return int(text)


def _measure(
    task: Task, answers: list[Answer], rows: Rows, metrics: Sequence[Metric]
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """As scoring.measure, but for figures that need more than a file says."""
    figures: dict[str, float] = {}
    spans: dict[str, tuple[float, float]] = {}
    for metric in [*metrics, *([] if isinstance(task, Squad) else task.own_metrics())]:
        if metric.takes == "candidates" or (metric.takes == "probabilities" and "probabilities" not in answers[0]):
            raise RecipeError.at(
                "metrics", f"{metric.name}: needs probabilities, which the file does not hold", "--set metrics=accuracy"
            )
        predictions, references = task.compare(answers, rows, metric.takes)
        figures |= metric(predictions, references)
        spans |= intervals(metric, predictions, references, samples=scoring.SAMPLES)
    return figures, spans
