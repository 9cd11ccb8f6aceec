"""Perturbed texts."""

from __future__ import annotations

import numpy as np

from bertkit.understand.robustness.edits import Edited
from bertkit.understand.robustness.perturbations.table import named


def perturbed(name: str, text: str, seed: int = 0, strength: float = 1.0) -> str:
    """The text after the perturbation of this name; the text itself where it does not apply."""
    (one,) = named([name])
    return Edited(text, one.edit(text, np.random.default_rng(seed), strength)).text
