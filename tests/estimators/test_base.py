"""scikit-learn's own checks of the two estimators; and what X, parameters, folders and pickles must be."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from bertkit import BertClassifier, BertRegressor
from bertkit.errors import BertkitError, Stopped
from bertkit.estimators.base import InputError
from tests.estimators.numbers import QUICK, TINY, NumberClassifier, NumberRegressor, checks

KINDS = (NumberClassifier, NumberRegressor)
ALL = [(kind, name) for kind in KINDS for name in checks(kind())]
TEXTS = [f"{text} {n}" for n in range(6) for text in ("where is my parcel", "i want my money back")]
LABELS = ["delivery", "refund"] * 6


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(*one, marks=() if one[1] in QUICK else pytest.mark.slow, id=f"{one[0].__name__}-{one[1]}")
        for one in ALL
    ],
)
def test_checks_of_scikit_learn(kind: Any, name: str, tiny_bert: Path) -> None:
    """None is expected to fail. Those for the array API and decision functions skip themselves."""
    estimator = kind(str(tiny_bert), **TINY)
    checks(estimator)[name](estimator)


def test_all_quick_checks_are_checks() -> None:
    assert {*QUICK} <= {name for _, name in ALL}


@pytest.fixture(scope="module")
def fitted(tiny_bert: Path) -> BertClassifier:
    return BertClassifier(tiny_bert, **TINY).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    ("X", "what"),
    [
        ("a text", r"X  is one text; give a list.*: \[text\]"),
        ([], "X  has no rows"),
        (["a", None, "c"], r"X\[1\]  not a text: None"),
        (pd.Series(["a", None]), r"X\[1\]  not a text: nan"),
        ([b"a", "b"], r"X\[0\]  not a text: b'a'"),
        (np.ones((2, 2)), r"X\[0\]  not a text: 1.0"),
        ([("a", "b", "c")] * 2, r"X  its shape is \(2, 3\)"),
        (sparse.csr_array(np.ones((2, 2))), r"X  its shape is \(\)"),
    ],
)
@pytest.mark.parametrize("kind", [BertClassifier, BertRegressor])
def test_x_must_be_texts(kind: Any, X: Any, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        kind().fit(X, [1, 2])
    assert isinstance(caught.value, BertkitError)


def test_what_is_predicted_must_be_like_what_was_learnt(fitted: BertClassifier, tiny_bert: Path) -> None:
    with pytest.raises(InputError, match="pairs of texts, but the model was trained on single texts"):
        fitted.predict([("a", "b")])
    assert list(fitted.predict(np.array([["hello"]]))) == list(fitted.predict(["hello"]))
    with pytest.raises(NotFittedError):
        BertClassifier(tiny_bert).predict(["a"])
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weight'"):
        BertClassifier(tiny_bert).fit(TEXTS, LABELS, sample_weight=[1] * 12)


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({"learning_rate": "fast"}, "train.learning_rate"),
        ({"train": {"learning_rate": 1e-4}}, "train.learning_rate  is a parameter of the estimator"),
        ({"options": {"max_length": 3}}, "options.max_length  is a parameter of the estimator"),
        ({"train": {"max_stepz": 4}}, "did you mean max_steps"),
        ({"options": {"max_lenght": 4}}, "options.max_lenght"),
        ({"validation_fraction": 1.5}, "data.validation_ratio"),
    ],
)
def test_parameters_are_checked_by_fit(tiny_bert: Path, parameters: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        BertClassifier(tiny_bert, **parameters).fit(TEXTS, LABELS)


def test_a_pickle_has_the_model_and_no_texts(fitted: BertClassifier, tiny_bert: Path) -> None:
    own = clone(fitted).fit(TEXTS, LABELS)
    own.run_.report_file.write_text("i want my money back", "utf-8")  # as where it is among the mistakes
    expected, folder = own.predict_proba(TEXTS), own.run_.path
    content = pickle.dumps(own)
    assert b"i want my money back" not in content
    assert str(folder).encode() not in content
    del own
    assert not folder.exists()
    copied = pickle.loads(content)
    np.testing.assert_array_equal(copied.predict_proba(TEXTS), expected)
    again = pickle.loads(pickle.dumps(copied))
    np.testing.assert_array_equal(again.predict_proba(TEXTS), expected)


def test_a_fit_that_fails_leaves_the_model_of_the_last(fitted: BertClassifier) -> None:
    expected = fitted.predict_proba(TEXTS[:2])
    with pytest.raises(BertkitError):
        fitted.set_params(max_length=1_000).fit(TEXTS, LABELS)
    fitted.set_params(max_length=16)
    np.testing.assert_array_equal(fitted.predict_proba(TEXTS[:2]), expected)
    assert fitted.run_.path.is_dir()


def test_ctrl_c_ends_a_search_too(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise Stopped.at("run", "stopped at step 2 of 4")

    monkeypatch.setattr("bertkit.estimators.base.train_recipe", stop)
    with pytest.raises(KeyboardInterrupt, match="stopped at step 2 of 4"):
        GridSearchCV(BertClassifier(tiny_bert), {"learning_rate": [1e-5, 1e-4]}, cv=2).fit(TEXTS, LABELS)


def test_each_fit_makes_a_run_in_the_output_folder(fitted: BertClassifier, tmp_path: Path, bertkit) -> None:
    kept = clone(fitted).set_params(output=tmp_path / "runs").fit(TEXTS, LABELS)
    (tmp_path / "runs" / "run-2").mkdir()
    assert kept.run_.path == tmp_path / "runs" / "run-1"
    assert kept.fit(TEXTS, LABELS).run_.path == tmp_path / "runs" / "run-3"
    code, out, err = bertkit("predict", kept.run_.path, "--text", TEXTS[0])
    assert code == 0, err
    assert kept.predict(TEXTS[:1])[0] in out


def test_the_seed(fitted: BertClassifier) -> None:
    assert fitted.run_.recipe.seed == 0
    drawn = BertClassifier(random_state=np.random.RandomState(7))._seed()
    assert drawn == np.random.RandomState(7).randint(2**31 - 1)
    np.random.seed(3)
    assert BertClassifier()._seed() != BertClassifier()._seed()
