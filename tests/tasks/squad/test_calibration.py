"""Calibration: a temperature that was put in is found again, and where nothing can be fitted none is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit.tasks.confidence import scaling
from bertkit.tasks.squad import calibration

Questions = tuple[list[np.ndarray], list[np.ndarray], np.ndarray]


def simulated(questions: int, temperature: float, seed: int = 0) -> Questions:
    """20 candidates each, one of which is right with the probability of its score, times a temperature; the best is
    given."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=(questions, 20)) * 2
    powers = np.exp(scores)
    drawn = (powers.cumsum(1) > generator.random((questions, 1)) * powers.sum(1, keepdims=True)).argmax(1)
    given = scores.argmax(1)
    return list(scores * temperature), list(np.arange(20) == given[:, None]), (drawn == given).astype(float)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    assert calibration.fit(*simulated(10_000, temperature)) == pytest.approx(temperature, rel=0.05)


def test_the_loss_is_that_of_the_confidence() -> None:
    scores, given, right = simulated(200, 3.0)
    found = calibration.fit(scores, given, right)

    def loss(temperature: float) -> float:
        powers = [np.exp(each / temperature) for each in scores]
        p = np.array([power[mask].sum() / power.sum() for power, mask in zip(powers, given, strict=True)])
        return float(-np.where(right == 1, np.log(p), np.log(1 - p)).mean())

    assert found is not None
    assert loss(found) < min(loss(found * 1.02), loss(found / 1.02), loss(1.0))


def test_lists_of_different_lengths_and_an_answer_that_is_not_the_first() -> None:
    scores, given, right = simulated(3000, 2.0)
    extra = [np.append(each[::-1], [-50.0] * (i % 4)) for i, each in enumerate(scores)]
    moved = [np.append(mask[::-1], np.zeros(i % 4, bool)) for i, mask in enumerate(given)]
    assert calibration.fit(extra, moved, right) == pytest.approx(calibration.fit(scores, given, right), rel=1e-3)


def test_too_few_questions_or_none_that_tell() -> None:
    few = simulated(scaling.FEW - 1, 3.0)
    assert calibration.fit(*few) is None
    scores, given, right = simulated(500, 3.0)
    assert calibration.fit(scores, given, np.ones_like(right)) is None
    assert calibration.fit(scores, given, np.zeros_like(right)) is None
    assert (
        calibration.fit([np.zeros(1)] * 500, [np.ones(1, bool)] * 500, right) is None
    )  # one candidate is always certain
    assert calibration.fit([], [], np.zeros(0)) is None


def test_scores_far_apart_overflow_nothing() -> None:
    scores, given, right = simulated(500, 3.0)
    found = calibration.fit([each * 1e4 for each in scores], given, right)
    assert found is None  # far beyond all that is tried


def answer(text: str, **logits: float) -> dict[str, Any]:
    n_best = [{"text": t, "start_logit": logit, "end_logit": 0.0} for t, logit in logits.items()]
    return {"answer": text, "n_best": [{**entry, "text": entry["text"].strip("_")} for entry in n_best]}


def test_confidence_is_the_probability_of_what_is_given() -> None:
    logits = {"cat": 2 * np.log(6.0), "_": 2 * np.log(3.0), "mat": 0.0}
    given = calibration.weighed(answer("cat", **logits), 2.0)
    assert [entry["probability"] for entry in given["n_best"]] == pytest.approx([0.6, 0.3, 0.1])
    assert (given["confidence"], given["no_answer_probability"]) == pytest.approx((0.6, 0.3))
    refused = calibration.weighed(answer("", **logits), 2.0)
    assert refused["confidence"] == refused["no_answer_probability"] == pytest.approx(0.3)
    certain = calibration.weighed(answer("cat", **logits), 0.05)
    assert certain["confidence"] == pytest.approx(1.0)


def test_spellings_of_one_answer_are_one() -> None:
    found = calibration.weighed(answer("the cat", **{"the cat": np.log(3.0), "Cat": np.log(2.0), "mat": 0.0, "_": 0.0}))
    assert found["confidence"] == pytest.approx(5 / 7)
    assert found["n_best"][0]["probability"] == pytest.approx(3 / 7)
    assert calibration.spellings(found["n_best"], "").tolist() == [False, False, False, True]


def test_where_nothing_can_be_an_answer() -> None:
    found = calibration.weighed({"answer": "", "n_best": []})
    assert (found["confidence"], found["no_answer_probability"], found["n_best"]) == (0.0, None, [])
