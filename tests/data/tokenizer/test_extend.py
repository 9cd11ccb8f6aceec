"""Which words are new, and a longer tokenizer that cuts the rest as before."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bertkit.data.tokenizer.extend import check_wordpiece, choose, compare, extend, named_words, tokens_of
from bertkit.data.tokenizer.inspect import tokenize
from bertkit.data.tokenizer.train import TokenizerOptions, train
from bertkit.errors import DataError, ModelError
from bertkit.recipe.schema import DataBlock
from tests.helpers import messages


@pytest.fixture
def tokenizer(tokenizer_folder: Path):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tokenizer_folder)


def test_words_that_save_most_come_first(tokenizer) -> None:
    sizes = {word: len(tokenizer.tokenize(word)) for word in ("parcel", "zyxwv", "qvxzj", "qqqqqqqq", "1234567", "b")}
    counts = {"parcel": 1000, "zyxwv": 10, "qvxzj": 10, "qqqqqqqq": 2, "1234567": 99, "b": 99, "☃☃": 99}
    assert sizes["zyxwv"] == sizes["qvxzj"] == 5
    chosen = choose(counts, tokenizer, 10, 2)
    assert chosen[-3:] == ["qvxzj", "zyxwv", "qqqqqqqq"]  # 10 x 4 each, ties by the word; 2 x 7
    assert not {"1234567", "b", "☃☃"} & set(chosen)
    assert choose(counts, tokenizer, 1, 2) == chosen[:1]
    assert "qqqqqqqq" not in choose(counts, tokenizer, 10, 3)


def test_words_of_a_file(tokenizer, tmp_path: Path, caplog, monkeypatch) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    file = tmp_path / "words.txt"
    file.write_text("Queequeg\n\nqueequeg\nthe\nCafés\n", "utf-8")
    with caplog.at_level("INFO", logger="bertkit"):
        assert named_words(file, tokenizer, DataBlock()) == ["queequeg", "cafes"]
    assert "2 words skipped: in the vocabulary already, or named twice" in messages(caplog)[0]
    file.write_text("fine\ncovid-19\n" + "a" * 101 + "\n", "utf-8")
    with pytest.raises(DataError) as raised:
        named_words(file, tokenizer, DataBlock())
    first, second = map(str, raised.value.problems)
    assert "words.txt:2" in first
    assert "covid | - | 19" in first
    assert "words.txt:3" in second


def test_other_texts_are_cut_as_before(tokenizer, tmp_path: Path, words: list[str]) -> None:
    new = ["queequeg", "zyx"]
    tokens = tokens_of(new, tokenizer)
    assert all(len(ids) > 1 for ids in tokens)
    longer = extend(tokenizer, new, tmp_path / "longer")
    assert len(longer) == len(tokenizer) + 2
    assert type(longer) is type(tokenizer)
    assert longer.model_max_length == tokenizer.model_max_length
    assert [longer.convert_tokens_to_ids(word) for word in new] == [len(tokenizer), len(tokenizer) + 1]
    for line in [*words, "aqueequeg", "queeque"]:  # no word is found inside another
        assert longer(line)["input_ids"] == tokenizer(line)["input_ids"]
    assert tokenize("Queequeg's zyx", longer).words[0] == (["queequeg"], [len(tokenizer)])
    vocab = (tmp_path / "longer" / "vocab.txt").read_text("utf-8").splitlines()
    assert vocab[-2:] == new
    assert len(vocab) == len(longer)


def test_what_changed_is_counted(tokenizer, tmp_path: Path) -> None:
    longer = extend(tokenizer, ["zyx"], tmp_path)
    counts = {"zyx": 10, "zyxy": 1, "the": 7, "azyx": 2}
    done = compare(counts, tokenizer, longer, ["zyx"])
    assert done.others == ["zyxy"]  # it begins with the new word
    assert done.tokens_before - done.tokens_after == 10 * 2 + 2
    assert done.size == len(longer)


def test_other_kinds_are_refused(tokenizer, words: list[str]) -> None:
    check_wordpiece(tokenizer)
    bpe = train(words, TokenizerOptions(kind="bpe", vocab_size=400)).tokenizer
    with pytest.raises(ModelError, match="its vocabulary is BPE"):
        check_wordpiece(bpe)
