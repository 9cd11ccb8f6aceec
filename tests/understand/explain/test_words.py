"""Words of texts, and the words that tokens of examples belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from bertkit.data.columns.column import Column
from bertkit.understand.explain.words import texts_of, words_of_tokens
from tests.helpers import every_task, make

TEXT = Column("text", "text")


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Any) -> Any:
    return AutoTokenizer.from_pretrained(tokenizer_folder)


def shown(row: dict[str, Any], columns: Any) -> list[tuple[str, list[str]]]:
    return [(one.column, [one.text[a:b] for a, b in one.words]) for one in texts_of(row, columns)]


def test_words_are_what_people_read() -> None:
    assert shown({"text": "Dr. Li in 北京!"}, [TEXT]) == [("text", ["Dr", ".", "Li", "in", "北", "京", "!"])]


def test_all_kinds_of_columns_but_answers() -> None:
    columns = [
        Column("tokens", "words"), Column("choices", "choices"), Column("label", "label", answer=True),
        Column("text_pair", "text", required=False),
    ]  # fmt: skip
    row = {"tokens": ["New York", "is"], "choices": ["a b", "c"], "label": "x y"}
    assert shown(row, columns) == [("tokens", ["New York", "is"]), ("choices 1", ["a", "b"]), ("choices 2", ["c"])]


def test_tokens_find_their_words(tokenizer: Any) -> None:
    text = "where is my parcel ? where unknownish"
    (one,) = texts_of({"text": text}, [TEXT])
    ids = np.array(tokenizer(text)["input_ids"])
    words, of_token = words_of_tokens(ids, [one], tokenizer)
    assert [text[word.start : word.end] for word in words] == [
        "where",
        "is",
        "my",
        "parcel",
        "?",
        "where",
        "unknownish",
    ]
    assert of_token[0] == of_token[-1] == -1
    assert sorted(set(of_token[1:-1].tolist())) == list(range(7))
    assert list(of_token[1:-1]) == sorted(of_token[1:-1])


def test_a_pair_with_equal_texts_keeps_them_apart(tokenizer: Any) -> None:
    columns = [TEXT, Column("text_pair", "text")]
    texts = texts_of({"text": "my parcel", "text_pair": "my parcel"}, columns)
    words, of_token = words_of_tokens(np.array(tokenizer("my parcel", "my parcel")["input_ids"]), texts, tokenizer)
    assert [word.text for word in words] == [0, 0, 1, 1]
    assert list(of_token) == [-1, 0, 1, -1, 2, 3, -1]


def test_a_window_in_the_middle_and_tokens_of_a_prompt(tokenizer: Any) -> None:
    text = "thank you , where is my parcel"
    (one,) = texts_of({"text": text}, [TEXT])
    ids = tokenizer("hello where is my parcel")["input_ids"]
    words, of_token = words_of_tokens(np.array(ids), [one], tokenizer)
    assert [text[word.start : word.end] for word in words] == ["where", "is", "my", "parcel"]
    assert of_token[1] == -1  # of the prompt


def test_head_and_tail_of_a_text(tokenizer: Any) -> None:
    text = "where is my parcel ? thank you , good bye"
    (one,) = texts_of({"text": text}, [TEXT])
    whole = tokenizer(text)["input_ids"]
    words, _ = words_of_tokens(np.array([*whole[:4], *whole[-4:]]), [one], tokenizer)
    assert [text[word.start : word.end] for word in words] == ["where", "is", "my", ",", "good", "bye"]


def test_an_unknown_character_has_its_word(tokenizer: Any) -> None:
    (one,) = texts_of({"text": "where ☃ is"}, [TEXT])
    words, of_token = words_of_tokens(np.array(tokenizer("where ☃ is")["input_ids"]), [one], tokenizer)
    assert len(words) == 3
    assert list(of_token) == [-1, 0, 1, 2, -1]


@pytest.mark.parametrize(("name", "options"), [case for case in every_task() if case[0] != "pretrain"])
def test_every_token_of_every_task_but_special_ones_has_a_word(
    name: str, options: dict[str, Any], tokenizer: Any
) -> None:
    task = make(name, options)
    rows = [{c.name: row[c.name] for c in task.columns if not c.answer and c.name in row} for row in task.tiny_rows()]
    prompts = {word for text in (options.get("prompts") or {}).values() for word in text.split()}
    for example in task.encode(rows, tokenizer, 64, answers=False).examples:
        row = rows[example["row"]]
        ids = np.asarray(example["input_ids"])
        _, of_token = words_of_tokens(ids, texts_of(row, task.columns), tokenizer)
        lost = [tokenizer.decode([token]) for token in ids[of_token < 0] if token not in tokenizer.all_special_ids]
        assert set(lost) <= prompts
