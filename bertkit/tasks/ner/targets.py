"""Entities -> the scores that explain them: the mean logit of the tags of their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertkit.engine.examples import Examples
from bertkit.tasks.ner.encode import is_first_token
from bertkit.tasks.targets import Part, Point, Target
from bertkit.tasks.task import Answer


def targets(
    answer: Answer, examples: Examples, labels: Sequence[str], *, pooled: bool, around: bool = False
) -> list[Target]:
    """A target for each entity. With a CRF it is the score of each tag alone, without those of pairs of tags.

    Args:
        pooled: whether a word's scores are the mean over its tokens, not those of the first.
        around: whether other sentences may stand around one that is read whole.
    """
    places = _places(examples, pooled=pooled)
    own = examples[0]["first_tokens"] >= 0 if around and len(examples) == 1 else None
    found = []
    for entity in answer["entities"]:
        words = [word for word in range(entity["first_word"], entity["end_word"]) if word in places]
        points: dict[int, list[Point]] = {}
        for word in words:
            number, tokens = places[word]
            tag = labels.index(answer["tags"][word])
            weight = 1 / (len(words) * len(tokens))
            points.setdefault(number, []).extend(Point("logits", tag, token, weight) for token in tokens)
        if points:
            parts = tuple(Part(examples[number], tuple(some), own=own) for number, some in points.items())
            found.append(Target(f"{entity['type']}: {entity['text']}", parts, label=entity["type"]))
    return found


def _places(examples: Examples, *, pooled: bool) -> dict[int, tuple[int, list[int]]]:
    """Word -> number of its example, and the tokens that have its scores."""
    found = {}
    for number, example in enumerate(examples):
        firsts = np.flatnonzero(is_first_token(example["first_tokens"])).tolist()
        for word, first in zip(example["own_words"].tolist(), firsts, strict=True):
            tokens = np.flatnonzero(example["first_tokens"] == first).tolist() if pooled else [first]
            found[word] = (number, tokens)
    return found
