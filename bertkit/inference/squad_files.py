"""Predictions of extractive question answering in files, as SQuAD's official scripts read them: scored without a Run.

    {"56be...": "Paris", "56bf...": ""}          predictions: a text a question, empty for no answer
    {"56be...": 0.02, "56bf...": 0.97}           no-answer probabilities

The figures and their names are those of `evaluate-v1.1.py`, `evaluate-v2.0.py` or `cmrc2018_evaluate.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertkit.data.columns import spans
from bertkit.data.read.json_text import Repeated, describe, parse, reason
from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import Unusable
from bertkit.errors import DataError, RecipeError
from bertkit.metrics.squad import score_cmrc, score_v1, score_v2
from bertkit.recipe.load import build
from bertkit.recipe.schema import DataBlock
from bertkit.recipe.source import YamlValues, apply

log = logging.getLogger("bertkit")

KINDS = ("squad", "squad_v2", "cmrc2018")


def score_files(
    task: str,
    predictions: str | Path,
    data: Sequence[str],
    *,
    probabilities: str | Path | None = None,
    threshold: float | None = None,
    allow_missing: bool = False,
    sets: Sequence[str] = (),
) -> dict[str, Any]:
    """The official figures of a file of predictions.

    Args:
        task: `squad`.
        data: files in SQuAD's layout. Where a question of theirs has `is_impossible` or no answer, v2.0 scores.
        probabilities: a file of no-answer probabilities, 0 to 1, for v2.0.
        threshold: the probability above which a prediction becomes "no answer" (the script's default: 1.0).
        allow_missing: under v2.0 a question without a prediction scores 0. Elsewhere it always does.
        sets: `metrics=squad`, `squad_v2` or `cmrc2018` names the script; `data.` says how to read the files.

    Raises:
        BertkitError: files that can not be read, are of another version, or do not fit each other.
    """
    if task != "squad":
        raise RecipeError.at("--task", f"{task}: has no official script", "squad has one; else name a RUN")
    source = YamlValues({"task": task, "model": "none"})
    apply(source, ["data.format=squad", *sets])
    recipe = build(source)
    golds, second = read_golds(data, recipe.data)
    kind = _kind(recipe.metrics, second)
    given = _texts(read_object(predictions, "--predictions"), predictions)
    if kind != "squad_v2" and (probabilities or threshold is not None):
        option = "--no-answer-probabilities" if probabilities else "--threshold"
        what = f"{kind} knows no questions without an answer" + ("" if second else f": {', '.join(data)} has none")
        raise DataError.at(option, what, "leave it out")
    if threshold is not None and not probabilities:
        raise DataError.at("--threshold", "needs probabilities to compare with", "--no-answer-probabilities FILE")
    if kind == "squad_v2":
        odds = read_object(probabilities, "--no-answer-probabilities") if probabilities else None
        limit = 1.0 if threshold is None else threshold
        return score_v2(golds, given, odds, limit, allow_missing=allow_missing)
    figures = score_v1(golds, given) if kind == "squad" else score_cmrc(golds, given)
    if missing := len(golds) - len(given):
        log.warning("%d of %d questions have no prediction: they score 0", missing, len(golds))
    return figures


def read_golds(data: Sequence[str], block: DataBlock) -> tuple[dict[str, list[str]], bool]:
    """Right texts by question id, as they stand in the files, and whether these are SQuAD 2.0's.

    Raises:
        DataError: a file is not in SQuAD's layout, a question has no list of answers, or an id stands twice.
    """
    golds: dict[str, list[str]] = {}
    second = False
    for record in read_records(data, block):
        if not isinstance(record.values.get("answers"), list):
            what = f"no list of answers: found {describe(record.values.get('answers'))}"
            raise DataError.at(record.place, what, "a test set whose answers are hidden can not be scored")
        try:
            texts = [answer["text"] for answer in spans.answers(record.values["answers"])]
        except Unusable as error:
            raise DataError(error.about("answers").at(record.place)) from None
        identity = str(record.values["id"])
        if identity in golds:
            raise DataError.at(record.place, "an id that stands twice", "name each file once")
        golds[identity] = texts
        second = second or "is_impossible" in record.values or not texts
    return golds, second


def _kind(metrics: Sequence[str], second: bool) -> str:
    if not metrics:
        return "squad_v2" if second else "squad"
    kind = metrics[0]
    if len(metrics) > 1 or kind not in KINDS:
        raise RecipeError.at("metrics", f"{', '.join(metrics)}: no script of SQuAD's", f"one of {', '.join(KINDS)}")
    if kind != "squad_v2" and second:
        what = f"{kind}: the gold file is SQuAD 2.0's, with questions without an answer"
        raise RecipeError.at("metrics", what, "leave it out, or --set metrics=squad_v2")
    if kind == "squad_v2" and not second:
        what = "squad_v2: the gold file is SQuAD 1.1's, where every question has an answer"
        raise RecipeError.at("metrics", what, "leave it out, or --set metrics=squad")
    return kind


def read_object(file: str | Path, option: str) -> dict[str, Any]:
    """The JSON object that a file holds.

    Raises:
        DataError: there is no such file, or it holds something else.
    """
    try:
        value = parse(Path(file).read_text("utf-8-sig"))
    except OSError as error:
        raise DataError.at(option, f"{file}: {error.strerror}", "name a JSON file") from None
    except (ValueError, RecursionError) as error:
        raise DataError.at(option, f"{file}: broken JSON: {reason(error)}", 'it holds {"ID": ...}') from None
    if isinstance(value, Repeated):
        raise DataError(value.problem(f"{option} {file}"))
    if not isinstance(value, dict):
        raise DataError.at(option, f"{file}: no JSON object, but {describe(value)}", 'it holds {"ID": ...}')
    return value


def _texts(values: dict[str, Any], file: str | Path) -> dict[str, str]:
    """Predictions, of which other files beside them are told by what they hold."""
    if "data" in values and isinstance(values["data"], list):
        raise DataError.at("--predictions", f"{file}: is a data set", "it is the one for --data")
    first = next(iter(values.values()), "")
    if isinstance(first, list | int | float):
        name = "nbest.json holds lists" if isinstance(first, list) else "null_odds.json holds numbers"
        raise DataError.at("--predictions", f"{file}: holds no texts by id ({name})", "name predictions.json")
    return values
