"""From which probability a label is given, where a row may have several: searched on the validation rows for F1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def best_thresholds(probabilities: np.ndarray, present: np.ndarray, *, few: int = 10) -> list[float]:
    """The threshold of each label that gives it the best F1; `(row, label)` floats and 0/1.

    A label with fewer than `few` rows takes the threshold that is best for all labels together (micro F1): on so few
    rows its own would be chance. Between two probabilities the threshold lies half-way.
    """
    shared = _best_threshold(probabilities.ravel(), present.ravel())
    own = np.asarray(present).sum(0) >= few
    return [
        _best_threshold(probabilities[:, label], present[:, label]) if own[label] else shared
        for label in range(present.shape[1])
    ]


def _best_threshold(probabilities: np.ndarray, present: np.ndarray) -> float:
    order = np.argsort(-probabilities, kind="stable")
    p, hits = probabilities[order], np.cumsum(present[order])
    if not len(p) or hits[-1] == 0:
        return 0.5
    f1 = 2 * hits / (np.arange(1, len(p) + 1) + hits[-1])
    ends = np.append(p[1:] < p[:-1], True)  # only a step between two different probabilities can be a threshold
    best = int(np.argmax(np.where(ends, f1, -1)))
    below = p[best + 1] if best + 1 < len(p) else 0.0
    middle = (p[best] + below) / 2
    return float(middle if below < middle else p[best])  # two neighbouring floats have no middle


def start_at_shares(model: Any, shares: Sequence[float], weights: Sequence[float] | None = None) -> None:
    """Let a new head give each label the probability that its share of the rows says (Lin et al. 2017, section 4.1).

    Else the first hundreds of steps only push all labels down, and squash the encoded on the way: with the demo's
    twelve labels, MiniLM was at macro F1 0.16 after twelve epochs, and at 0.86 so. A head that was trained is left.

    Args:
        shares: above 0 and below 1, a label each; `weights`: of the rows that have the label, where they are weighted.
    """
    import torch
    from torch import nn

    last = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear) and m.out_features == len(shares)][-1:]
    for name, layer in last:
        if layer.bias is not None and f"{name}.bias" in model.new_weights:
            p = np.array(shares) * np.array(weights if weights else [1.0] * len(shares))
            with torch.no_grad():
                layer.bias.copy_(torch.from_numpy(np.log(p / (1 - np.array(shares)))))
