"""The cosine of unrelated texts."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.search.events.scale import CHINESE, OTHER, TEXTS, is_chinese, scale_of


def test_the_mean_cosine_of_each_language() -> None:
    vectors = np.zeros((len(TEXTS), 40), np.float32)
    vectors[: len(OTHER), : len(OTHER)] = np.eye(len(OTHER))
    vectors[len(OTHER) :, 20:32] = np.sqrt(0.4) * np.eye(len(CHINESE))
    vectors[len(OTHER) :, 39] = np.sqrt(0.6)
    assert scale_of(vectors) == (pytest.approx(0.6), pytest.approx(0))
    assert scale_of(np.ones_like(vectors)) == (0.95, 0.95)  # something of the scale is left


def test_languages() -> None:
    assert all(map(is_chinese, CHINESE))
    assert not any(map(is_chinese, OTHER))
    assert len(OTHER) == len(CHINESE) == len({*TEXTS}) / 2
