"""What words add: known answers of a bag of words, and completeness."""

from __future__ import annotations

import pytest

from bertkit import Predictor, Run, extras
from bertkit.errors import ExtraError
from bertkit.understand.explain import attribution
from bertkit.understand.explain.attribution import METHODS, Attribution, attribute
from bertkit.understand.explain.explain import NEEDS
from tests.understand.explain.test_variants import explained
from tests.understand.explained import bag_of_words, roberta

WEIGHTS = {"parcel": 2.0, "late": -0.5, "the": 0.25}


@pytest.mark.parametrize("method", METHODS)
def test_a_bag_of_words_gives_weight_times_count(tiny_run: Run, method: attribution.Method) -> None:
    predictor = bag_of_words(tiny_run, WEIGHTS)
    whole = explained(predictor, {"text": "the parcel is late , the late parcel"})
    found = attribute(whole, method)
    assert found.words == pytest.approx([0.25, 2.0, 0, -0.5, 0, 0.25, -0.5, 2.0], abs=1e-6)
    assert found.score == pytest.approx(3.5)
    assert found.complete
    assert found.rest == pytest.approx(0, abs=1e-6)


def test_integrated_gradients_sum_to_the_difference(tiny_run: Run) -> None:
    whole = explained(Predictor.open(tiny_run, needs=NEEDS), {"text": "where is my parcel ? it is late again"})
    found = attribute(whole, "ig")
    assert found.baseline is not None
    assert found.words.sum() == pytest.approx(found.score - found.baseline, abs=0.01 * max(0.1, abs(found.score)))
    assert found.complete
    assert attribute(whole, "gradient").error is None


def test_positions_that_depend_on_tokens(tiny_run: Run, words: list[str]) -> None:
    """RoBERTa gives padding another position: the baseline must keep those of the text."""
    whole = explained(roberta(tiny_run, words), {"text": "where is my parcel ? it is late again"})
    found = attribute(whole, "ig")
    assert found.complete
    assert found.steps < 256
    assert abs(found.words.sum()) > 1e-3


def test_nothing_is_left_behind(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run, needs=NEEDS)
    whole = explained(predictor, {"text": "where is my parcel ?"})
    before = [parameter.requires_grad for parameter in whole.model.parameters()]
    attribute(whole, "ig")
    assert [parameter.requires_grad for parameter in whole.model.parameters()] == before
    assert not whole.model.get_input_embeddings()._forward_hooks


def test_steps_are_added_until_it_is_complete(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = explained(Predictor.open(tiny_run, needs=NEEDS), {"text": "where is my parcel ?"})
    monkeypatch.setattr(attribution, "STEPS", 1)
    monkeypatch.setattr(attribution, "TOLERANCE", 0.0)
    monkeypatch.setattr(attribution, "MOST", 4)
    found = attribute(whole, "ig")
    assert found.steps == 4
    assert not found.complete


def test_the_error_is_what_is_left_over() -> None:
    import numpy as np

    short = Attribution(np.array([0.5, 0.2]), 0.1, score=2.0, baseline=1.0)
    assert short.error == pytest.approx(0.2)
    assert not short.complete
    assert Attribution(np.array([0.999]), 0.0, score=2.0, baseline=1.0).complete
    assert Attribution(np.array([0.0]), 0.0, score=1.0005, baseline=1.0).complete  # of a difference that is none


def test_without_captum(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = explained(Predictor.open(tiny_run, needs=NEEDS), {"text": "where is my parcel ?"})
    monkeypatch.setattr(extras, "has", lambda name: name != "captum")
    with pytest.raises(ExtraError, match="captum"):
        attribute(whole, "ig")
    assert len(attribute(whole, "occlusion").words) == 5
