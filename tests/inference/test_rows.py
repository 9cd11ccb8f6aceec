"""Rows to predict, as dicts with the task's columns; and their answers, also as a DataFrame."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bertkit import Predictor, Run
from bertkit.errors import DataError
from bertkit.inference.ask import ask_texts
from bertkit.inference.columns import AnswerColumns
from bertkit.inference.rows import as_row
from tests.helpers import make


def test_a_text_is_not_a_list_of_words() -> None:
    with pytest.raises(DataError, match="row 1  tokens is not a list of texts: 'EU rejects'"):
        as_row(1, {"tokens": "EU rejects"}, make("ner", {}).columns)


def test_a_predictor_answers_and_scores_a_frame_as_the_file(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run)
    expected = predictor.predict(["hello"])
    assert predictor.predict("hello") == expected
    assert ask_texts(predictor, "hello").answers == expected
    frame = pd.read_json(Path(predictor.recipe.data.validation[0]), lines=True)  # type: ignore[index]
    scores = predictor.evaluate(frame)
    assert scores.figures == pytest.approx(tiny_run.metrics["validation"], abs=1e-6)
    assert [answer["label"] for answer in predictor.predict(frame)] == [answer["label"] for answer in scores.answers]
    tuples = [(row["text"], row["label"]) for row in frame.to_dict("records")]
    assert predictor.evaluate(tuples).figures == scores.figures


def test_answers_as_a_frame_have_the_columns_of_the_command_and_the_index_of_the_rows(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run)
    frame = pd.DataFrame({"text": ["hello", "where is it"]}, index=pd.Index(["p", "q"], name="id"))
    found = predictor.predict(frame, as_frame=True)
    answers = predictor.predict(frame)
    assert found.to_dict("records") == [AnswerColumns().of(predictor.task, answer) for answer in answers]
    assert list(found.columns) == ["predicted_label", "confidence"]
    pd.testing.assert_index_equal(found.index, frame.index)
    assert list(frame.join(found).columns)[:2] == ["text", "predicted_label"]
    pd.testing.assert_index_equal(predictor.predict(frame["text"], as_frame=True).index, frame.index)
    assert list(predictor.predict(["hello", "a"], as_frame=True).index) == [0, 1]
    assert len(predictor.predict([], as_frame=True)) == 0
