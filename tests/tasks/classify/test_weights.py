from __future__ import annotations

from collections import Counter

import pytest

from bertkit.tasks.classify.weights import counts_of, weights


def test_counts_of_one_label_or_several() -> None:
    assert counts_of(["a", "b", "a"]) == Counter(a=2, b=1)
    assert counts_of([["a", "b"], [], ["a"]]) == Counter(a=2, b=1)


def test_weights() -> None:
    counts = Counter(a=3, b=1)
    assert weights("auto", counts, ["a", "b", "c"], 4, False) == pytest.approx([4 / 6, 2.0, 1.0])
    assert weights("auto", counts, ["a", "b"], 4, True) == pytest.approx([1 / 3, 3.0])
    assert weights({"b": 5.0}, counts, ["a", "b"], 4, False) == [1.0, 5.0]
