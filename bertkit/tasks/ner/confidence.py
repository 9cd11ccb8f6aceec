"""The temperature of `ner`: the confidence of an entity is the probability that it is exactly right.

As in tasks/squad/calibration.py, the temperature is fitted to what users read. Most words are no part of an entity, and
are sure: a temperature fitted to words would be theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertkit.metrics.metric import Array
from bertkit.tasks.confidence.scaling import FEW, SMALLEST, best_temperature, softened
from bertkit.tasks.task import Answer, Verdict


def right_entities(answers: list[Answer], verdicts: Sequence[Verdict]) -> list[tuple[float, bool]]:
    """The confidence of each predicted entity, and whether it is right."""
    return [
        (float(one["confidence"]), (one["type"], one["first_word"], one["end_word"]) in verdict.expected_labels)
        for answer, verdict in zip(answers, verdicts, strict=True)
        for one in answer["entities"]
    ]


def temperature_of(
    probabilities: Sequence[Array], answers: list[Answer], right: Sequence[bool], labels: Sequence[str]
) -> float | None:
    """The temperature with the lowest log loss of whether entities are right; None with fewer than `FEW` entities, or
    where none is the best.

    Args:
        probabilities: `(word, label)` per row.
        right: of each entity, in the order of `right_entities`.
        labels: tags, in the order of the probabilities.
    """
    entities = [(row, one) for row, answer in enumerate(answers) for one in answer["entities"]]
    if len(entities) < FEW:
        return None
    number = {tag: place for place, tag in enumerate(labels)}
    parts = [
        (probabilities[row][word], number[answers[row]["tags"][word]], entity)
        for entity, (row, one) in enumerate(entities)
        for word in range(one["first_word"], one["end_word"])
    ]
    words, tags, owners = (
        np.stack([part[0] for part in parts]),
        *(np.array([part[i] for part in parts]) for i in (1, 2)),
    )
    starts = np.flatnonzero(np.diff(owners, prepend=-1))  # (entity,): its first word
    sign = np.asarray(right, dtype=bool)

    def loss(temperature: float) -> float:
        own = softened(words, temperature)[np.arange(len(tags)), tags]  # (word,)
        sure = np.minimum.reduceat(own, starts)  # (entity,)
        return float(-np.log(np.where(sign, sure, 1 - sure).clip(SMALLEST, 1)).mean())

    return best_temperature(loss)
