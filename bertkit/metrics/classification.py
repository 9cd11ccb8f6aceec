"""Metrics of rows with one label (class indices) or several (0/1 for every label).

They count with numpy and give scikit-learn's figures (the tests compare them). A bootstrap calls a metric a thousand
times, and on 3000 rows with 77 labels scikit-learn's macro F1 takes 1.4 ms, or 16 ms with several labels per row. It
also reads a matrix of one label as two classes. The price is the code below.

A precision, recall or F1 that would divide by 0 is 0 (scikit-learn's `zero_division=0`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from bertkit.errors import DataError
from bertkit.metrics.metric import Array, Finish, ratio

Figure = Literal["precision", "recall", "f1"]
Average = Literal["binary", "macro", "micro", "weighted"]

CALIBRATION_BINS = 15
"""Guo et al. 2017, section 5."""
SMALLEST = float(np.finfo(np.float32).eps)
"""Least probability in the log loss, which is at most 15.9: models compute in single precision."""


def accuracy(predictions: Array, references: Array) -> float:
    """Share of rows that are right; with several labels per row, all of them must be (subset accuracy)."""
    return float(np.mean(right(predictions, references)))


def right(predictions: Array, references: Array) -> Array:
    """`(row,)`: where the label, or all of several, are right."""
    return (predictions == references).reshape(len(references), -1).all(axis=1)


def averaged(figure: Figure, average: Average) -> Callable[[Array, Array], float]:
    """Precision, recall or F1 over labels.

    `binary` is the figure of the second label (index 1), where there are just two. `micro` adds up all decisions; with
    one label per row this is the accuracy. `macro` is the plain mean over labels, `weighted` the mean weighted by their
    number of references. As in scikit-learn, the mean is over the labels that occur in predictions or references; with
    several labels per row it is over all labels, and one that never occurs counts 0.

    Raises (the function):
        DataError: `binary`, and there are more than two labels or several per row.
    """

    def score(predictions: Array, references: Array) -> float:
        hits, predicted, actual = _counts(predictions, references)
        if average == "binary":
            _check_two_labels(figure, len(hits), references)
            return float(figure_of(figure, hits, predicted, actual)[1])
        if average == "micro":
            hits, predicted, actual = (count.sum(keepdims=True) for count in (hits, predicted, actual))
        values = figure_of(figure, hits, predicted, actual)  # (label,)
        weights = {"macro": (predicted + actual > 0) | (references.ndim > 1), "micro": np.ones(1), "weighted": actual}
        return values @ weights[average] / max(weights[average].sum(), 1)

    return score


def micro_parts(predictions: Array, references: Array) -> Array:
    """Parts of the micro averages: with one label per row, whether it is right; else the row's hits, predicted and
    actual labels `(row, 3)`."""
    if references.ndim == 1:
        return right(predictions, references)
    return np.stack([(predictions & references).sum(axis=1), predictions.sum(axis=1), references.sum(axis=1)], axis=1)


def of_micro(figure: Figure) -> Finish:
    """A `finish` after `micro_parts`."""

    def finish(sums: Array, rows: int) -> dict[str, Array]:
        values = sums[:, 0] / rows if sums.shape[1] == 1 else figure_of(figure, *sums.T)
        return {f"micro_{figure}": values}

    return finish


def figure_of(figure: Figure, hits: Array, predicted: Array, actual: Array) -> Array:
    """Of counts, all of one shape; 0 where it would divide by 0."""
    below = {"precision": predicted, "recall": actual, "f1": (predicted + actual) / 2}[figure]
    return np.divide(hits, below, out=np.zeros(np.shape(hits)), where=below > 0)


precision, recall, f1 = (averaged(figure, "binary") for figure in ("precision", "recall", "f1"))


def two_labels(predictions: Array, references: Array) -> Array:
    """Parts of the figures of two labels, 0 or 1: `(row, 4)`.

    Whether the second label was predicted rightly, was predicted, was right; and whether the row is right.

    Raises:
        DataError: there are more than two labels or several per row.
    """
    _check_two_labels("f1", 1 + max(predictions.max(), references.max()), references)
    second = predictions == 1, references == 1
    return np.stack([second[0] & second[1], *second, predictions == references], axis=1)


def of_two_labels(*names: str) -> Finish:
    """A `finish` after `two_labels`: some of precision, recall, f1 and accuracy."""

    def finish(sums: Array, rows: int) -> dict[str, Array]:
        hits, predicted, actual, right = sums.T
        figures = {
            "precision": ratio(hits, predicted),
            "recall": ratio(hits, actual),
            "f1": ratio(hits, (predicted + actual) / 2),
            "accuracy": right / rows,
        }
        return {name: figures[name] for name in names}

    return finish


def _check_two_labels(figure: str, labels: int, references: Array) -> None:
    if references.ndim > 1 or labels > 2:
        number = "several labels per row" if references.ndim > 1 else f"at least {labels} labels"
        todo = f"use macro_{figure}, micro_{figure} or weighted_{figure}"
        raise DataError.at(f"metric {figure}", f"is for two labels, and there are {number}", todo)


def matthews(predictions: Array, references: Array) -> float:
    """Matthews' correlation, for two labels or more (Gorodkin 2004); 0 where either side has one label only.

    Raises:
        DataError: several labels per row.
    """
    if references.ndim > 1:
        raise DataError.at("metric matthews", "is for one label per row, and there are several", "use macro_f1")
    hits, predicted, actual = (count[None].astype(np.float64) for count in _counts(predictions, references))
    return float(matthews_of(hits, predicted, actual)[0])


def matthews_of(hits: Array, predicted: Array, actual: Array) -> Array:
    """`(sample,)`, of counts `(sample, label)` of one label per row."""
    rows = actual.sum(axis=1)
    covariance = hits.sum(axis=1) * rows - (predicted * actual).sum(axis=1)
    variances = (rows**2 - (predicted**2).sum(axis=1)) * (rows**2 - (actual**2).sum(axis=1))
    return np.divide(covariance, np.sqrt(variances), out=np.zeros(len(rows)), where=variances > 0)


def auc(predictions: Array, references: Array) -> float:
    """Area under the ROC curve: how often a row with the label gets a higher probability than a row without it.

    With two labels, the area of the second; otherwise the mean over labels, each against the rest. Labels of all rows,
    or of none, are left out; `nan` where no label remains. A tie counts half (Hanley & McNeil 1982).
    """
    areas = np.array([area_of(*label) for label in against_rest(predictions, references)])  # (label,)
    return np.nan if np.isnan(areas).all() else np.nanmean(areas)


def log_loss(predictions: Array, references: Array) -> float:
    """Mean of -ln(probability of the true label), in nats; with several labels per row, over all decisions."""
    return row_losses(predictions, references).mean()


def row_losses(predictions: Array, references: Array) -> Array:
    """The log loss of each row, `(row,)`."""
    probabilities, truth = _decisions(predictions, references)
    losses = -np.log(np.clip(probabilities[np.arange(len(truth)), truth], SMALLEST, 1))
    return losses.reshape(len(references), -1).mean(axis=1)


def calibration_error(predictions: Array, references: Array) -> float:
    """Expected calibration error: mean distance of confidence from accuracy (Guo et al. 2017, equation 3).

    Over 15 bins of equal width, open below, of the probability of the predicted label. With several labels per row,
    over all (row, label) decisions.
    """
    return confidence_error(*_confidence(predictions, references))


def gaps(predictions: Array, references: Array) -> Array:
    """Parts of the calibration error: see `confidence_gaps`."""
    return confidence_gaps(*_confidence(predictions, references), len(references))


def confidence_error(confidence: Array, right: Array) -> float:
    """The calibration error of decisions: their confidence, 0 to 1, and whether they are right; `(decision,)` each."""
    return np.abs(np.bincount(_bins(confidence), weights=confidence - right)).sum() / len(right)


def confidence_gaps(confidence: Array, right: Array, rows: int) -> Array:
    """Confidence minus right, in the bin of the confidence, as a mean over a row's decisions, and the variance that
    these would have if confidence were calibrated; `(row, 2 * bin)`."""
    bins, each = CALIBRATION_BINS + 1, len(right) // rows  # the first bin is that of a confidence of 0
    at = np.repeat(np.arange(rows), each) * bins + _bins(confidence)
    gaps, variances = (
        np.bincount(at, weights=weights, minlength=rows * bins).reshape(rows, bins)
        for weights in ((confidence - right) / each, confidence * (1 - confidence) / each**2)
    )
    return np.concatenate([gaps, variances], axis=1)


def of_gaps(sums: Array, rows: int) -> dict[str, Array]:
    """The `finish` after `confidence_gaps`."""
    return {"calibration_error": np.abs(sums[:, : CALIBRATION_BINS + 1]).sum(axis=1) / rows}


def _bins(confidence: Array) -> Array:
    return np.ceil(confidence.clip(max=1) * CALIBRATION_BINS).astype(int)


def _confidence(predictions: Array, references: Array) -> tuple[Array, Array]:
    """Probability of the likeliest choice, and whether it is right; `(decision,)` each."""
    probabilities, truth = _decisions(predictions, references)
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == truth


def against_rest(predictions: Array, references: Array) -> list[tuple[Array, Array]]:
    """Probability of a label and whether rows have it, `(row,)` each, for each label; of two, for the second alone."""
    has = references == 1 if references.ndim > 1 else references[:, None] == np.arange(predictions.shape[1])
    if references.ndim == 1 and predictions.shape[1] == 2:
        has, predictions = has[:, 1:], predictions[:, 1:]
    return list(zip(predictions.T, has.T, strict=True))


def area_of(probabilities: Array, has: Array) -> float:
    """The area of one label, from `(row,)` each; `nan` where all rows have it, or none."""
    with_it, without = probabilities[has], np.sort(probabilities[~has])
    # "left" counts lower ones, "right" also equal ones: their mean counts ties half.
    wins = sum(np.searchsorted(without, with_it, side).sum() for side in ("left", "right")) / 2
    pairs = len(with_it) * len(without)
    return wins / pairs if pairs else np.nan


def _counts(predictions: Array, references: Array) -> tuple[Array, Array, Array]:
    """How often each label was predicted rightly, was predicted, and was right; `(label,)` each."""
    if references.ndim > 1:
        return (predictions & references).sum(axis=0), predictions.sum(axis=0), references.sum(axis=0)
    labels = max(predictions.max(), references.max(), 1) + 1
    right = references[predictions == references]
    hits, predicted, actual = (np.bincount(side, minlength=labels) for side in (right, predictions, references))
    return hits, predicted, actual


def _decisions(predictions: Array, references: Array) -> tuple[Array, Array]:
    """Probabilities `(decision, choice)`, truth `(decision,)`: one per row, or no/yes for every label of every row."""
    if references.ndim == 1:
        return predictions, references
    return np.stack([1 - predictions, predictions], axis=-1).reshape(-1, 2), references.reshape(-1)
