"""Known answers worked by hand, and equality with scikit-learn on anything hypothesis thinks of."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from bertkit.errors import DataError
from bertkit.metrics import METRICS

AVERAGED = [
    f"{average}_{figure}" for average in ("macro", "micro", "weighted") for figure in ("precision", "recall", "f1")
]
SK = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}


def score(name, predictions, references):
    return METRICS[name](predictions, references)[name]


@st.composite
def single(draw, labels=4):
    """Predictions and references `(row,)`."""
    rows = draw(st.integers(1, 20))
    side = arrays(np.int64, rows, elements=st.integers(0, labels - 1))
    return draw(side), draw(side)


@st.composite
def several(draw):
    """Predictions and references `(row, label)` of 0 and 1, two labels at least (scikit-learn reads one as two)."""
    shape = draw(st.tuples(st.integers(1, 12), st.integers(2, 5)))
    side = arrays(np.int64, shape, elements=st.integers(0, 1))
    return draw(side), draw(side)


@st.composite
def probable(draw):
    """Probabilities `(row, label)`, coarse so that there are ties, and references `(row,)`."""
    shape = draw(st.tuples(st.integers(1, 20), st.integers(2, 4)))
    weights = draw(arrays(np.float64, shape, elements=st.integers(1, 5)))
    references = draw(arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)))
    return weights / weights.sum(axis=1, keepdims=True), references


few = settings(max_examples=60, deadline=None)


def test_accuracy_by_hand():
    assert score("accuracy", [0, 1, 2, 2], [0, 1, 2, 0]) == 3 / 4
    assert score("accuracy", [[1, 0], [1, 1], [0, 0]], [[1, 0], [1, 0], [0, 0]]) == 2 / 3  # all labels of a row


def test_binary_by_hand():
    predictions, references = [1, 1, 1, 0, 0], [1, 0, 0, 1, 0]  # one hit, three predicted, two actual
    assert score("precision", predictions, references) == pytest.approx(1 / 3)
    assert score("recall", predictions, references) == pytest.approx(1 / 2)
    assert score("f1", predictions, references) == pytest.approx(2 / 5)


def test_averages_by_hand():
    predictions, references = [0, 0, 1, 1], [0, 0, 0, 3]  # F1 of label 0: 4/5, of 1 and of 3: 0; 2 never occurs
    assert score("macro_f1", predictions, references) == pytest.approx((4 / 5 + 0 + 0) / 3)
    assert score("weighted_f1", predictions, references) == pytest.approx(3 / 4 * 4 / 5)
    assert score("micro_f1", predictions, references) == 2 / 4


def test_a_label_that_never_occurs_counts_only_with_several_labels_a_row():
    assert score("macro_f1", [[1, 0], [1, 0]], [[1, 0], [1, 0]]) == 1 / 2
    assert score("macro_f1", [2, 2], [2, 2]) == 1


def test_one_label_matrix_is_one_label():
    assert score("macro_f1", [[1], [0], [1]], [[1], [1], [0]]) == pytest.approx(1 / 2)


@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
@pytest.mark.parametrize("rows", [[0, 1, 2], [[0, 1], [1, 0]]])
def test_binary_needs_two_labels(name, rows):
    with pytest.raises(DataError, match=f"use macro_{name}, micro_{name} or weighted_{name}"):
        METRICS[name](rows, rows)


@few
@given(single(labels=2))
def test_binary_equals_sklearn(rows):
    predictions, references = rows
    for figure, theirs in SK.items():
        assert score(figure, predictions, references) == pytest.approx(theirs(references, predictions, zero_division=0))


@few
@given(single() | several())
def test_averages_equal_sklearn(rows):
    predictions, references = rows
    assert score("accuracy", predictions, references) == pytest.approx(sk.accuracy_score(references, predictions))
    for name in AVERAGED:
        average, figure = name.split("_")
        theirs = SK[figure](references, predictions, average=average, zero_division=0)
        assert score(name, predictions, references) == pytest.approx(theirs), name


@few
@given(single())
def test_matthews_equals_sklearn(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs speaks up where there is a single label
        theirs = sk.matthews_corrcoef(rows[1], rows[0])
    assert score("matthews", *rows) == pytest.approx(theirs)


def test_matthews_by_hand():
    # 2 true positives, 1 false, 3 true negatives, 1 missed: (2*3 - 1*1) / sqrt(3 * 3 * 4 * 4)
    assert score("matthews", [1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 1]) == pytest.approx(5 / 12)
    assert score("matthews", [1, 1], [0, 1]) == 0
    with pytest.raises(DataError, match="one label per row"):
        METRICS["matthews"]([[0, 1]], [[0, 1]])


def test_matthews_of_many_rows_does_not_overflow():
    rows = np.arange(400_000) % 2
    assert score("matthews", rows, rows) == pytest.approx(1)


def test_auc_by_hand():
    second = np.array([0.9, 0.4, 0.6, 0.4])  # pairs (has, has not): 0.9 > 0.6, 0.9 > 0.4, 0.4 < 0.6, 0.4 = 0.4
    probabilities = np.stack([1 - second, second], axis=1)
    assert score("auc", probabilities, [1, 1, 0, 0]) == 2.5 / 4
    assert math.isnan(score("auc", probabilities, [1, 1, 1, 1]))


def test_auc_leaves_out_labels_without_both_values():
    probabilities = [[0.9, 0.2, 0.1], [0.2, 0.3, 0.9], [0.4, 0.1, 0.8]]
    assert score("auc", probabilities, [[1, 0, 1], [0, 0, 1], [0, 0, 0]]) == pytest.approx((1 + 1 / 2) / 2)
    assert math.isnan(score("auc", probabilities, [[0, 0, 1]] * 3))


@few
@given(probable())
def test_auc_equals_sklearn(rows):
    probabilities, references = rows
    labels = probabilities.shape[1]
    if len(set(references)) < labels:
        return  # theirs is undefined
    theirs = (
        sk.roc_auc_score(references, probabilities[:, 1])
        if labels == 2
        else sk.roc_auc_score(references, probabilities, multi_class="ovr")
    )
    assert score("auc", probabilities, references) == pytest.approx(theirs)
    indicator = np.eye(labels, dtype=int)[references]
    assert score("auc", probabilities, indicator) == pytest.approx(sk.roc_auc_score(indicator, probabilities))


def test_log_loss_by_hand():
    assert score("log_loss", [[0.5, 0.5], [0.2, 0.8]], [0, 1]) == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2)
    assert score("log_loss", [[0.5, 0.8]], [[0, 1]]) == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2)
    assert score("log_loss", [[1.0, 0.0]], [1]) == pytest.approx(15.94, abs=0.01)


@few
@given(probable())
def test_log_loss_equals_sklearn(rows):
    probabilities, references = rows
    labels = range(probabilities.shape[1])
    assert score("log_loss", *rows) == pytest.approx(sk.log_loss(references, probabilities, labels=labels))


def test_calibration_error_by_hand():
    # One bin holds both rows at 0.8 (half of them right: gap 0.3), another the row at 0.6 (right: gap 0.4).
    probabilities = [[0.2, 0.8], [0.8, 0.2], [0.6, 0.4]]
    assert score("calibration_error", probabilities, [1, 1, 0]) == pytest.approx((2 * 0.3 + 0.4) / 3)
    assert score("calibration_error", [[1.0, 0.0]], [0]) == 0


def test_calibration_error_of_several_labels_takes_every_decision():
    # Decisions: yes at 0.8 (right), no at 0.8 (wrong), yes at 0.6 (right).
    assert score("calibration_error", [[0.8, 0.2, 0.6]], [[1, 1, 1]]) == pytest.approx((2 * 0.3 + 0.4) / 3)


def test_calibration_error_of_calibrated_probabilities_is_small():
    generator = np.random.default_rng(0)
    second = generator.uniform(size=20_000)
    references = (generator.uniform(size=20_000) < second).astype(int)
    probabilities = np.stack([1 - second, second], axis=1)
    assert score("calibration_error", probabilities, references) < 0.02
    assert score("calibration_error", np.round(probabilities), references) > 0.2  # overconfident
