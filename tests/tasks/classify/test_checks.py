from __future__ import annotations

import numpy as np
import pytest

from bertkit.tasks.classify.checks import no_better

NAMES = ["a", "b", "c"]


@pytest.mark.parametrize(
    ("predicted", "outputs", "words"),
    [
        ([0, 0, 1, 2], None, None),
        ([0, 0, 0, 0], None, "accuracy 0.500: no better than always predicting a (0.500)"),
        ([1, 1, 0, 0], None, "below chance: check that labels and rows belong together"),
        ([1, 1, 2, 0], [0, 1, 2], "it would be 1.000 if the outputs were labels=c,a,b"),
    ],
)
def test_no_better_than_the_majority(predicted: list[int], outputs: list[int] | None, words: str | None) -> None:
    found = no_better(np.array(predicted), np.array([0, 0, 1, 2]), NAMES, outputs)
    assert found == [] if words is None else words in found[0]
