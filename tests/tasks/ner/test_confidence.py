from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit.tasks import texts
from bertkit.tasks.ner.confidence import right_entities, temperature_of
from bertkit.tasks.task import Verdict

LABELS = ["O", "B-X", "I-X"]


def planted(count: int, factor: float) -> tuple[list[np.ndarray], list[dict[str, Any]], list[bool]]:
    """Entities of one word whose scores are `factor` times too far apart, among words that are sure to be outside."""
    draw = np.random.default_rng(0)
    odds = np.abs(draw.normal(size=count) * 2)
    right = draw.random(count) < 1 / (1 + np.exp(-odds))
    rows = [texts.softmax(np.array([[9.0, 0, 0], [0, factor * one, -50], [9, 0, 0]])) for one in odds]
    answers = [{"tags": ["O", "B-X", "O"], "entities": [{"first_word": 1, "end_word": 2}]} for _ in rows]
    return rows, answers, right.tolist()


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_a_planted_temperature_is_found(factor: float) -> None:
    assert temperature_of(*planted(4000, factor), LABELS) == pytest.approx(factor, rel=0.15)


def test_few_entities_have_none() -> None:
    assert temperature_of(*planted(99, 3.0), LABELS) is None


def test_the_least_sure_word_counts() -> None:
    """Of two words, the surer one has no effect on the fit."""
    rows, answers, right = planted(1000, 3.0)
    sure = texts.softmax(np.array([[0.0, -50, 50]]))
    longer = [np.concatenate([row[:2], sure, row[2:]]) for row in rows]
    more = [{"tags": ["O", "B-X", "I-X", "O"], "entities": [{"first_word": 1, "end_word": 3}]} for _ in answers]
    assert temperature_of(longer, more, right, LABELS) == pytest.approx(temperature_of(rows, answers, right, LABELS))


def test_an_entity_is_right_if_type_and_words_are() -> None:
    gold = frozenset({("X", 0, 2), ("Y", 4, 5)})
    named = [("X", 0, 2), ("X", 4, 5), ("Y", 4, 5), ("X", 0, 1)]
    answer = {
        "entities": [{"type": t, "first_word": a, "end_word": b, "confidence": 0.5} for t, a, b in named],
    }
    verdict = Verdict("", "", "", 0.0, None, gold)
    assert [right for _, right in right_entities([answer], [verdict])] == [True, False, True, False]
