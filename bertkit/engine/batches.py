"""A collated batch as arrays or as tensors.

Collators make numpy arrays, so that a backend without torch needs no torch; a collator of a user's own may make either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch


def tensors(batch: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Its arrays as tensors of the same memory; other values stay."""
    import torch

    return {name: torch.from_numpy(one) if isinstance(one, np.ndarray) else one for name, one in batch.items()}


def arrays(batch: dict[str, Any]) -> dict[str, np.ndarray]:
    """Its tensors, which must be on the CPU, as arrays of the same memory. Imports no torch."""
    return {name: np.asarray(one) for name, one in batch.items()}
