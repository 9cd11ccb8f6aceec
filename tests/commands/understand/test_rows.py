"""Rows of a command line, with the columns of their task."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.commands.understand.rows import Asked
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from tests.helpers import make


class Opened:
    def __init__(self, name: str):
        self.task = make(name, {})
        self.recipe = type("Recipe", (), {"task": name})


def rows(name: str, **given: Any) -> list[dict[str, Any]]:
    values: dict[str, Any] = dict.fromkeys(("source", "text", "text_pair", "question", "context"))
    opened: Any = Opened(name)
    return Asked(**{**values, **given}, limit=5)._rows(opened, DataBlock())


@pytest.mark.parametrize(
    ("name", "columns"),
    [("classify", ("text", "text_pair")), ("rerank", ("query", "text")), ("embed", ("text", "positive"))],
)
def test_two_texts_are_the_first_two_columns_of_texts(name: str, columns: tuple[str, str]) -> None:
    assert rows(name, text=["a"], text_pair=["b"]) == [dict(zip(columns, ("a", "b"), strict=True))]


def test_a_question_has_a_row_for_each_context() -> None:
    found = rows("squad", question="who ?", context=["a", "b"])
    assert found == [{"question": "who ?", "context": "a"}, {"question": "who ?", "context": "b"}]


def test_a_task_without_such_texts() -> None:
    with pytest.raises(DataError, match="the task squad takes no text"):
        rows("squad", text=["a"])
    with pytest.raises(DataError, match="the task regress takes no question"):
        rows("regress", question="who ?", context=["a"])
