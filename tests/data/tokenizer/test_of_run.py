"""A Run's tokenizer without transformers: the same attributes and encodings, and transformers' own for all else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import transformers
from transformers import AutoTokenizer

from bertkit.data.tokenizer.of_run import INPUTS, SPECIAL, RunTokenizer, open_tokenizer
from bertkit.data.tokenizer.train import TokenizerOptions, save, train
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock

TEXTS = ["Where is my parcel?", "", "[MASK] über 東京 \U00013080 \u200b\ttab", "the [SEP] cat's 12,50 €"]


def opened(folder: Path) -> tuple[Any, Any]:
    """The tokenizer of this module, and bertkit's of transformers."""
    theirs = load_tokenizer(ModelBlock(name=str(folder)))
    return open_tokenizer(folder, lambda: theirs), theirs


@pytest.fixture(params=["wordpiece", "cased", "bpe", "unigram"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, words: list[str]) -> Path:
    options = {"kind": request.param} if request.param != "cased" else {"kind": "wordpiece", "lowercase": False}
    options = {**options, "vocab_size": 400, "reserved": 0, "min_frequency": 1}
    save(train(words, TokenizerOptions.model_validate(options)).tokenizer, tmp_path / "trained")
    load_tokenizer(ModelBlock(name=str(tmp_path / "trained"))).save_pretrained(tmp_path / "model")  # as a training does
    return tmp_path / "model"


def test_it_is_as_transformers_in_all_that_tasks_use(folder: Path) -> None:
    mine, theirs = opened(folder)
    assert isinstance(mine, RunTokenizer)
    names = [*SPECIAL, *(f"{name}_id" for name in SPECIAL), "all_special_tokens", "all_special_ids", "is_fast"]
    for name in (*names, "model_max_length", "model_input_names", "pad_token_type_id"):
        assert getattr(mine, name) == getattr(theirs, name), name
    assert len(mine) == len(theirs)
    assert mine.get_vocab() == theirs.get_vocab()
    for pair in (False, True):
        assert mine.num_special_tokens_to_add(pair) == theirs.num_special_tokens_to_add(pair)


def test_it_encodes_as_transformers(folder: Path) -> None:
    mine, theirs = opened(folder)
    assert json.loads(mine.backend_tokenizer.to_str()) == json.loads(theirs.backend_tokenizer.to_str())
    for special in (False, True):
        encoded = [one.backend_tokenizer.encode_batch(TEXTS, add_special_tokens=special) for one in (mine, theirs)]
        for a, b in zip(*encoded, strict=True):
            assert (a.ids, a.type_ids, a.offsets, a.word_ids) == (b.ids, b.type_ids, b.offsets, b.word_ids)


def test_what_it_does_not_know_it_asks_of_transformers(tmp_path: Path, tokenizer_folder: Path) -> None:
    load_tokenizer(ModelBlock(name=str(tokenizer_folder))).save_pretrained(tmp_path)
    asked: list[int] = []

    def load() -> Any:
        asked.append(1)
        return AutoTokenizer.from_pretrained(tmp_path)

    mine = open_tokenizer(tmp_path, load)
    assert not hasattr(mine, "no_such_thing_anywhere")
    assert mine(TEXTS)["input_ids"] == load()(TEXTS)["input_ids"]
    assert mine.decode([5, 6]) == load().decode([5, 6])
    assert mine.convert_ids_to_tokens([5]) == load().convert_ids_to_tokens([5])
    assert len(asked) == 4  # once by itself


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer_class": "SomeTokenizer"},
        {"tokenizer_class": ["BertTokenizer"]},
        {"model_max_length": 1e30},
        {"model_max_length": 0},
        {"extra_special_tokens": ["[MORE]"]},
        {"split_special_tokens": True},
        {"auto_map": {"AutoTokenizer": "a.B"}},
        {"mask_token": "[NOT THERE]"},
    ],
    ids=str,
)
def test_an_unusual_one_is_transformers(change: dict[str, Any], tmp_path: Path, tokenizer_folder: Path) -> None:
    load_tokenizer(ModelBlock(name=str(tokenizer_folder))).save_pretrained(tmp_path)
    load: Callable[[], Any] = dict
    assert open_tokenizer(tmp_path, load) != {}
    file = tmp_path / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **change}), "utf-8")
    assert open_tokenizer(tmp_path, load) == {}


def test_damaged_or_other_files_are_transformers(tmp_path: Path, tokenizer_folder: Path) -> None:
    load: Callable[[], Any] = dict
    load_tokenizer(ModelBlock(name=str(tokenizer_folder))).save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("[CLS]\n", "utf-8")
    assert open_tokenizer(tmp_path, load) == {}
    (tmp_path / "vocab.txt").unlink()
    (tmp_path / "tokenizer.json").write_text("{", "utf-8")
    assert open_tokenizer(tmp_path, load) == {}
    (tmp_path / "tokenizer_config.json").unlink()
    assert open_tokenizer(tmp_path, load) == {}


@pytest.mark.parametrize("name", sorted(INPUTS))
def test_the_inputs_of_each_class_are_transformers(name: str) -> None:
    assert getattr(transformers, name).model_input_names == INPUTS[name]
