"""Scores of how far a row lies outside all labels; higher is further outside.

- `class`: the probability of the label of such rows, learnt from some of them (Larson et al. 2019, section 4);
- `probability`: 1 minus the highest probability of a label (Hendrycks & Gimpel 2017);
- `energy`: minus the log of the sum of all exponentiated scores (Liu et al. 2020, equation 4);
- `mahalanobis`: the distance to the nearest label's mean in the features that the output layer reads, in units of their
  spread within labels (Lee et al. 2018, section 2.1; Podolskiy et al. 2021 for texts).

All but the first compare the labels in scope alone, and need no rows outside.
"""

from __future__ import annotations

import base64
import functools
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from bertkit.metrics.metric import Array

By = Literal["class", "probability", "energy", "mahalanobis"]
RIDGE = 1e-3
"""Least that is added to each direction's variance, as a share of their mean: directions without spread would decide
alone. With few rows it is the number of directions by that of rows: on CLINC150 (15,000 rows, 384 directions) anything
from 1e-6 to 0.1 gives the same area under the ROC curve to 0.001."""


class LabelMeans(BaseModel):
    """What `mahalanobis` keeps of the training rows: numbers as base64 of float32, as they are many."""

    size: int = Field(gt=0)
    """Of a feature vector."""
    whitening: str
    """`(size, size)`: features times this have the same spread in all directions."""
    means: str
    """`(label in scope, size)`, whitened."""

    @classmethod
    def of(cls, features: Array, labels: Array, count: int) -> LabelMeans:
        """
        Args:
            features: of training rows in scope, `(row, size)`.
            labels: number of each one's label `(row,)`, below `count`. A label without rows has no mean.
        """
        rows = np.bincount(labels, minlength=count)  # (label,)
        sums = np.zeros((count, features.shape[1]))
        np.add.at(sums, labels, features)
        means = sums / np.maximum(rows, 1)[:, None]
        apart = features - means[labels]
        variances, directions = np.linalg.eigh(apart.T @ apart / len(features))
        ridge = max(RIDGE, features.shape[1] / len(features)) * max(float(variances.mean()), 1e-12)
        whitening = directions / np.sqrt(variances.clip(0) + ridge)
        return cls(size=features.shape[1], whitening=_packed(whitening), means=_packed((means @ whitening)[rows > 0]))

    def distances(self, features: Array) -> Array:
        """Distance of each row to the nearest mean, `(row,)`."""
        whitening, means = self._arrays
        white = features @ whitening  # (row, size)
        squares = (white**2).sum(1)[:, None] - 2 * white @ means.T + (means**2).sum(1)  # (row, label)
        return np.sqrt(squares.min(1).clip(0))

    @functools.cached_property
    def _arrays(self) -> tuple[Array, Array]:
        return _unpacked(self.whitening, self.size), _unpacked(self.means, self.size)


def scores_of(by: By, logits: Array, outside: int, means: LabelMeans | None, features: Array | None) -> Array:
    """The score of each row, `(row,)`.

    Args:
        logits: of all labels, calibrated, `(row, label)`.
        outside: number of the label of rows outside.
        means, features: for `mahalanobis`.
    """
    if by == "class":
        return _logsumexp(logits[:, [outside]]) - _logsumexp(logits)
    if by == "mahalanobis":
        assert means is not None and features is not None
        return means.distances(features)
    own = np.delete(logits, outside, axis=1)
    return -_logsumexp(own) if by == "energy" else _logsumexp(own) - own.max(1)


def _logsumexp(scores: Array) -> Array:
    top = scores.max(1)
    return np.asarray(top + np.log(np.exp(scores - top[:, None]).sum(1)))


def _packed(numbers: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, dtype="<f4").tobytes()).decode()


def _unpacked(text: str, size: int) -> Array:
    return np.frombuffer(base64.b64decode(text), dtype="<f4").reshape(-1, size).astype(np.float64)


def probabilities(scores: Array, line: list[float]) -> Array:
    """The probability that each row is outside, `(row,)`: a logistic function of its score (Platt 1999).

    Args:
        line: from `line_of`.
    """
    return np.asarray(1 / (1 + np.exp(-(line[0] * scores + line[1]).clip(-700, 700))))


def assumed_line(inside: Array, threshold: float) -> list[float]:
    """Slope and offset where there is nothing to fit: one half at the threshold, a twentieth in the middle of the rows
    inside.

    Args:
        inside: their scores, `(row,)`.
    """
    apart = threshold - float(np.median(inside))
    slope = np.log(19) / apart if apart > 0 else 1.0
    return [float(slope), float(-slope * threshold)]


def line_of(scores: Array, outside: Array) -> list[float] | None:
    """Slope and offset of that function; None where scores do not tell the rows apart in the right direction.

    Args:
        outside: `(row,)` bools.
    """
    from scipy.optimize import minimize

    middle, spread = float(np.median(scores)), float(scores.std()) or 1.0
    x, sign = (scores - middle) / spread, np.where(outside, -1.0, 1.0)

    def loss(numbers: Array) -> tuple[float, Array]:
        odds = sign * (numbers[0] * x + numbers[1])
        slope = sign / (1 + np.exp(-odds.clip(-700, 700))) / len(x)
        penalty = 1e-4 * numbers[0] ** 2  # where scores divide the rows fully, the slope would grow without end
        return float(np.logaddexp(0, odds).mean() + penalty), np.array(
            [(slope * x).sum() + 2e-4 * numbers[0], slope.sum()]
        )

    a, b = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return [float(a / spread), float(b - a * middle / spread)] if a > 0 else None
