"""Rows of an input and their answers' columns; what does not go together is found before the work."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit import Predictor
from bertkit.data.stream import Taken
from bertkit.errors import DataError, Problem
from bertkit.inference.bulk.answering import ERROR, Answering
from bertkit.inference.bulk.formats import Lines
from bertkit.inference.bulk.parts import BulkPart

BAD = Taken({"text": None, "n": 2}, None, Problem("rows.csv:3", "text is missing", "leave it out"))


def taken(**values: Any) -> Taken:
    return Taken(values, {"text": values["text"]}, None)


def rows_of(answering: Answering, *rows: Taken) -> list[dict[str, Any]]:
    part = BulkPart(0, [*rows], [], [])
    return answering.rows(part, answering.prepare(part))


def test_all_columns_of_the_input_and_those_of_the_answer(predictor: Predictor) -> None:
    (row,) = rows_of(Answering(predictor, Lines()), taken(text="hello", n=1))
    assert [*row][:2] == ["text", "n"]
    assert row["predicted_label"] in predictor.task.state["labels"]


def test_some_columns_of_the_input(predictor: Predictor) -> None:
    first, second = rows_of(Answering(predictor, Lines(), keep=("n",)), taken(text="a", n=1), taken(text="b"))
    assert "text" not in first and first["n"] == 1
    assert "n" not in second and second["predicted_label"]


def test_rows_that_can_not_be_answered_stay_and_say_why(predictor: Predictor) -> None:
    good, bad = rows_of(Answering(predictor, Lines(), keep_bad=True), taken(text="a", n=1), BAD)
    assert good[ERROR] is None and good["predicted_label"]
    assert bad[ERROR] == "rows.csv:3  text is missing"
    assert "predicted_label" not in bad


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ({"text": "a", "confidence": 1}, {}, "rows.csv  already has the columns confidence; rename them"),
        ({"text": "a", ERROR: 1}, {"keep_bad": True}, "already has the columns error"),
        ({"text": "a"}, {"keep": ("txt",)}, "txt: the input has no such column; did you mean text?"),
    ],
)
def test_columns_that_do_not_go_together(
    predictor: Predictor, values: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    answering = Answering(predictor, Lines(), source="rows.csv", **options)
    with pytest.raises(DataError) as error:
        answering.check(taken(**values), [*values])
    assert message in str(error.value)


def test_a_column_that_is_not_kept_may_have_any_name(predictor: Predictor) -> None:
    Answering(predictor, Lines(), keep=("text",)).check(taken(text="a", confidence=1), ["text", "confidence"])
