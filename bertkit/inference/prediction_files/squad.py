"""Score files of answers in the format of SQuAD's official scripts, without a model.

    {"56be...": "Paris", "56bf...": ""}          predictions: one text per question, empty for no answer
    {"56be...": 0.02, "56bf...": 0.97}           no-answer probabilities

The figures and their names are those of `evaluate-v1.1.py`, `evaluate-v2.0.py` or `cmrc2018_evaluate.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from bertkit import plugins
from bertkit.data.columns import spans
from bertkit.data.read.json_text import Repeated, describe, parse, reason
from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import Unusable
from bertkit.errors import DataError, Parameter, RecipeError, Setting
from bertkit.metrics import METRICS
from bertkit.metrics.squad import score_cmrc, score_v1, score_v2
from bertkit.metrics.trusted.recompute import Recomputed
from bertkit.recipe.load import build
from bertkit.recipe.schema import DataBlock
from bertkit.recipe.source import YamlValues, apply
from bertkit.warn import warn

SCRIPTS = ("squad", "squad_v2", "cmrc2018")


def has_official_script(task: str) -> bool:
    """Whether a task's predictions are texts by question id, which SQuAD's scripts score."""
    return plugins.find("task", task).takes == "answers"


def score_files(
    task: str,
    predictions: str | Path,
    data: Sequence[str],
    *,
    no_answer_probabilities: str | Path | None = None,
    threshold: float | None = None,
    allow_missing: bool = False,
    sets: Sequence[str] = (),
    reference: bool = False,
) -> dict[str, Any]:
    """The official figures of a file of predictions.

    Args:
        task: `squad`.
        data: files in SQuAD's layout. They are of version 2.0 where a question has `is_impossible` or no answer.
        no_answer_probabilities: a JSON file with a probability by question id, 0 to 1; version 2.0 only.
        threshold: a prediction with a higher probability becomes "no answer" (the script's default: 1.0).
        allow_missing: in version 2.0, a question without a prediction scores 0 instead of raising an error. In
            version 1.1 it always scores 0, with a warning.
        sets: `metrics=squad`, `squad_v2` or `cmrc2018` chooses the script; `data.` keys change how files are read.
        reference: add `reference`, F1 and exact match by the rules written a second time (see `Metric.reference`).

    Raises:
        BertkitError: files that can not be read, are of another version, or do not match each other.
    """
    if not has_official_script(task):
        raise RecipeError.at(Parameter("task"), f"{task}: has no official script", "name squad, or score a Run")
    source = YamlValues({"task": task, "model": "none"})
    apply(source, ["data.format=squad", *sets])
    recipe = build(source)
    golds, second = read_golds(data, recipe.data)
    script = _script(recipe.metrics, second)
    answers = _texts(read_object(predictions, "predictions"), predictions)
    if script != "squad_v2" and (no_answer_probabilities or threshold is not None):
        name = "no_answer_probabilities" if no_answer_probabilities else "threshold"
        what = f"{script} has no questions without an answer" + ("" if second else f": {', '.join(data)} has none")
        raise DataError.at(Parameter(name), what, "leave it out")
    if threshold is not None and not no_answer_probabilities:
        raise DataError.at(Parameter("threshold"), "needs probabilities", Parameter("no_answer_probabilities"))
    if threshold is not None and math.isnan(threshold):
        raise DataError.at(Parameter("threshold"), "nan: not a number", "the script's default is 1.0")
    file, limit = no_answer_probabilities, 1.0 if threshold is None else threshold
    probabilities = read_object(file, "no_answer_probabilities") if file else None
    if script == "squad_v2":
        figures = score_v2(golds, answers, probabilities, limit, allow_missing=allow_missing)
        answers = {i: "" if probabilities and probabilities[i] > limit else text for i, text in answers.items()}
    else:
        figures = score_v1(golds, answers) if script == "squad" else score_cmrc(golds, answers)
        if missing := len(golds) - len(answers):
            warn(f"{missing} of {len(golds)} questions have no prediction: they score 0")
    return figures | ({"reference": _recomputed(script, figures, golds, answers)} if reference else {})


def _recomputed(
    script: str, figures: Mapping[str, float], golds: Mapping[str, list[str]], answers: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The figures by the metric's reference; a question without a prediction adds 0 to both."""
    metric, asked = METRICS[script], [i for i in golds if i in answers]
    if not metric.reference or not asked:
        return []
    rows = [answers[i] for i in asked], [golds[i] for i in asked]
    again = dict(cast(Mapping[str, float], metric.reference.function(*rows)))
    why = metric.reference.explains(*rows) if metric.reference.explains else ""
    share = len(asked) / len(golds)
    return [
        Recomputed(name, figures[name], share * value, metric.reference.source, why).as_dict
        for name, value in again.items()
    ]


def read_golds(data: Sequence[str], block: DataBlock) -> tuple[dict[str, list[str]], bool]:
    """The right answers by question id, and whether the files are SQuAD 2.0.

    Raises:
        DataError: a file is not in SQuAD's layout, a question has no list of answers, or an id occurs twice.
    """
    golds: dict[str, list[str]] = {}
    second = False
    for record in read_records(data, block):
        if not isinstance(record.values.get("answers"), list | dict):
            what = f"no list of answers: found {describe(record.values.get('answers'))}"
            raise DataError.at(record.place, what, "a test set whose answers are hidden can not be scored")
        try:
            texts = [answer["text"] for answer in spans.answers(record.values["answers"])]
        except Unusable as error:
            raise DataError(error.about("answers").at(record.place)) from None
        texts = texts if any(map(str.strip, texts)) else []  # [""] is no answer, as in the rows of a model
        if record.values.get("id") is None:
            raise DataError.at(record.place, "no id", "predictions belong to questions by their ids")
        identity = str(record.values["id"])
        if identity in golds:
            raise DataError.at(record.place, f"duplicate id: {identity}", "name each file once")
        golds[identity] = texts
        second = second or "is_impossible" in record.values or not texts
    return golds, second


def _script(metrics: Sequence[str], second: bool) -> str:
    if not metrics:
        return "squad_v2" if second else "squad"
    name = metrics[0]
    if len(metrics) > 1 or name not in SCRIPTS:
        what = f"{', '.join(metrics)}: not an official script of SQuAD"
        raise RecipeError.at("metrics", what, f"use one of {', '.join(SCRIPTS)}")
    if name != "squad_v2" and second:
        what = f"{name}: the gold file is SQuAD 2.0, with questions without an answer"
        raise RecipeError.at("metrics", what, "leave it out or change it", setting=Setting("metrics", "squad_v2"))
    if name == "squad_v2" and not second:
        what = "squad_v2: the gold file is SQuAD 1.1, where every question has an answer"
        raise RecipeError.at("metrics", what, "leave it out or change it", setting=Setting("metrics", "squad"))
    return name


def read_object(file: str | Path, parameter: str) -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        parameter: the name of the parameter that names the file, for messages.

    Raises:
        DataError: no such file, or its content is not a JSON object.
    """
    where = Parameter(parameter)
    try:
        value = parse(Path(file).read_text("utf-8-sig"))
    except OSError as error:
        raise DataError.at(where, f"{file}: {error.strerror}", "name a JSON file") from None
    except (ValueError, RecursionError) as error:
        raise DataError.at(where, f"{file}: broken JSON: {reason(error)}", 'expected {"ID": ...}') from None
    if isinstance(value, Repeated):
        raise DataError(value.problem(str(file)))
    if not isinstance(value, dict):
        raise DataError.at(where, f"{file}: not a JSON object but {describe(value)}", 'expected {"ID": ...}')
    return value


def _texts(values: dict[str, Any], file: str | Path) -> dict[str, str]:
    """Predictions by question id. Other files that lie beside them are recognised by their content.

    Raises:
        DataError: a data set, or lists or numbers by question id.
    """
    where = Parameter("predictions")
    if "data" in values and isinstance(values["data"], list):
        raise DataError.at(where, f"{file}: is a data set, not predictions", Parameter("data"))
    first = next(iter(values.values()), "")
    if isinstance(first, list | int | float):
        content = "lists, as nbest.json" if isinstance(first, list) else "numbers, as null_odds.json"
        raise DataError.at(where, f"{file}: contains {content}; expected texts by question id", "name predictions.json")
    return values
