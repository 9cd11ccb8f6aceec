"""From scores of tokens to tags of words: pooling, rules, and one answer a sentence with its entities."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bertkit.tasks.ner import decode as tagging_decode
from bertkit.tasks.ner.decode import decode, probabilities, rules
from bertkit.tasks.ner.sentences import Sentences
from bertkit.tasks.task import Encoded

LABELS = ["O", "B-PER", "I-PER"]


def test_pool_is_the_mean_of_a_words_tokens() -> None:
    first_tokens = torch.tensor([[-1, 1, 1, 3, -1], [-1, 1, -1, -1, -1]])
    logits = torch.arange(20.0).view(2, 5, 2)
    pooled = tagging_decode.pool(logits, first_tokens)
    assert pooled[0, 1].tolist() == [3.0, 4.0]
    assert pooled[0, 3].tolist() == logits[0, 3].tolist()
    assert pooled[1, 1].tolist() == logits[1, 1].tolist()
    assert not pooled[:, [0, 2, 4]].any()


def test_places_of_words() -> None:
    plain = Sentences([["a"]])
    assert plain.place(0, 0) == "row 1"
    assert Sentences([["a", "b"]], places=["x.conll:4"], lines=[[4, 5]]).place(0, 1) == "x.conll:5"


def answered(scores: list[list[float]], constrained: bool) -> dict:
    """The answer for a sentence of so many words, a token each between [CLS] and [SEP]."""
    count = len(scores)
    first_tokens = np.array([-1, *range(1, count + 1), -1])
    logits = np.array([[9.0, 9.0, 9.0], *scores, [9.0, 9.0, 9.0]])
    words = ["Ada", "Byron", "sat"][:count]
    example = {"row": 0, "input_ids": first_tokens, "first_tokens": first_tokens, "own_words": np.arange(count)}
    sentences = Sentences([words])
    found = rules(LABELS, "IOB2" if constrained else None, None)
    return decode({"scores": [logits]}, Encoded([example]), sentences, LABELS, found, scheme="IOB2", by_word=True)[0]


def test_each_word_gets_its_likeliest_tag_and_its_probability() -> None:
    answer = answered([[0, 2, 0], [0, 0, 3], [1, 0, 0]], constrained=False)
    assert answer["tags"] == ["B-PER", "I-PER", "O"]
    assert answer["probabilities"][0] == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    (entity,) = answer["entities"]
    assert (entity["type"], entity["text"], entity["first_word"], entity["end_word"]) == ("PER", "Ada Byron", 0, 2)
    assert entity["confidence"] == min(answer["probabilities"][:2])


def test_constrained_answers_have_no_tag_that_the_scheme_forbids() -> None:
    scores = [[1.0, 0.9, 0.0], [0.0, 0.0, 2.0]]
    assert answered(scores, constrained=False)["tags"] == ["O", "I-PER"]
    assert answered(scores, constrained=True)["tags"] == ["B-PER", "I-PER"]


def test_without_rules_any_tag_may_follow_any() -> None:
    assert rules(LABELS, None, None) is None
    found = rules(LABELS, "IOB2", None)
    assert found is not None
    assert (found.steps < -1e3).tolist() == [[False, False, True], [False] * 3, [False] * 3]


@pytest.mark.parametrize("crf", [False, True])
def test_probabilities_of_all_tags_hold_those_of_the_answers(crf: bool) -> None:
    """Of a CRF they are sums over all sequences; a word that no example has is O."""
    words = [["Ada", "Byron", "\u200b"], ["sat"]]
    examples = [
        {"row": 0, "first_tokens": np.array([-1, 1, 2, -1]), "own_words": np.arange(2)},
        {"row": 1, "first_tokens": np.array([-1, 1, -1]), "own_words": np.arange(1)},
    ]
    scores = [np.array([[0.0] * 3, [0, 2, 0], [0, 0, 3], [0.0] * 3]), np.array([[0.0] * 3, [1, 0, 0], [0.0] * 3])]
    found = rules(LABELS, None, [np.zeros(3), np.arange(9.0).reshape(3, 3), np.zeros(3)]) if crf else None
    of = {"scores": scores}, Encoded(examples), Sentences(words), LABELS, found
    each = probabilities(*of, by_word=not crf)
    answers = decode(*of, scheme="IOB2", by_word=not crf)
    assert [part.shape for part in each] == [(3, 3), (1, 3)]
    assert all(part.sum(1) == pytest.approx(1) for part in each)
    for part, answer in zip(each, answers, strict=True):
        chosen = [row[LABELS.index(tag)] for row, tag in zip(part, answer["tags"], strict=True)]
        assert chosen[:2] == pytest.approx(answer["probabilities"][:2])
    assert each[0][2].tolist() == pytest.approx([1, 0, 0])
    assert probabilities({}, Encoded([]), Sentences([]), LABELS, None, by_word=True) == []
