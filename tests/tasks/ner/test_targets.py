"""Entities as scores that explain them."""

from __future__ import annotations

import numpy as np

from bertkit.tasks.ner.targets import targets

LABELS = ["O", "B-PER", "I-PER", "B-LOC"]
ANSWER = {
    "tags": ["O", "B-PER", "I-PER", "B-LOC"],
    "entities": [
        {"type": "PER", "text": "anna bell", "first_word": 1, "end_word": 3},
        {"type": "LOC", "text": "berlin", "first_word": 3, "end_word": 4},
    ],
}
FIRST = {"first_tokens": np.array([-1, 1, 2, 2, 4, -1]), "own_words": np.array([0, 1, 2])}
SECOND = {"first_tokens": np.array([-1, -1, 2, 2, -1]), "own_words": np.array([3])}


def test_an_entity_is_the_mean_of_its_words() -> None:
    person, place = targets(ANSWER, [FIRST, SECOND], LABELS, pooled=False)
    assert (person.name, person.label) == ("PER: anna bell", "PER")
    assert person.parts[0].example is FIRST
    assert [(point.label, point.place, point.weight) for point in person.parts[0].points] == [(1, 2, 0.5), (2, 4, 0.5)]
    assert place.parts[0].example is SECOND
    assert [(point.label, point.place, point.weight) for point in place.parts[0].points] == [(3, 2, 1.0)]


def test_pooled_words_have_all_their_tokens() -> None:
    person, place = targets(ANSWER, [FIRST, SECOND], LABELS, pooled=True)
    assert [(point.place, point.weight) for point in person.parts[0].points] == [(2, 0.25), (3, 0.25), (4, 0.5)]
    assert [(point.place, point.weight) for point in place.parts[0].points] == [(2, 0.5), (3, 0.5)]


def test_an_entity_over_two_windows_has_two_parts() -> None:
    second = {"first_tokens": np.array([-1, 1, -1]), "own_words": np.array([2])}
    first = {"first_tokens": np.array([-1, 1, 2, -1]), "own_words": np.array([0, 1])}
    person, *_ = targets(ANSWER, [first, second], LABELS, pooled=False)
    assert [part.example for part in person.parts] == [first, second]


def test_words_without_tokens_are_left_out() -> None:
    assert targets(ANSWER, [], LABELS, pooled=False) == []


def test_tokens_of_other_sentences_are_not_the_rows_own() -> None:
    person, place = targets(ANSWER, [{**FIRST, "own_words": np.array([1, 2, 3])}], LABELS, pooled=False, around=True)
    assert person.parts[0].own.tolist() == place.parts[0].own.tolist() == [False, True, True, True, True, False]
    windows = targets(ANSWER, [FIRST, SECOND], LABELS, pooled=False, around=True)
    assert all(part.own is None for one in windows for part in one.parts)  # no sentence stands around a window
