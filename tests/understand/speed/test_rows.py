"""Rows of every task have the number of tokens that is asked for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from bertkit.engine.examples import lengths_of, rows_of
from bertkit.errors import DataError
from bertkit.inference.predictor import Predictor
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.tasks import TASKS
from bertkit.understand.speed.rows import RowMaker, words_of
from tests.helpers import make

LIMIT = 64


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(tokenizer_folder)


@pytest.fixture
def maker(tokenizer):
    """`maker("ner", {})`: makes rows of a task, without a model."""

    def of(name: str, options: dict[str, Any] | None = None, **changes: Any) -> RowMaker:
        task = make(name, options or {})
        task.prepare(task.tiny_rows(), DataBlock())
        for key, value in changes.items():
            setattr(task, key, value)
        backend: Any = SimpleNamespace(max_tokens=LIMIT)
        return RowMaker(Predictor(task, tokenizer, backend, Recipe(task=name)), "mine")

    return of


@pytest.mark.parametrize("name", sorted(TASKS))
@pytest.mark.parametrize("length", [28, 45, LIMIT])
def test_rows_of_every_task_have_the_length(name: str, length: int, maker) -> None:
    made = maker(name)
    rows = made.rows(length, 3)
    examples = made.predictor.prepare(rows).encoded.examples
    assert lengths_of(examples).tolist() == [length] * 3
    assert rows_of(examples).tolist() == [0, 1, 2]
    assert made.tokens(rows) == 3 * length
    assert rows[0] != rows[1]
    assert {*rows[0]} == {*made.template}


def test_words_are_words_of_the_vocabulary(tokenizer, words: list[str]) -> None:
    found = words_of(tokenizer, np.random.default_rng(0))
    assert len(found) > 50
    assert all(len(tokenizer(word, add_special_tokens=False).input_ids) == 1 for word in found)
    assert "parcel" in found
    assert not {*tokenizer.all_special_tokens} & {*found}


def test_too_short_and_too_long(maker) -> None:
    made = maker("classify")
    assert made.rows(3, 1)[0]["text"].count(" ") == 0
    with pytest.raises(DataError, match="2: a row of mine has at least 3 tokens, special ones included"):
        made.rows(2, 1)
    with pytest.raises(DataError, match=f"{LIMIT + 1}: mine cuts rows at {LIMIT} tokens; name a shorter one"):
        made.rows(LIMIT + 1, 1)
    with pytest.raises(DataError, match="17: mine cuts rows at 16 tokens"):
        maker("classify", {"max_length": 16}).rows(17, 1)


@pytest.mark.parametrize(
    ("name", "options", "shared"),
    [
        ("classify", {"long_text": "windows", "max_length": 32, "window_overlap": 4}, 2 + 4),
        ("squad", {"max_length": 32, "overlap": 4}, None),
        ("ner", {"max_length": 32}, None),
    ],
)
def test_rows_that_are_read_in_windows(name: str, options: dict[str, Any], shared: int | None, maker) -> None:
    made = maker(name, options)
    assert made.windows
    (row,) = made.rows(70, 1)
    examples = made.predictor.prepare([row]).encoded.examples
    assert len(examples) > 1
    if shared is not None:  # each window after the first has its own special tokens and what it shares
        assert lengths_of(examples).sum() == 70 + shared * (len(examples) - 1)


def test_rows_that_are_cut(maker) -> None:
    assert not maker("classify").windows
    assert not maker("choice").windows


def test_a_task_that_takes_no_words_answers_its_own_rows(maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def picky(rows, *_, **__):
        raise KeyError("a user's own code")

    made = maker("classify", encode=picky)
    assert not made.filled
    rows = made.own(20)
    assert len(rows) == 20
    assert {*rows[0]} == {"text"}
