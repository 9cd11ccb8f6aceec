"""A metric's figures again, by its reference, and the differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bertkit.metrics.metric import Metric

TOLERANCE = 1e-9
"""Greatest difference, as a share of the figure (or of 1, if that is more), that is rounding."""


@dataclass(frozen=True)
class Recomputed:
    """A figure of bertkit's and of the reference."""

    figure: str
    value: float
    reference: float | None
    """None where the metric has no reference for it."""
    by: str
    """What computed the reference (`Trusted.source`), or an empty text."""
    explained: str = ""
    """Why the two may differ on these rows."""

    @property
    def difference(self) -> float | None:
        if self.reference is None:
            return None
        if self.value == self.reference or (math.isnan(self.value) and math.isnan(self.reference)):
            return 0.0
        return self.value - self.reference

    @property
    def as_dict(self) -> dict[str, Any]:
        """The figure, its reference and their difference; `explained` is why they differ, `wrong` that nothing does."""
        gap = self.difference
        same = gap is None or abs(gap) <= TOLERANCE * max(1.0, abs(self.reference or 0.0))
        return {
            "figure": self.figure, "value": self.value, "reference": self.reference, "difference": gap, "by": self.by,
            "explained": "" if same else self.explained, "wrong": not same and not self.explained,
        }  # fmt: skip


def recompute(metric: Metric, predictions: Any, references: Any) -> list[Recomputed]:
    """Each of the metric's figures beside that of its reference.

    Raises:
        DataError, PluginError: as calling the metric does, or the reference's function fails.
    """
    predicted, actual = metric.checked(predictions, references)
    figures, trusted = metric(predicted, actual), metric.reference
    if trusted is None:
        return [Recomputed(name, value, None, "") for name, value in figures.items()]
    result = trusted.function(predicted, actual)
    again = {k: float(v) for k, v in result.items()} if isinstance(result, Mapping) else {metric.keys[0]: float(result)}
    why = trusted.explains(predicted, actual) if trusted.explains else ""
    return [Recomputed(n, v, again.get(n), trusted.source if n in again else "", why) for n, v in figures.items()]
