"""Label metrics of resamples against scikit-learn with rows repeated, and by hand where a label is lacking."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sklearn

from bertkit.metrics.resamples import labels

PREDICTED = np.array([0, 0, 1, 1, 2, 0])
ACTUAL = np.array([0, 0, 1, 0, 2, 1])
COUNTS = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 1, 3, 1, 0], [0, 1, 2, 0, 2, 4]], dtype=float)


def drawn(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.repeat(np.arange(len(ACTUAL)), counts.astype(int))
    return PREDICTED[rows], ACTUAL[rows]


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("figure", ["precision", "recall", "f1"])
def test_averages(figure: str, average: str) -> None:
    got = labels.in_resamples(figure, average)(PREDICTED, ACTUAL)(COUNTS)[f"{average}_{figure}"]
    for value, counts in zip(got, COUNTS, strict=True):
        predicted, actual = drawn(counts)
        again = getattr(sklearn, f"{figure}_score")(
            actual, predicted, labels=[0, 1, 2], average=average, zero_division=0
        )
        assert value == pytest.approx(again)


def test_a_label_that_a_resample_lacks_counts_0_in_the_mean_over_all() -> None:
    """Rows 0 and 2 alone: F1 of the first two labels is 1, of the third 0."""
    got = labels.in_resamples("f1", "macro")(PREDICTED, ACTUAL)(np.array([[1.0, 0, 1, 0, 0, 0]]))
    assert got == {"macro_f1": pytest.approx(2 / 3)}


def test_several_labels_per_row() -> None:
    predicted, actual = np.array([[1, 0], [1, 1], [0, 1]]), np.array([[1, 0], [0, 1], [0, 1]])
    got = labels.in_resamples("precision", "macro")(predicted, actual)(np.array([[1.0, 3, 1]]))
    assert got == {"macro_precision": pytest.approx((1 / 4 + 1) / 2)}  # first label: one right of four predicted


def test_matthews() -> None:
    got = labels.matthews_in_resamples(PREDICTED, ACTUAL)(COUNTS)["matthews"]
    for value, counts in zip(got, COUNTS, strict=True):
        predicted, actual = drawn(counts)
        assert value == pytest.approx(sklearn.matthews_corrcoef(actual, predicted))


def test_auc_of_two_labels_with_equal_probabilities() -> None:
    second = np.array([0.9, 0.4, 0.4, 0.7, 0.1, 0.4])
    actual = np.array([1, 0, 1, 1, 0, 0])
    got = labels.auc_in_resamples(np.stack([1 - second, second], axis=1), actual)(COUNTS)["auc"]
    for value, counts in zip(got, COUNTS, strict=True):
        rows = np.repeat(np.arange(6), counts.astype(int))
        assert value == pytest.approx(sklearn.roc_auc_score(actual[rows], second[rows]))


def test_a_label_without_an_area_in_a_resample_keeps_that_of_the_whole_set() -> None:
    second, actual = np.array([0.9, 0.2, 0.6, 0.7]), np.array([1, 0, 1, 0])
    whole = sklearn.roc_auc_score(actual, second)
    got = labels.auc_in_resamples(np.stack([1 - second, second], axis=1), actual)(np.array([[1.0, 0, 3, 0]]))
    assert got["auc"] == pytest.approx([whole])
    one_label = labels.auc_in_resamples(np.stack([1 - second, second], axis=1), np.zeros(4, int))(np.ones((2, 4)))
    assert np.isnan(one_label["auc"]).all()
