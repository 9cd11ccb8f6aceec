"""What a tokenizer loses of texts, against counts by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from bertkit.data.tokenizer import coverage
from bertkit.data.tokenizer.coverage import SAMPLE, Coverage, of_tokens, sample
from bertkit.data.tokenizer.train import TokenizerOptions, train
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def look(tokenizer, texts: list[str]) -> Coverage:
    encoded = tokenizer.backend_tokenizer.encode_batch(texts)
    return of_tokens([one.ids for one in encoded], len(texts), tokenizer, texts)


@pytest.fixture
def vocabulary(tmp_path: Path):
    """The tokenizer of a folder that holds a vocab.txt of these words, and no tokenizer configuration."""

    def made(*words: str, **config: bool):
        (tmp_path / "vocab.txt").write_text("\n".join((*SPECIAL, *words)) + "\n", "utf-8")
        (tmp_path / "config.json").write_text('{"model_type": "bert"}')
        if config:
            (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
        return load_tokenizer(ModelBlock(name=str(tmp_path)))

    return made


def test_unknown_tokens_are_counted_without_the_special_ones(vocabulary) -> None:
    tokenizer = vocabulary("where", "is", "my", "parcel", "?")
    found = look(tokenizer, ["where is my parcel ?", "包裹 ?"])
    assert (found.texts, found.tokens, found.unknown, found.partial) == (2, 8, 2, 0)
    (warning,) = found.warnings()
    assert warning.startswith("25.0% of the tokens are unknown to the tokenizer (in all texts): choose a model")
    assert found.lines() == ["unknown tokens: 2 of 8 (25.0%, in all texts)", f"warning: {warning}"]
    assert look(tokenizer, ["where is my parcel ?"]).lines() == []


def test_the_threshold_is_two_percent() -> None:
    assert Coverage(10, 10, 1000, 20, 0).warnings() == []
    assert Coverage(10, 10, 1000, 21, 0).warnings()
    assert Coverage(10, 10, 1000, 0, 100).warnings() == []
    assert Coverage(10, 10, 1000, 0, 101).warnings()
    assert Coverage(0, 0, 0, 0, 0).warnings() == []


def test_a_cased_vocabulary_that_lower_cases_is_warned_of(vocabulary) -> None:
    words = ("Where", "Paris", "where", "is", "paris", "?")
    texts = ["Where is Paris ?", "where is paris ?"]
    found = look(vocabulary(*words, do_lower_case=True), texts)
    assert (found.cased, found.cased_vocabulary) == (1, True)
    (warning,) = found.warnings()
    assert warning.startswith("50.0% of the texts lose their upper case (in all texts), though the vocabulary has")
    assert "do_lower_case" in warning
    assert look(vocabulary(*words, do_lower_case=False), texts).lines() == []  # the remedy of the message


def test_an_uncased_model_is_meant_to_lower_case(vocabulary) -> None:
    found = look(vocabulary("where", "is", "my", "paris", "?"), ["Where is Paris ?"])
    assert found.lines() == ["texts whose upper case the tokenizer removes: 1 of 1 (100.0%, in all texts)"]
    assert found.warnings() == []


def test_characters_split_into_bytes_are_counted(words: list[str]) -> None:
    tokenizer = train(words, TokenizerOptions(kind="bpe", vocab_size=400, min_frequency=1)).tokenizer
    assert look(tokenizer, words[:50]).partial == 0
    found = look(tokenizer, ["包裹"])
    assert (found.tokens, found.unknown, found.partial) == (6, 0, 6)  # three bytes each
    assert found.warnings()[0].startswith("100.0% of the tokens are only a part of a character")
    lower = train(words, TokenizerOptions(kind="bpe", vocab_size=400, min_frequency=1, lowercase=True)).tokenizer
    assert not look(lower, ["Hello"]).cased_vocabulary  # byte-level tokens begin with a capital G with a dot


def test_the_sample_is_evenly_spaced_and_said() -> None:
    assert sample(0) == []
    assert sample(3) == [0, 1, 2]
    assert len(sample(10**6)) == SAMPLE
    assert (sample(10**6)[0], sample(10**6)[-1]) == (0, 10**6 - 1)
    assert "(in 1,000 of 5,000 texts)" in Coverage(1000, 5000, 100, 90, 0).warnings()[0]


def test_the_vocabulary_is_gone_through_once(tokenizer_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server asks for each text: of a large vocabulary that took longer than the answer."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    plain, asked = coverage._is_cased, []
    monkeypatch.setattr(coverage, "_is_cased", lambda one: asked.append(1) or plain(one))
    found = [coverage.is_cased(tokenizer) for _ in range(3)]
    assert found == [plain(tokenizer)] * 3
    assert len(asked) == 1
    tokenizer.add_tokens(["Parcel"])
    coverage.is_cased(tokenizer)
    assert len(asked) == 2
