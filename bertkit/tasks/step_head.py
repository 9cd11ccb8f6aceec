"""StepHead: a head whose loss compares the rows of a step with each other, such as in-batch negatives.

Such a loss does not add up over micro-batches or processes: a row of one micro-batch needs the vectors of all others.
By gradient caching (Gao et al. 2021, section 3.2) the Trainer first computes the features of the whole step without
gradients, then the loss and its gradient with respect to them, and then each micro-batch again, with that gradient
(training/step_loss.py). So 64x1, 16x4 and two processes of 32 give the same loss and gradient. The price: a second
forward pass, about a third more time, which a step of a single micro-batch does not pay.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from bertkit.tasks.head import Head

if TYPE_CHECKING:
    import torch


class StepHead(Head):
    """Required besides a Head's: `features` and `row_losses`, in place of `losses`.

    While a step is trained, all its rows are compared. Evaluation has no loss: it would depend on how the rows are
    divided into batches.
    """

    whole_step = True

    @abstractmethod
    def features(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(row, part, size)` float32: all that the loss needs of the model's outputs. Parts are those of a row, such
        as a text and its positive; rows with fewer parts have zeros."""

    def step_targets(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The targets that `row_losses` needs, each `(row, ...)` with at most two dimensions."""
        return {name: batch[name] for name in self.targets}

    @abstractmethod
    def row_losses(self, features: torch.Tensor, targets: dict[str, torch.Tensor]) -> torch.Tensor:
        """`(row, part of the loss)`: each row's loss, among all rows of the step.

        Args:
            features, targets: of all rows of the step.
        """

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The loss of a batch that is a whole step."""
        return self.row_losses(self.features(outputs, batch), self.step_targets(batch)).sum(0)
