"""Sentences put before and after, and swapped."""

from __future__ import annotations

from bertkit.understand.robustness.perturbations.sentences import CHINESE, ENGLISH, spans_of
from tests.understand.robustness.perturbations.helpers import perturbed


def test_before_and_after() -> None:
    new = perturbed("sentence_before", "it is late")
    assert new.removesuffix(" it is late") in ENGLISH
    new = perturbed("sentence_after", "it is late")
    assert new.removeprefix("it is late. ") in ENGLISH
    assert perturbed("sentence_after", "late?").removeprefix("late? ") in ENGLISH
    assert perturbed("sentence_before", "他来了").removesuffix("他来了") in CHINESE
    assert perturbed("sentence_after", "他来了").removeprefix("他来了。") in CHINESE
    assert perturbed("sentence_before", "  ") == "  "


def test_two_neighbours_change_places() -> None:
    text = "One here. Two there! Three?"
    found = {perturbed("sentences_swapped", text, seed) for seed in range(20)}
    assert found == {"Two there! One here. Three?", "One here. Three? Two there!"}
    assert perturbed("sentences_swapped", "only one") == "only one"
    assert perturbed("sentences_swapped", "他来了。我走了！") == "我走了！他来了。"


def test_places_of_sentences() -> None:
    text = "  Yes. Yes.  No, Mr. Li."
    assert [text[slice(*span)] for span in spans_of(text)] == ["Yes.", "Yes.", "No, Mr. Li."]
