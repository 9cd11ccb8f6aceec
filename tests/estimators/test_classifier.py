"""BertClassifier: labels come back as they were given, and scikit-learn's tools work with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from bertkit import BertClassifier
from bertkit.estimators import base
from tests.estimators.numbers import TINY

TEXTS = [f"{text} {n}" for n in range(8) for text in ("where is my parcel", "i want my money back", "good bye")]
NAMES = ["delivery", "refund", "other"] * 8


@pytest.fixture(scope="module")
def estimator(tiny_bert: Path) -> BertClassifier:
    return BertClassifier(tiny_bert, **TINY)


def test_it_learns(estimator: BertClassifier) -> None:
    steps = {"max_steps": 40, "use_cpu": True, "eval_strategy": "no"}
    learnt = clone(estimator).set_params(train=steps, per_device_train_batch_size=8).fit(TEXTS, NAMES)
    assert learnt.score(TEXTS, NAMES) > 0.6
    probabilities = learnt.predict_proba(TEXTS)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(learnt.classes_[probabilities.argmax(axis=1)], learnt.predict(TEXTS))
    assert not hasattr(learnt, "n_features_in_")
    assert learnt.run_.task_state["labels"] == ["delivery", "other", "refund"]
    assert learnt.run_.metrics["rows"] == {"train": 22, "validation": 2}


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (np.array([3, -1, 10] * 8), ["-1", "3", "10"]),
        (np.array([True, False, True] * 8), ["False", "True"]),
        (pd.Series(NAMES, dtype="category"), ["delivery", "other", "refund"]),
        (["", "a", " a"] * 8, ["class 0", "class 1", "class 2"]),
        (["a|b", "[c]", "NA"] * 8, ["NA", "[c]", "a|b"]),
    ],
    ids=["int", "bool", "category", "blank", "odd"],
)
def test_labels_come_back_as_they_were_given(estimator: BertClassifier, y: Any, names: list[str]) -> None:
    learnt = clone(estimator).fit(TEXTS, y)
    assert learnt.run_.task_state["labels"] == names
    np.testing.assert_array_equal(learnt.classes_, np.unique(np.asarray(y)))
    predicted = learnt.predict(TEXTS[:3])
    assert predicted.dtype == np.asarray(y).dtype
    assert {*predicted} <= {*np.asarray(y)}


@pytest.mark.parametrize("kind", [np.array, pd.DataFrame, sparse.csr_array], ids=lambda kind: kind.__name__)
def test_indicators_are_several_labels_a_row(estimator: BertClassifier, kind: Any) -> None:
    present = [[1, 0, 1], [0, 1, 0], [0, 0, 0]] * 8
    y = pd.DataFrame(present, columns=["a", "b", "c"]) if kind is pd.DataFrame else kind(present)
    learnt = clone(estimator).fit(TEXTS, y)
    assert learnt.predict(TEXTS[:4]).shape == (4, 3)
    assert learnt.predict(TEXTS[:4]).dtype == np.asarray(present).dtype
    assert learnt.predict_proba(TEXTS[:4]).shape == (4, 3)
    assert list(learnt.classes_) == (["a", "b", "c"] if kind is pd.DataFrame else [0, 1, 2])
    assert learnt.run_.recipe.options["multi_label"] is True
    np.testing.assert_allclose(learnt.run_.task_state["shares"], np.array([8, 8, 8]) / 24, atol=0.05)


@pytest.mark.parametrize("kind", [list, np.array, pd.DataFrame], ids=lambda kind: kind.__name__)
def test_pairs(estimator: BertClassifier, kind: Any) -> None:
    pairs = [(text, "hello") for text in TEXTS]
    X = pd.DataFrame(pairs, columns=["first", "second"]) if kind is pd.DataFrame else kind(pairs)
    learnt = clone(estimator).fit(X, NAMES)
    assert learnt.n_features_in_ == 2
    np.testing.assert_allclose(learnt.predict_proba(X[:2]), learnt.predict_proba(X)[:2], rtol=1e-4)
    with pytest.raises(ValueError, match=r"pairs of texts|expecting 2 features"):
        learnt.predict(TEXTS)
    if kind is pd.DataFrame:
        assert list(learnt.feature_names_in_) == ["first", "second"]
        with pytest.raises(ValueError, match="feature names"):
            learnt.predict(X.rename(columns={"first": "other"}))


@pytest.mark.parametrize(
    ("y", "what"),
    [
        (["a"] * 24, "y  has one class only: a"),
        (np.array(["a", None, "b"] * 8, dtype=object), r"y\[1\]  Input y contains NaN: None"),
        (NAMES[:-1], "inconsistent numbers of samples"),
        ([0.5, 1.5, 2.5] * 8, "Unknown label type"),
        ([[0, 1, 2], [1, 2, 0]] * 12, "multiclass-multioutput|1d array"),
        (None, "requires y to be passed"),
    ],
)
def test_labels_that_can_not_be_learnt(estimator: BertClassifier, y: Any, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        clone(estimator).fit(TEXTS, y)


@pytest.mark.slow
def test_grid_search(estimator: BertClassifier) -> None:
    search = GridSearchCV(estimator, {"learning_rate": [1e-7, 5e-3]}, cv=2, error_score="raise").fit(TEXTS, NAMES)
    assert search.best_estimator_.learning_rate == search.best_params_["learning_rate"]
    assert search.predict(TEXTS[:2]).shape == (2,)


@pytest.mark.slow
def test_pipelines_and_calibration(estimator: BertClassifier) -> None:
    lower = FunctionTransformer(lambda X: [text.lower() for text in X])
    scores = cross_val_score(make_pipeline(lower, estimator), pd.Series(TEXTS), NAMES, cv=2, error_score="raise")
    assert scores.shape == (2,)
    calibrated = CalibratedClassifierCV(estimator, cv=2).fit(TEXTS, NAMES)
    np.testing.assert_allclose(calibrated.predict_proba(TEXTS).sum(axis=1), 1)


def test_a_second_fit_that_fails_leaves_the_first(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a cat", "a dog", "my money", "my card"]
    made = BertClassifier(model=str(tiny_bert), num_train_epochs=1).fit(texts, ["a", "a", "b", "b"])
    before = made.predict(texts).tolist()
    monkeypatch.setattr(base, "train_recipe", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made.fit(texts, ["x", "y", "z", "x"])
    with pytest.raises(ZeroDivisionError):
        made.fit(texts, np.eye(4, dtype=int))
    assert made.classes_.tolist() == ["a", "b"]
    assert made.predict(texts).tolist() == before


def test_a_label_that_pandas_calls_missing(tiny_bert: Path) -> None:
    labels = pd.Series(["a", pd.NA, "b"], dtype="string")
    with pytest.raises(ValueError, match="every row needs a label"):
        BertClassifier(model=str(tiny_bert)).fit(["x", "y", "z"], labels)
