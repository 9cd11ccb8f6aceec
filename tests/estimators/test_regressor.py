"""BertRegressor: numbers for texts and pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from bertkit import BertRegressor
from tests.estimators.numbers import TINY

PAIRS = pd.DataFrame({"a": ["where is it", "hello there"] * 8, "b": ["where is it", "my money"] * 8})
SCORES = np.array([5, 1] * 8)


@pytest.fixture(scope="module")
def estimator(tiny_bert: Path) -> BertRegressor:
    return BertRegressor(tiny_bert, **TINY)


def test_it_learns(estimator: BertRegressor) -> None:
    steps = {"max_steps": 120, "use_cpu": True, "eval_strategy": "no"}
    learnt = (
        clone(estimator).set_params(train=steps, learning_rate=2e-3, per_device_train_batch_size=8).fit(PAIRS, SCORES)
    )
    predicted = learnt.predict(PAIRS)
    assert predicted.shape == (16,)
    assert predicted.dtype == np.float64
    assert learnt.score(PAIRS, SCORES) > 0.5
    assert learnt.run_.recipe.task == "regress"


def test_it_is_cross_validated(estimator: BertRegressor) -> None:
    scores = cross_val_score(
        estimator, list(PAIRS["a"]), SCORES / 2, cv=2, scoring="neg_mean_squared_error", error_score="raise"
    )
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("y", "what"),
    [
        ([1.0] * 16, "all 1[0-9] scores are 1"),
        ([1.0, None] * 8, "NaN"),
        ([1.0, np.inf] * 8, "infinity"),
        (["a", "b"] * 8, "could not convert"),
        (SCORES[1:], "inconsistent numbers of samples"),
    ],
)
def test_numbers_that_can_not_be_learnt(estimator: BertRegressor, y: Any, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        clone(estimator).fit(PAIRS, y)
