"""Rows of several texts -> examples: windows, prompts, and which texts are equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.errors import RecipeError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.embed.encode import Prompts, collate, encode, pooled, texts_of
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.task import Encoded

LONG = "where is my parcel ? my parcel is late again"


@pytest.fixture
def tokenizer(tiny_bert: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tiny_bert)))


NONE = Prompts()


def encoded(tokenizer: Any, texts: Any, prompts: Prompts = NONE, *, compared: bool = True, **options: Any) -> Encoded:
    limit = options.get("max_length", 64)
    return encode(texts, tokenizer, limit, EmbedOptions.model_validate(options), prompts, compared=compared)


def words(tokenizer: Any, example: dict[str, Any]) -> list[str]:
    ends = np.cumsum(example["sizes"])[:-1]
    return [tokenizer.decode(ids) for ids in np.split(example["input_ids"], ends)]


def test_a_rows_texts_are_its_text_and_what_it_is_compared_with() -> None:
    rows = [{"text": "a", "positive": "b", "negative": "c"}, {"text": "d", "positive": "e", "negative": " "}]
    assert texts_of(rows) == [["a", "b", "c"], ["d", "e"]]
    assert texts_of([{"text": "a", "positive": "b", "negatives": ["c", "d"]}]) == [["a", "b", "c", "d"]]
    assert texts_of([{"text": "a"}]) == [["a"]]


def test_an_example_holds_all_texts_of_its_row(tokenizer: Any) -> None:
    (example,) = encoded(tokenizer, [["hello", "a man plays"]]).examples
    assert words(tokenizer, example) == ["[CLS] hello [SEP]", "[CLS] a man plays [SEP]"]
    assert example["parts"].tolist() == [0, 1]


def test_equal_texts_have_equal_ids(tokenizer: Any) -> None:
    one, other = encoded(tokenizer, [["hello", "a man"], ["a man", "my card"]]).examples
    assert one["ids"][1] == other["ids"][0]
    assert len({*one["ids"], *other["ids"]}) == 3
    assert min(one["ids"]) > 0


def test_a_long_text_is_split_into_windows_each_with_the_prompt(tokenizer: Any) -> None:
    options = {"long_text": "windows", "max_length": 8, "window_overlap": 1}
    found = encoded(tokenizer, [[LONG, "hello"]], Prompts("hello ", ""), **options)
    (example,) = found.examples
    texts = words(tokenizer, example)
    assert texts[0] == "[CLS] hello where is my parcel? [SEP]"
    assert texts[1].startswith("[CLS] hello? my")
    assert texts[-1] == "[CLS] hello [SEP]"
    assert example["parts"].tolist() == [0] * (len(texts) - 1) + [1]
    assert found.counts["windows"] == len(texts) - 1


def test_a_window_of_a_single_text_is_an_example_of_its_own(tokenizer: Any) -> None:
    options = {"long_text": "windows", "max_length": 8, "window_overlap": 1}
    examples = encoded(tokenizer, [[LONG], ["hello"]], compared=False, **options).examples
    assert [example["row"] for example in examples] == [0] * (len(examples) - 1) + [1]
    assert all(len(example["sizes"]) == 1 for example in examples)


def test_a_prompt_that_leaves_no_room_is_an_error(tokenizer: Any) -> None:
    with pytest.raises(RecipeError, match="has no room"):
        encoded(tokenizer, [["a"]], Prompts("a man plays a man plays", ""), max_length=8)


def test_a_batch_says_what_share_of_a_text_each_window_has(tokenizer: Any) -> None:
    options = {"long_text": "windows", "max_length": 8, "window_overlap": 1}
    examples = list(encoded(tokenizer, [[LONG, "hello"], ["a man", "hello"]], **options).examples)
    batch = collate(examples, tokenizer)
    assert batch["shares"].sum(-1).tolist() == [[1, 1], [1, 1]]
    sizes = examples[0]["sizes"]
    assert batch["shares"][0, 0] == pytest.approx([*sizes[:-1] / sizes[:-1].sum(), 0])
    assert batch["ids"][0, 1] == batch["ids"][1, 1]


def test_windows_are_pooled_by_their_tokens() -> None:
    examples = [{"row": 0, "sizes": np.array([3, 1, 2]), "parts": np.array([0, 0, 1])}]
    vectors = [np.array([[1.0, 0.0], [5.0, 4.0], [7.0, 7.0]])]
    (found,) = pooled(vectors, Encoded(examples), "mean")
    assert found.tolist() == [[2, 1], [7, 7]]
    (found,) = pooled(vectors, Encoded(examples), "max")
    assert found.tolist() == [[5, 4], [7, 7]]
    assert pooled([], Encoded([]), "mean") == []
