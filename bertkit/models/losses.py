"""Losses: logits and labels in, one number per row out, so that the Trainer can take the exact mean.

    name                  logits          labels                    formula
    cross_entropy         (row, label)    (row,) index              -log p[label]
    focal                 (row, label)    (row,) index              -(1 - p)^gamma log p, p = p[label]
    binary_cross_entropy  (row, label)    (row, label) 0 or 1       mean over labels of -log p(correct)
    binary_focal          (row, label)    (row, label) 0 or 1       mean over labels of -(1 - p)^gamma log p(correct)
    squared_error         (row, 1)        (row,) number             (logit - label)^2

Your own loss is a function `(logits, labels) -> (row,)`, named in `options.loss`. Focal loss: Lin et al. 2017, equation
4; use it if most rows are easy, and class weights if classes differ in size.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bertkit import plugins
from bertkit.errors import BertkitError, PluginError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

LOSSES = {
    "cross_entropy": "bertkit.models.losses:cross_entropy",
    "focal": "bertkit.models.losses:focal",
    "binary_cross_entropy": "bertkit.models.losses:binary_cross_entropy",
    "binary_focal": "bertkit.models.losses:binary_focal",
    "squared_error": "bertkit.models.losses:squared_error",
}


def check_name(name: str, own: Sequence[str]) -> str:
    """The name; a ValueError unless it is a loss of the task (`own`), an entry point or a Reference."""
    usable = [known for known in plugins.names("loss") if known in own or known not in LOSSES]
    if ":" not in name and name not in usable:
        todo = f"write {name}:NAME" if name.endswith(".py") else did_you_mean(name, usable)
        raise ValueError(f"no such loss here: {name}; {todo}")
    return name


def cross_entropy(logits: Tensor, labels: Tensor, *, smoothing: float = 0.0) -> Tensor:
    """`(row, label)`, `(row,)` -> `(row,)`. `smoothing` spreads that share over all labels (Szegedy et al. 2016)."""
    from torch.nn import functional

    return functional.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing)


def focal(logits: Tensor, labels: Tensor, *, gamma: float = 2.0) -> Tensor:
    """`(row, label)`, `(row,)` -> `(row,)`; gamma 2 is the paper's best (Lin et al. 2017, table 1b)."""
    log_p = -cross_entropy(logits, labels)  # (row,)
    return -(_missing(log_p) ** gamma) * log_p


def binary_cross_entropy(
    logits: Tensor, labels: Tensor, *, smoothing: float = 0.0, positive_weight: Tensor | None = None
) -> Tensor:
    """`(row, label)`, `(row, label)` -> `(row,)`. `positive_weight` `(label,)` scales the loss of present labels."""
    from torch.nn import functional

    targets = labels.to(logits.dtype) * (1 - smoothing) + smoothing / 2
    each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none", pos_weight=positive_weight)
    return each.mean(-1)


def binary_focal(
    logits: Tensor, labels: Tensor, *, gamma: float = 2.0, positive_weight: Tensor | None = None
) -> Tensor:
    """`(row, label)`, `(row, label)` -> `(row,)`."""
    from torch.nn import functional

    targets = labels.to(logits.dtype)
    each = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")  # (row, label)
    each = _missing(-each) ** gamma * each
    if positive_weight is not None:
        each = each * (1 + (positive_weight - 1) * targets)
    return each.mean(-1)


def _missing(log_p: Tensor) -> Tensor:
    """1 - p, at least 1e-12: at 0 the gradient of a root (gamma below 1) is infinite."""
    return (-log_p.expm1()).clamp_min(1e-12)


def squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    """`(row, 1)`, `(row,)` -> `(row,)`."""
    return (logits.squeeze(-1) - labels).square()


def checked(loss: Callable[[Tensor, Tensor], Tensor], name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """A user's loss, checked to return one number per row: with a mean the Trainer's exact mean would be wrong.

    Raises:
        PluginError: when called, if it raises, or returns another shape or no gradient.
    """
    import torch

    @functools.wraps(loss)
    def call(logits: Tensor, labels: Tensor) -> Tensor:
        todo = "return one number per row (reduction='none')"
        try:
            each = loss(logits, labels)
        except (BertkitError, torch.OutOfMemoryError):
            raise
        except Exception as error:
            raise PluginError.at("options.loss", f"{name}: {plugins.raised(error)}", todo) from error
        if not isinstance(each, torch.Tensor):
            raise PluginError.at("options.loss", f"{name}: returned {type(each).__name__}, not a tensor", todo)
        if tuple(each.shape) != (len(logits),):
            what = f"{name}: returned a tensor of shape {tuple(each.shape)} for {len(logits)} rows"
            raise PluginError.at("options.loss", what, todo)
        if logits.requires_grad and not each.requires_grad:
            what = f"{name}: returned numbers without a gradient, which can not be trained"
            raise PluginError.at("options.loss", what, "compute them from the logits, in torch and without detach()")
        return each

    return call
