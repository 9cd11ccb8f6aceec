"""Numbers: far from the prediction in units of the usual distance, whatever the scale of the predictions."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.understand.errors.judges.numbers import LIMIT, MAD, NumberJudge
from tests.understand.errors.made import beliefs_of, pool_of


def made(count: int = 100) -> tuple[list[float], list[list[float]]]:
    draw = np.random.default_rng(0)
    right = draw.uniform(0, 5, count)
    return [float(one) for one in right + draw.normal(0, 0.1, count)], [[float(one)] for one in right]


def test_far_numbers_are_suspects() -> None:
    given, predicted = made()
    given[7] = predicted[7][0] + 3
    judge = NumberJudge(pool_of("number", given))
    found = judge.find(beliefs_of(*predicted))
    assert found.suspects[0].row == 7
    assert found.suspects[0].given == f"{given[7]:.10g}"
    assert float(found.suspects[0].suggested) == pytest.approx(predicted[7][0], abs=1e-3)
    assert len(found.suspects) < 4


def test_the_limit_is_in_units_of_the_median_deviation() -> None:
    given = [0.0, *[1.0, -1.0] * 10, MAD * LIMIT * 1.01, -MAD * LIMIT * 0.99]
    found = NumberJudge(pool_of("number", given)).find(beliefs_of(*[[0.0]] * len(given)))
    assert [one.row for one in found.suspects] == [21]


def test_planted_numbers_are_those_of_others() -> None:
    given, predicted = made(400)
    judge, beliefs = NumberJudge(pool_of("number", given)), beliefs_of(*predicted)
    judge.find(beliefs)
    far = judge.plant(beliefs, "any", 0.25, np.random.default_rng(0))
    near = judge.plant(beliefs, "similar", 0.25, np.random.default_rng(0))
    assert len(far.doubts) > 90
    assert far.found.mean() > 0.7
    assert np.median(near.doubts) < np.median(far.doubts)


def test_predictions_of_another_scale_are_fitted_by_held_rows() -> None:
    given, predicted = made()
    scaled = beliefs_of(*([one[0] / 5 - 1] for one in predicted))
    judge = NumberJudge(pool_of("number", given))
    own = judge.calibrated(scaled, range(100), scaled)
    assert [one.values[0, 0] for one in own] == pytest.approx([one[0] for one in predicted], abs=0.1)
    assert judge.find(own).suspects == judge.find(own).suspects
