"""Looked-up tokens are those of the tokenizer on the whole text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from bertkit.data.tokenizer import cached
from bertkit.data.tokenizer.cached import CachedTokenizer


def bert(words: list[str], **normal: bool) -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(**normal)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    made.train_from_iterator([*words, "红楼梦 曹雪芹 此开卷第一回也", "é è ß İ ﬁ Σ σ"], trainer)
    return made


def byte_level(words: list[str]) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(words, trainer)
    return made


def unigram(words: list[str]) -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=200, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    made.train_from_iterator(words, trainer)
    return made


KINDS = {
    "bert": (bert, True),
    "cased": (lambda words: bert(words, lowercase=False, strip_accents=False), True),
    "without Chinese characters": (lambda words: bert(words, handle_chinese_chars=False), True),
    "byte-level": (byte_level, False),
    "unigram": (unigram, False),
}
ALPHABET = "ab the cat[MASK] 红楼梦。，“”々㐀\U00020000 \t\u3000\x1c\x85\u200b\u0301éßİΣ#1.'-"


@pytest.fixture(scope="module", params=KINDS)
def pair(request, words: list[str]) -> tuple[CachedTokenizer, Tokenizer]:
    make, by_word = KINDS[request.param]
    whole = make(words)
    fast = CachedTokenizer(whole.to_str())
    assert fast.by_word == by_word
    whole.encode_special_tokens = True
    return fast, whole


def truth(tokenizer: Tokenizer, text: str) -> tuple[list[int], list[bool]]:
    found = tokenizer.encode(text, add_special_tokens=False)
    words = found.word_ids
    return found.ids, [i == 0 or words[i] != words[i - 1] for i in range(len(words))]


def check(fast: CachedTokenizer, tokenizer: Tokenizer, texts: list[str]) -> None:
    marked, ends = fast.tokenize(texts)
    assert len(ends) == len(texts)
    for text, part in zip(texts, np.split(marked, ends[:-1]), strict=True):
        assert ((part >> 1).tolist(), (part & 1).astype(bool).tolist()) == truth(tokenizer, text), text


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.text(alphabet=ALPHABET, max_size=30), min_size=1, max_size=5))
def test_tokens_are_those_of_the_whole_text(pair, texts: list[str]) -> None:
    check(*pair, texts)


def test_the_cache_is_cleared_when_full(pair, words: list[str], monkeypatch) -> None:
    monkeypatch.setattr(cached, "CAPACITY", 10)
    for _ in range(3):
        check(*pair, words[:20])


def test_an_added_word_with_a_space_in_it_is_found(words: list[str]) -> None:
    whole = bert(words)
    whole.add_tokens(["new york"])
    fast = CachedTokenizer(whole.to_str())
    assert not fast.by_word
    check(fast, whole, ["the new york cat"])


def test_added_words_are_found_within_words(words: list[str]) -> None:
    whole = bert(words)
    whole.add_tokens(["parcel", "红楼"])
    fast = CachedTokenizer(whole.to_str())
    assert fast.by_word
    check(fast, whole, ["the myparcels 红楼梦 cat", "红楼parcel"])


def test_special_tokens_in_a_text_are_words(tokenizer_folder: Path) -> None:
    text = (tokenizer_folder / "tokenizer.json").read_text("utf-8")
    fast = CachedTokenizer(text)
    special = {Tokenizer.from_str(text).token_to_id(name) for name in ("[MASK]", "[SEP]", "[CLS]", "[PAD]")}
    marked, _ = fast.tokenize(["a [MASK] and [SEP][CLS] here [PAD]"])
    assert not special & set((marked >> 1).tolist())
    assert fast.count_unknown(marked) == sum((marked >> 1) == Tokenizer.from_str(text).token_to_id("[UNK]"))
