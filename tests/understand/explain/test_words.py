"""Words of texts, and the words that tokens of examples belong to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from transformers import AutoTokenizer

from bertkit.data.columns.column import Column
from bertkit.understand.explain.words import (
    TextWord,
    of_own_tokens,
    readings,
    special_ids,
    texts_of,
    words_of_tokens,
)
from tests.helpers import every_task, make
from tests.understand.explained import tokenizer_of

TEXT = Column("text", "text")


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Any) -> Any:
    return AutoTokenizer.from_pretrained(tokenizer_folder)


def found_in(ids: np.ndarray, texts: Any, tokenizer: Any) -> Any:
    return words_of_tokens(ids, texts, readings(texts, tokenizer), special_ids(tokenizer))


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
    words, of_token = found_in(ids, [one], tokenizer)
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
    words, of_token = found_in(np.array(tokenizer("my parcel", "my parcel")["input_ids"]), texts, tokenizer)
    assert [word.text for word in words] == [0, 0, 1, 1]
    assert list(of_token) == [-1, 0, 1, -1, 2, 3, -1]


def test_a_window_in_the_middle_and_tokens_of_a_prompt(tokenizer: Any) -> None:
    text = "thank you , where is my parcel"
    (one,) = texts_of({"text": text}, [TEXT])
    ids = tokenizer("hello where is my parcel")["input_ids"]
    words, of_token = found_in(np.array(ids), [one], tokenizer)
    assert [text[word.start : word.end] for word in words] == ["where", "is", "my", "parcel"]
    assert of_token[1] == -1  # of the prompt


def test_head_and_tail_of_a_text(tokenizer: Any) -> None:
    text = "where is my parcel ? thank you , good bye"
    (one,) = texts_of({"text": text}, [TEXT])
    whole = tokenizer(text)["input_ids"]
    words, _ = found_in(np.array([*whole[:4], *whole[-4:]]), [one], tokenizer)
    assert [text[word.start : word.end] for word in words] == ["where", "is", "my", ",", "good", "bye"]


def test_an_unknown_character_has_its_word(tokenizer: Any) -> None:
    (one,) = texts_of({"text": "where ☃ is"}, [TEXT])
    words, of_token = found_in(np.array(tokenizer("where ☃ is")["input_ids"]), [one], tokenizer)
    assert len(words) == 3
    assert list(of_token) == [-1, 0, 1, 2, -1]


def test_a_short_text_beside_a_prompt(tokenizer: Any) -> None:
    texts = texts_of({"text": "late parcel"}, [TEXT])
    words, of_token = found_in(np.array(tokenizer("hello : late parcel")["input_ids"]), texts, tokenizer)
    assert len(words) == 2
    assert list(of_token) == [-1, -1, -1, 0, 1, -1]


ROWS: dict[str, dict[str, Any]] = {
    "short": {"text": "the cat", "question": "who ?", "choices": ["the cat", "a man"], "query": "who ?"},
    "signs": {"text": "Paris, Berlin, Rome", "query": "Paris, Berlin?", "choices": ["Paris, Rome", "don't"]},
    "Chinese": {"text": "我住在北京", "query": "北京", "choices": ["上海", "他去了"], "question": "我住在"},
    "words": {"tokens": ["Anna", "lives", "here"], "text": "Anna lives here", "choices": ["a", "b"]},
}


@pytest.mark.parametrize("kind", ["wordpiece", "byte-level", "unigram"])
@pytest.mark.parametrize(("name", "options"), [case for case in every_task() if case[0] != "pretrain"])
def test_every_token_of_every_task_but_special_ones_has_a_word(
    name: str, options: dict[str, Any], kind: str, tokenizer: Any, words: list[str]
) -> None:
    used = tokenizer if kind == "wordpiece" else tokenizer_of(kind, words)
    task = make(name, options)
    names = [column.name for column in task.columns if not column.answer]
    rows = [{key: row[key] for key in names if key in row} for row in task.tiny_rows()]
    needed = {column.name for column in task.columns if column.required and not column.answer}
    for row in ROWS.values():
        more = {key: value for key, value in row.items() if key in names and not (key == "text" and "tokens" in row)}
        if needed <= {*more} and more:
            rows.append({**more, **({"question": more["question"], "context": "x"} if "context" in needed else {})})
    rows = [row for row in rows if {*row} == {*rows[0]}]
    prompts = {token for text in (options.get("prompts") or {}).values() for token in used.tokenize(text)}
    for example in task.encode(rows, used, 64, answers=False).examples:
        ids = np.asarray(example["input_ids"])
        _, of_token = found_in(ids, texts_of(rows[example["row"]], task.columns), used)
        special = {*used.all_special_ids} - {used.unk_token_id}
        lost = [used.convert_ids_to_tokens(int(token)) for token in ids[of_token < 0] if token not in special]
        assert {token for token in lost if token not in ("▁", "Ġ")} <= prompts, rows[example["row"]]


def test_words_of_the_rows_own_tokens() -> None:
    words = [TextWord(0, 0, 6), TextWord(0, 7, 11), TextWord(0, 12, 13)]
    of_token = np.array([-1, 0, 1, -1, 0, 1, 2, -1])
    own = np.array([False, False, False, False, True, False, True, False])
    found, places = of_own_tokens(words, of_token, own)
    assert found == [words[0], words[2]]
    assert places.tolist() == [-1, -1, -1, -1, 0, -1, 1, -1]
