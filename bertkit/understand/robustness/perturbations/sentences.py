"""A neutral sentence before or after a text, and two sentences that change places."""

from __future__ import annotations

import itertools

from bertkit.data.corpus.sentences import split
from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng, Span, is_cjk

ENGLISH = (
    "Here is what it says.",
    "This is the whole text.",
    "It was written some time ago.",
    "That is how it was put.",
    "There is a bit more to read.",
)
CHINESE = ("下面就是原文。", "这里是全部内容。", "这是前些时候写的。", "原话就是这样。", "后面还有一些内容。")


def front(text: str, rng: Rng, strength: float) -> list[Edit]:
    """A sentence that says nothing, before the text."""
    chinese = is_cjk(text)
    return [Edit(0, 0, _drawn(chinese, rng) + ("" if chinese else " "))] if text.strip() else []


def end(text: str, rng: Rng, strength: float) -> list[Edit]:
    """A sentence that says nothing, after the text, whose last sentence is ended."""
    chinese, at = is_cjk(text), len(text.rstrip())
    if not at:
        return []
    mark = ("。" if chinese else ".") if text[at - 1].isalnum() else ""
    return [Edit(at, at, mark + ("" if chinese else " ") + _drawn(chinese, rng))]


def swap(text: str, rng: Rng, strength: float) -> list[Edit]:
    """Two neighbouring sentences change places, with all that stands in them."""
    spans = spans_of(text)
    if len(spans) < 2:
        return []
    (a, b), (c, d) = list(itertools.pairwise(spans))[rng.integers(len(spans) - 1)]
    return [Edit(a, b, text[c:d], origin=c), Edit(c, d, text[a:b], origin=a)]


def spans_of(text: str) -> list[Span]:
    """Places of the sentences of a text."""
    spans, done = [], 0
    for sentence in split(text):
        start = text.index(sentence, done)
        done = start + len(sentence)
        spans.append((start, done))
    return spans


def _drawn(chinese: bool, rng: Rng) -> str:
    sentences = CHINESE if chinese else ENGLISH
    return sentences[rng.integers(len(sentences))]


SENTENCES = (
    Perturbation("sentence_before", "sentences", "a neutral sentence before the text", front, columns="body"),
    Perturbation("sentence_after", "sentences", "a neutral sentence after the text", end, columns="body"),
    Perturbation("sentences_swapped", "sentences", "two neighbouring sentences change places", swap),
)
