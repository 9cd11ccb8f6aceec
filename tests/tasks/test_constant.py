"""Answers that are all the same are refused before a training, and warned of where `data.limit.train` is set."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from bertkit.warn import collect
from tests.helpers import make

EQUAL = {
    "regress": [{"text": text, "score": 2.0} for text in ("a", "b", "c")],
    "squad": [{"question": "who ?", "context": text, "answers": []} for text in ("a", "b", "c")],
}
REASONS = {"regress": "all 3 scores are 2: there is nothing to learn", "squad": "none of the 3 questions has an answer"}


@pytest.mark.parametrize("name", EQUAL)
def test_nothing_to_learn(name: str) -> None:
    task = make(name, {})
    with pytest.raises(DataError, match=f"{REASONS[name]}.*data.columns"):
        task.check_learnable(EQUAL[name], DataBlock())
    with collect() as warned:
        task.check_learnable(EQUAL[name], DataBlock.model_validate({"limit": {"train": 3}}))
    assert [one["split"] for one in warned] == ["train"]
    assert warned[0]["message"].startswith(REASONS[name])


@pytest.mark.parametrize("name", EQUAL)
def test_rows_that_differ(name: str) -> None:
    rows: list[dict[str, Any]] = make(name, {}).tiny_rows()
    make(name, {}).check_learnable([*EQUAL[name], *rows], DataBlock())


def test_a_label_of_all_rows_is_warned_of() -> None:
    rows = [{"text": "a", "label": ["any", "x"]}, {"text": "b", "label": ["any"]}]
    with collect() as warned:
        make("classify", {"multi_label": True}).prepare(rows, DataBlock())
    assert [one["message"] for one in warned] == ["labels that all training rows have, which can not be learnt: any"]
