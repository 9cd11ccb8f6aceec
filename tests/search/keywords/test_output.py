"""Columns and formats of keywords."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.search.keywords.extract import KEYWORDS, KeywordOptions
from bertkit.search.keywords.output import KeywordColumns, KeywordOutput

FOUND = [{"phrase": "night bus", "score": 0.5, "offsets": [[0, 9]]}, {"phrase": "strike", "score": 0.4, "offsets": []}]


class Task:
    def to_columns(self, answer: Any) -> dict[str, Any]:
        return {KEYWORDS: answer}


def test_lists_or_one_text() -> None:
    task: Any = Task()
    answer: Any = FOUND
    assert KeywordColumns().of(task, answer) == {KEYWORDS: FOUND}
    assert KeywordColumns(phrases_only=True).of(task, answer) == {KEYWORDS: "night bus; strike"}


@pytest.mark.parametrize(("name", "only"), [("a.csv", True), ("a.tsv", True), ("a.jsonl", False), ("a.parquet", False)])
def test_formats_without_lists_get_a_text(name: str, only: bool) -> None:
    columns: Any = KeywordOutput(name, keywords=KeywordOptions(top=3, diversity=0.5)).answer_columns
    assert (columns.phrases_only, columns.top, columns.diversity) == (only, 3, 0.5)


def test_a_job_depends_on_its_options() -> None:
    one, other = (KeywordOutput("a.jsonl", keywords=KeywordOptions(top=top)).answer_columns for top in (3, 4))
    assert one != other
    with pytest.raises(DataError):
        KeywordOutput("a.npy").check([])
