"""The `options:` and the state of `rerank`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator

from bertkit.models import losses
from bertkit.recipe.references import Reference
from bertkit.tasks.texts import TextOptions

OWN_LOSSES = ("binary_cross_entropy", "squared_error")


class RerankOptions(TextOptions):
    window_pooling: Literal["mean", "max"] = "max"
    """How the logits of a document's windows are combined: the best counts, or their mean (MaxP: Dai & Callan 2019)."""
    loss: Reference = "binary_cross_entropy"
    """`binary_cross_entropy` of grades divided by the greatest one of the training rows, `squared_error` of the grades
    themselves, or a Reference to `(logits, labels) -> (row,)` with logits `(row, 1)` and grades `(row,)`."""
    activation: Literal["sigmoid", "identity"] | None = None
    """How a logit becomes a score. Default: `sigmoid`; `identity` with `squared_error`."""

    @field_validator("loss")
    @classmethod
    def _check_loss(cls, name: str) -> str:
        return losses.check_name(name, OWN_LOSSES)

    @property
    def scales(self) -> bool:
        """Whether the loss takes grades of 0 to 1."""
        return self.loss == "binary_cross_entropy"

    @property
    def score_by(self) -> Literal["sigmoid", "identity"]:
        """`activation`, or its default."""
        return self.activation or ("identity" if self.loss == "squared_error" else "sigmoid")


class RerankState(BaseModel):
    greatest: float | None = Field(default=None, gt=0)
    """The greatest grade of the training rows."""
