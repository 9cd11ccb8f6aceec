"""Words in tokens and windows: each exactly once, with the most context, whatever the limit."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertkit.errors import RecipeError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.ner import encode as tagging
from bertkit.tasks.ner.options import NerOptions
from bertkit.tasks.ner.sentences import sentences_of


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tiny_bert)))


def encode(tokenizer: Any, rows: list[dict[str, Any]], labels: Any = None, limit: int = 64, **options: Any) -> Any:
    return tagging.encode(sentences_of(rows), tokenizer, limit, NerOptions(**options), labels)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(0, 12), st.integers(0, 12))
def test_every_word_once_in_the_window_that_sees_most_around_it(lengths: list[int], overlap: int, more: int) -> None:
    room = max(overlap + 1, *lengths, 1) + more
    array = np.array(lengths)
    plans = tagging._plans(array, room, overlap)
    assert sorted(word for *_, own in plans for word in own) == np.flatnonzero(array).tolist()
    spans = tagging.windows(array, room, overlap)
    assert all(array[first:end].sum() <= room for first, end in spans)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(lengths)
    for (first, end), (later, further) in itertools.pairwise(spans):
        assert first < later <= end < further
        assert array[later:end].sum() <= overlap or (later, further) == spans[-1]
    for first, end, own in plans:
        for word in own:
            context = [min(array[a:word].sum(), array[word + 1 : b].sum()) for a, b in spans if a <= word < b]
            assert min(array[first:word].sum(), array[word + 1 : end].sum()) == max(context)


@pytest.mark.parametrize("pooling", ["first", "all", "mean"])
@pytest.mark.parametrize("limit", [8, 12, 64])
def test_labels_and_answers_meet_at_each_word(tokenizer: Any, pooling: str, limit: int) -> None:
    words = ["where", "is", "my", "parcel", "delivered", "tomorrow", "abcdefgh", "?"] * 4
    numbers = list(range(len(words)))
    encoded = encode(tokenizer, [{"tokens": words}], [numbers], limit, window_overlap=3, subtoken_pooling=pooling)
    seen = np.concatenate([example["own_words"] for example in encoded.examples])
    assert sorted(seen) == numbers
    for example in encoded.examples:
        assert len(example["input_ids"]) == len(example["first_tokens"]) == len(example["labels"]) <= limit
        assert (
            example["labels"][tagging.is_first_token(example["first_tokens"])].tolist() == example["own_words"].tolist()
        )
        for word in example["own_words"]:
            ids = tokenizer(words[word], add_special_tokens=False)["input_ids"][: limit - 2]
            head = np.flatnonzero(example["labels"] == word)[0]
            assert example["input_ids"][head : head + len(ids)].tolist() == ids
            many = len(ids) if pooling == "all" else 1
            assert (example["labels"] == word).sum() == many
    if limit == 8:
        assert "windows, each word predicted once" in encoded.notes[0]


def test_a_word_longer_than_a_window_is_cut_and_reported(tokenizer: Any) -> None:
    rows = [{"tokens": ["is", "zyxwvutsrqponmlkjihgfedcba", "it"]}]
    encoded = encode(tokenizer, rows, [[1, 2, 3]], 8, window_overlap=2)
    assert sorted(np.concatenate([example["own_words"] for example in encoded.examples])) == [0, 1, 2]
    assert "1 words are longer than a window" in encoded.warnings[0]


def test_windows_must_be_longer_than_their_overlap(tokenizer: Any) -> None:
    """Whatever the rows: a Run must answer long ones too. Where no overlap is named, it is half a short window."""
    with pytest.raises(RecipeError, match=r"window_overlap  6: a window holds only 6 tokens of text; lower it"):
        encode(tokenizer, [{"tokens": ["is"]}], limit=8, window_overlap=6)
    encoded = encode(tokenizer, [{"tokens": ["is"] * 20}], limit=8)
    assert [len(example["own_words"]) for example in encoded.examples] == [5, 3, 3, 3, 2, 4]


def test_a_sentence_of_very_many_words_takes_time_in_proportion(tokenizer: Any) -> None:
    rows = [{"tokens": ["is"] * 100_000}]
    started = time.perf_counter()
    encoded = encode(tokenizer, rows, [[1] * 100_000])
    assert time.perf_counter() - started < 10  # one of them; every window looking at all words would take minutes
    assert sum(len(example["own_words"]) for example in encoded.examples) == 100_000


def test_sentences_of_a_document_stand_around_each(tokenizer: Any) -> None:
    texts = ("hello you", "where is it", "good book", "thank you")
    rows = [{"tokens": t.split(), "document": d} for t, d in zip(texts, (1, 1, 1, 2), strict=True)]

    def seen(limit: int) -> list[str]:
        examples = encode(tokenizer, rows, limit=limit, context="document").examples
        assert [example["row"] for example in examples] == [0, 1, 2, 3]
        own = [
            tokenizer.convert_ids_to_tokens(i["input_ids"][tagging.is_first_token(i["first_tokens"])]) for i in examples
        ]
        assert [" ".join(words) for words in own] == list(texts)
        return [tokenizer.decode(example["input_ids"][1:-1]) for example in examples]

    assert seen(64) == ["hello you where is it good book"] * 3 + ["thank you"]
    assert seen(7) == ["hello you where is it", "you where is it good", "where is it good book", "thank you"]
    assert seen(5)[1] == "where is it"


def test_byte_level_words_begin_with_a_space() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    backend = Tokenizer(models.BPE({"<s>": 0, "</s>": 1, "a": 2, "Ġ": 3, "Ġa": 4, ".": 5}, [("Ġ", "a")]))
    backend.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    for prefix in (False, True):
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
        roberta: Any = SimpleNamespace(
            backend_tokenizer=backend, model_input_names=["input_ids"], num_special_tokens_to_add=lambda: 2
        )
        assert encode(roberta, [{"tokens": ["a", "a"]}]).examples[0]["input_ids"].tolist() == [0, 4, 4, 1]
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert encode(roberta, [{"text": "a a."}]).examples[0]["input_ids"].tolist() == [0, 2, 4, 5, 1]


def test_the_head_of_a_word_is_no_lone_space() -> None:
    """XLM-R's kind of vocabulary may part a Chinese word from the space before it: that token says nothing of it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=40, special_tokens=special, unk_token="<unk>", show_progress=False)
    texts = ["我住在北京", "他去了上海", "北京很大", "上海很好", "我去 北京", "in berlin", "is berlin"] * 5
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    xlmr: Any = SimpleNamespace(
        backend_tokenizer=backend, model_input_names=["input_ids"], num_special_tokens_to_add=lambda: 2
    )
    words = ["我", "在", "北京", "in", "海", "\u2581", "京"]
    found = {}
    for pooling in ("first", "all", "mean"):
        example = encode(xlmr, [{"tokens": words}], [list(range(len(words)))], subtoken_pooling=pooling).examples[0]
        shown = [backend.id_to_token(number) for number in example["input_ids"]]
        first_tokens = np.flatnonzero(tagging.is_first_token(example["first_tokens"]))
        assert len(first_tokens) == len(words)
        assert [shown[at].lstrip("\u2581")[:1] for at in first_tokens] == ["我", "在", "北", "i", "海", "", "京"]
        lone = np.flatnonzero([token == "\u2581" for token in shown])
        assert len(lone) > 2
        assert (example["first_tokens"][lone] >= 0).sum() == 1  # the word that is that character
        assert example["labels"][first_tokens].tolist() == list(range(len(words)))
        found[pooling] = (example["labels"] >= 0).sum()
    assert found["all"] > found["first"] == found["mean"] == len(words)
