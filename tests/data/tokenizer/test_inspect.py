"""What words cost, counted and by hand."""

from __future__ import annotations

import pytest

from bertkit.data.tokenizer.inspect import statistics, tokenize
from bertkit.data.tokenizer.train import TokenizerOptions, train
from bertkit.errors import DataError


@pytest.fixture(scope="module")
def bert():
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "un", "##aff", "##able", "café", "cafe", ",", "北"]
    return BertTokenizer(vocab={word: number for number, word in enumerate(words)})


def test_costs_known_by_hand(bert) -> None:
    found = statistics(["The unaffable, unaffable", "the zebra 北京"], bert)
    # the the unaffable , unaffable zebra 北 京
    assert found.figures() == {
        "words": 8,
        "different_words": 6,
        "tokens": 12,
        "tokens_per_word": 1.5,
        "characters_per_token": 32 / 12,
        "share_of_words_cut": 0.25,
        "share_of_words_unknown": 0.25,
    }
    assert found.costly == [("unaffable", 2, 3)]
    assert found.longest[0] == ("unaffable", 3)
    assert found.with_unknown == [("zebra", 1), ("京", 1)]
    with pytest.raises(DataError, match="hold no words"):
        statistics(["  "], bert)


@pytest.mark.parametrize("kind", ["wordpiece", "bpe", "unigram"])
def test_counting_agrees_with_cutting(words: list[str], kind: str) -> None:
    tokenizer = train(words, TokenizerOptions(kind=kind, vocab_size=450, min_frequency=1, reserved=0)).tokenizer
    texts = [" ".join(line.split()) for line in words[:40]]
    found = statistics(texts, tokenizer)
    cuts = [tokenize(text, tokenizer) for text in texts]
    assert found.tokens == sum(one.tokens for one in cuts)
    words = [ids for one in cuts for tokens, ids in one.words if "".join(tokens).strip("Ġ▁")]
    assert found.words == len(words)
    assert found.split == sum(len(ids) > 1 for ids in words)


def test_one_text(bert) -> None:
    found = tokenize("The unaffable [MASK] zebra", bert)
    assert found.words == [(["the"], [5]), (["un", "##aff", "##able"], [6, 7, 8]), (["[MASK]"], [4]), (["[UNK]"], [1])]
    assert found.tokens == 6
    assert found.decoded == "the unaffable [MASK] [UNK]"
