"""Perturbations of texts and of words, with all that could be labelled in them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bertkit.tasks.words import join, split
from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import Perturbation
from bertkit.understand.robustness.perturbations.table import PERTURBATIONS
from bertkit.understand.robustness.texts import Labelled, edit_text, edit_words, entities_of, free_of, places_of
from tests.understand.robustness.material import TEXTS, WORDS


@pytest.mark.parametrize("perturbation", PERTURBATIONS, ids=lambda one: one.name)
def test_every_entity_is_still_there(perturbation: Perturbation) -> None:
    """Each run of up to three words of each text, as an entity: not empty, without edges of white space, and on the
    edges of words."""
    changed = 0
    for text in TEXTS:
        words = split(text)
        for first, length in itertools.product(range(len(words)), (1, 2, 3)):
            part = Labelled(words[first][0], words[min(first + length, len(words)) - 1][1], "entity")
            edits = perturbation.edit(text, np.random.default_rng([first, length]), 0.4)
            edited = edit_text(text, [part], edits, perturbation.gold)
            if edited is None:
                continue
            changed += 1
            span = edited.span(part.start, part.end)
            assert span is not None
            new = edited.text[slice(*span)]
            assert new == new.strip() != ""
            starts, ends = zip(*split(edited.text), strict=True)
            assert span[0] in starts
            assert span[1] in ends
            if perturbation.gold == "apart":
                assert new == text[part.start : part.end]
    assert changed


@pytest.mark.parametrize("perturbation", PERTURBATIONS, ids=lambda one: one.name)
def test_words_keep_their_tags(perturbation: Perturbation) -> None:
    """Each run of up to three words as an entity; a word that is none is as it was, or a new one is outside."""
    for words in WORDS:
        for first, length in itertools.product(range(len(words)), (1, 2, 3)):
            end = min(first + length, len(words))
            tags = ["O"] * first + ["B-X"] + ["I-X"] * (end - first - 1) + ["O"] * (len(words) - end)

            def edits(text: str, first: int = first) -> list[Edit]:
                return perturbation.edit(text, np.random.default_rng(first), 0.4)

            edited = edit_words(words, tags, edits, perturbation.gold)
            if edited is None:
                continue
            assert len(edited.words) == len(edited.sources)
            assert edited.words != words
            known = [source for source in edited.sources if source is not None]
            assert len(set(known)) == len(known)
            entity = [edited.sources.index(number) for number in range(first, end)]
            assert entity == list(range(entity[0], entity[0] + end - first))
            for word, source in zip(edited.words, edited.sources, strict=True):
                assert word.strip()
                assert not any(map(str.isspace, word)) or (source is not None and " " in words[source])


def test_an_entity_is_not_joined_to_the_word_beside_it() -> None:
    text = "in Berlin now"
    assert edit_text(text, [Labelled(3, 9, "entity")], [Edit(2, 3, ""), Edit(9, 10, "")], "moves") is None
    assert edit_text(text, [], [Edit(2, 3, "")], "moves").text == "inBerlin now"  # type: ignore[union-attr]


def test_a_cause_far_from_the_entity_ends_it() -> None:
    """The zero-width space joins the letters around it once the space before it is gone."""
    text = "x \u200bBerlin"
    assert edit_text(text, [Labelled(3, 9, "entity")], [Edit(1, 2, "")], "moves") is None


def test_what_gold_allows() -> None:
    text, part = "New York is big", Labelled(0, 8, "entity")
    inside, whole, beside = Edit(0, 3, "Old"), Edit(0, 8, "Oslo"), Edit(12, 15, "old")
    results = {
        gold: [(edited := edit_text(text, [part], [edit], gold)) and edited.text for edit in (inside, whole, beside)]  # type: ignore[arg-type]
        for gold in ("moves", "whole", "apart")
    }
    assert results["moves"] == ["Old York is big", "Oslo is big", "New York is old"]
    assert results["whole"] == [None, "Oslo is big", "New York is old"]
    assert results["apart"] == [None, None, "New York is old"]
    answer, fixed = part._replace(kind="answer"), part._replace(kind="fixed")
    assert edit_text(text, [answer], [inside], "whole").text == "Old York is big"  # type: ignore[union-attr]
    assert edit_text(text, [fixed], [inside], "moves") is None


def test_nothing_is_left_of_a_text() -> None:
    assert edit_text("!!!", [], [Edit(0, 3, "")], "moves") is None
    assert edit_words(["!"], None, lambda text: [Edit(0, 1, "")], "moves") is None


def test_words_are_inserted_outside_and_removed() -> None:
    edited = edit_words(["Anna", "sleeps", "."], ["B-PER", "O", "O"], lambda text: [Edit(0, 0, "Oh, ")], "moves")
    assert edited == (["Oh", ",", "Anna", "sleeps", "."], [None, None, 0, 1, 2])
    gone = edit_words(["Anna", "sleeps", "."], None, lambda text: [Edit(11, 13, "")], "moves")
    assert gone == (["Anna", "sleeps"], [0, 1])


def test_no_word_is_put_into_an_entity_nor_taken_from_it() -> None:
    words, tags = ["New", "York", "."], ["B-LOC", "I-LOC", "O"]
    assert edit_words(words, tags, lambda text: [Edit(3, 3, " big")], "moves") is None
    assert edit_words(words, tags, lambda text: [Edit(0, 4, "")], "moves") is None


def test_several_words_become_as_many() -> None:
    words, tags = ["他", "在", "北", "京", "。"], ["O", "O", "B-LOC", "I-LOC", "O"]
    assert edit_words(words, tags, lambda text: [Edit(2, 4, "上海")], "whole") == (
        ["他", "在", "上", "海", "。"],
        [0, 1, 2, 3, 4],
    )
    words, tags = ["in", "New", "York"], ["O", "B-LOC", "I-LOC"]
    assert edit_words(words, tags, lambda text: [Edit(3, 11, "San Diego")], "whole") == (
        ["in", "San", "Diego"],
        [0, 1, 2],
    )
    assert edit_words(words, tags, lambda text: [Edit(3, 11, "Rome")], "whole") is None


def test_places_of_words() -> None:
    words = ["In", "北", "京", ",", " x", "a b", "中"]
    text = join(words)
    assert [text[slice(*place)] for place in places_of(words)] == words


def test_parts_of_speech_get_no_new_words() -> None:
    words, tags = ["we", "run"], ["PRON", "VERB"]
    assert edit_words(words, tags, lambda text: [Edit(0, 0, "yes ")], "moves") is None
    assert edit_words(words, tags, lambda text: [Edit(3, 4, "R")], "moves") == (["we", "Run"], [0, 1])


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-X I-X O B-X", [(0, 2), (3, 4)]),
        ("I-X I-X B-X I-Y", [(0, 2), (2, 3), (3, 4)]),
        ("S-X B-X I-X E-X", [(0, 1), (1, 4)]),
        ("U-X B-X L-X", [(0, 1), (1, 3)]),
        ("O O", []),
    ],
)
def test_entities_of_tags(tags: str, spans: list[tuple[int, int]]) -> None:
    assert entities_of(tags.split()) == spans


def test_free_places() -> None:
    free = free_of([Labelled(2, 4, "entity"), Labelled(6, 9, "answer")])
    assert [free(a, b) for a, b in ((0, 2), (1, 3), (4, 6), (5, 7), (9, 10))] == [True, False, True, False, True]


def test_a_long_row_takes_no_time() -> None:
    words = ["parcel"] * 20_000
    tags = ["O", "B-X"] * 10_000
    edited = edit_words(words, tags, lambda text: [Edit(at, at + 1, "P ") for at in range(0, len(text), 7)], "moves")
    assert edited is None
