"""Which rows are out of scope: a score, chosen on the validation rows, and the threshold above which a row is outside.

The threshold lets at least a share of the validation rows in scope through (`out_of_scope_coverage`), so it needs no
rows outside, and does not depend on how many of them happen to be there. Where there are some, the score with the
largest area under the ROC curve is chosen, the probability of being outside is fitted, and among the thresholds the one
with the highest recall minus false positives (Youden 1950); without any it is the distance, and the probability is
assumed (`assumed_line`).
"""

from __future__ import annotations

import logging
from typing import Any, get_args

import numpy as np
from pydantic import BaseModel, Field

from bertkit.metrics.metric import Array
from bertkit.metrics.reliability.detection import area, best_threshold, threshold_at
from bertkit.tasks.classify.out_of_scope.scores import By, LabelMeans, assumed_line, line_of, probabilities, scores_of
from bertkit.warn import warn

log = logging.getLogger("bertkit")

CHANCE = 0.5
"""Area under the ROC curve of a score that says nothing."""
FEW = 20
"""Fewest validation rows outside by which a score is chosen: of fewer the areas are apart by chance."""


class OutsideState(BaseModel):
    """What is learnt of rows outside."""

    trained: bool = False
    """Whether training rows have the label, so that `class` can be chosen."""
    means: LabelMeans | None = None
    by: By | None = None
    """None: not chosen yet."""
    threshold: float = 0.0
    line: list[float] | None = Field(default=None, min_length=2, max_length=2)
    """Slope and offset of the probability (`scores.probabilities`)."""
    areas: dict[str, float] = {}
    """Area under the ROC curve of each score that was tried, on the validation rows."""


class Detector:
    """Decides whether a row is outside all labels.

    Args:
        outside: number of the label of such rows.
        options: with `out_of_scope_by` and `out_of_scope_coverage`.
        state: an OutsideState as JSON values; a copy of it holds what is learnt (`dumped`).
    """

    def __init__(self, outside: int, options: Any, state: dict[str, Any] | None):
        self.outside, self.by, self.coverage = outside, options.out_of_scope_by, options.out_of_scope_coverage
        self.state = OutsideState(**(state or {}))
        self.reason = ""
        """Why nothing could be chosen, if it is known."""

    @property
    def is_ready(self) -> bool:
        """Whether it decides; else the likeliest label does."""
        return self.state.by is not None

    def inside(self, logits: Array, labels: Array) -> tuple[Array, Array]:
        """Rows and labels in scope alone: logits `(row, label)`, and numbers among these labels `(row,)`."""
        rows = labels != self.outside
        return np.delete(logits[rows], self.outside, axis=1), labels[rows] - (labels[rows] > self.outside)

    def learn(self, features: Array, labels: Array, count: int) -> None:
        """Keep the means of training rows (arguments as `LabelMeans.of`, with rows outside too)."""
        inside = labels != self.outside
        self.state.means = LabelMeans.of(features[inside], labels[inside], count)

    def tune(self, logits: Array, features: Array | None, labels: Array) -> None:
        """Choose score and threshold.

        Args:
            logits: calibrated, `(row, label)`.
            features: `(row, size)`; None where the head gives none.
            labels: `(row,)`.
        """
        outside = labels == self.outside
        self.state.by, self.state.line, self.state.areas = None, None, {}
        if outside.all():
            self.reason = "no validation row is in scope"
            return
        tried: list[Any] = [self.by] if self.by != "auto" else [*get_args(By)]
        if not self.state.trained and self.by == "auto":
            tried.remove("class")
        if self.state.means is None or features is None:
            tried = [by for by in tried if by != "mahalanobis"]
        if not tried:
            return
        scores = {by: scores_of(by, logits, self.outside, self.state.means, features) for by in tried}
        best = tried[-1]
        if known := outside.sum() >= FEW:
            self.state.areas = {by: area(values, outside) for by, values in scores.items()}
            best = max(tried, key=lambda by: self.state.areas[by])
        self.state.by, self.state.threshold = best, threshold_at(scores[best][~outside], self.coverage)
        if known:
            self.state.threshold = best_threshold(scores[best], outside, self.state.threshold)
        fitted = line_of(scores[best], outside) if known else None
        self.state.line = fitted or assumed_line(scores[best][~outside], self.state.threshold)
        if best != "mahalanobis":
            self.state.means = None  # a megabyte or more that nothing reads

    def judged(self, logits: Array, features: Array | None) -> tuple[Array, Array]:
        """Scores and whether each row is outside, `(row,)` each (arguments as `tune`)."""
        assert self.state.by is not None
        scores = scores_of(self.state.by, logits, self.outside, self.state.means, features)
        return scores, scores > self.state.threshold

    def probabilities(self, scores: Array) -> Array:
        """The probability that each row is outside, `(row,)`."""
        assert self.state.line is not None
        return probabilities(scores, self.state.line)

    def log(self) -> None:
        """Log what was chosen, or warn that nothing was."""
        if self.state.by is None:
            reason = "the model gives no features; set options.out_of_scope_by: energy"
            warn(f"rows out of scope have the likeliest label, as any other: {self.reason or reason}")
            return
        if self.state.areas.get(self.state.by, 1.0) <= CHANCE:
            what = f"{self.state.by} tells rows out of scope no better than chance"
            warn(f"{what} ({self.state.areas[self.state.by]:.3f}); try options.out_of_scope_by: auto")
        areas = ", ".join(f"{by} {value:.3f}" for by, value in self.state.areas.items())
        why = f" (area under the ROC curve on the validation rows: {areas})" if areas else ""
        log.info("out of scope: by %s%s", self.state.by, why)

    def dumped(self) -> dict[str, Any]:
        """The state as JSON values."""
        return self.state.model_dump(mode="json")
