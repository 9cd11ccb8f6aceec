"""White space."""

from __future__ import annotations

from tests.understand.robustness.perturbations.helpers import perturbed


def test_doubled() -> None:
    assert perturbed("space_doubled", "a b, c d") == "a  b, c  d"
    assert perturbed("space_doubled", "我在北京。") == "我 在 北 京。"


def test_inside_a_word() -> None:
    for seed in range(10):
        new = perturbed("space_inserted", "the parcel", seed)
        assert new.replace(" ", "") == "theparcel"
        before, after = new.removeprefix("the ").split(" ")
        assert len(before) >= 2
        assert after


def test_left_out() -> None:
    assert perturbed("space_removed", "it is late, now") == "itislate, now"
    assert perturbed("space_removed", "我在北京") == "我在北京"
