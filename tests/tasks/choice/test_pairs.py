"""Pairs of context and choice: what is cut, and that it is counted; and the batch that rows make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.choice import pairs as choice_pairs
from bertkit.tasks.choice.pairs import collate, encode
from bertkit.tasks.task import Encoded

CONTEXT, QUESTION, CHOICES = "the parcel is late again", "where is my", ["the cat", "my card"]


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tiny_bert)))


def read(encoded: Encoded, tokenizer: Any) -> list[list[str]]:
    """The texts of each row, as the model is given them."""
    found = []
    for example in encoded.examples:
        parts = np.split(example["input_ids"], np.cumsum(example["sizes"])[:-1])
        found.append([tokenizer.decode(part) for part in parts])
    return found


def test_a_pair_is_context_and_question_with_choice(tokenizer: Any) -> None:
    encoded = encode([CONTEXT] * 2, [QUESTION, ""], [CHOICES, ["hello", "it", "a man"]], tokenizer, 64)
    assert read(encoded, tokenizer) == [
        [f"[CLS] {CONTEXT} [SEP] {QUESTION} {choice} [SEP]" for choice in CHOICES],
        [f"[CLS] {CONTEXT} [SEP] {choice} [SEP]" for choice in ("hello", "it", "a man")],
    ]
    assert (encoded.notes, encoded.warnings) == ([], [])
    plain = tokenizer(CONTEXT, f"{QUESTION} {CHOICES[0]}")
    first = encoded.examples[0]["sizes"][0]
    for name in ("input_ids", "token_type_ids"):
        assert encoded.examples[0][name][:first].tolist() == plain[name]


@pytest.mark.parametrize(
    ("room", "context", "rest"),
    [
        (10, CONTEXT, "where is my the cat"),
        (7, "the parcel", "where is my the cat"),
        (5, "", "where is my the cat"),
        (4, "", "is my the cat"),
        (2, "", "the cat"),
        (1, "", "the"),
    ],
)
def test_the_context_is_cut_first_and_the_choice_last(room: int, context: str, rest: str, tokenizer: Any) -> None:
    encoded = encode([CONTEXT], [QUESTION], [CHOICES], tokenizer, room + 3)
    text = read(encoded, tokenizer)[0][0]
    assert text.replace("[CLS]", "").replace("[SEP]", "|").split("|")[:2] == [
        f" {context} " if context else " ",
        f" {rest} ",
    ]
    assert all(size <= room + 3 for size in encoded.examples[0]["sizes"])


def test_cuts_are_counted(tokenizer: Any) -> None:
    """Each pair of the first row has 5 + 5 tokens; the other two fit."""
    contexts, questions = [CONTEXT, "hello", "hello"], [QUESTION, "it", "it"]
    encoded = encode(contexts, questions, [CHOICES] * 3, tokenizer, 11)
    lost = 2 * 2 / (2 * 10 + 4 * 4)
    assert encoded.notes == [
        f"1 of 3 rows (33.3%) have pairs of more than 11 tokens: contexts cut, {lost:.1%} of all tokens lost"
    ]
    assert encoded.warnings == []
    encoded = encode(contexts, questions, [CHOICES] * 3, tokenizer, 7)
    long = "1 of 3 rows (33.3%) have pairs of more than 7 tokens: contexts cut, 33.3% of all tokens lost"
    assert encoded.notes == [f"{long}; the question cut too in 1"]
    encoded = encode(contexts, questions, [CHOICES] * 3, tokenizer, 4)
    (warning,) = encoded.warnings
    assert "choices cut too in 3; raise options.max_length" in warning


def test_blocks_of_rows_change_nothing(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ([CONTEXT, "hello", "it"], [QUESTION] * 3, [CHOICES, ["a", "b", "c"], CHOICES], tokenizer, 64)
    whole = encode(*arguments)
    monkeypatch.setattr(choice_pairs, "BLOCK", 2)
    parts = encode(*arguments)
    assert read(whole, tokenizer) == read(parts, tokenizer)
    assert [example["row"] for example in parts.examples] == [0, 1, 2]


def test_a_batch_holds_the_texts_of_its_rows_from_the_longest(tokenizer: Any) -> None:
    encoded = encode(["hello", CONTEXT], ["", ""], [["a man", "it"], ["it", "a man plays", "hello"]], tokenizer, 64)
    examples = [{**example, "labels": row} for row, example in enumerate(encoded.examples)]
    batch = collate(examples, tokenizer)
    lengths = batch["attention_mask"].sum(1).tolist()
    assert lengths == sorted(lengths, reverse=True)
    assert batch["labels"].tolist() == [0, 1]
    assert batch["places"].shape == (2, 3)
    assert batch["places"][0, 2] == -1
    for row, example in enumerate(examples):
        for choice, part in enumerate(np.split(example["input_ids"], np.cumsum(example["sizes"])[:-1])):
            place = batch["places"][row, choice]
            assert batch["input_ids"][place, : len(part)].tolist() == part.tolist()
            assert lengths[place] == len(part)
    assert "labels" not in collate(list(encoded.examples), tokenizer)
