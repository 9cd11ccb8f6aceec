"""Chinese: sounds, scripts, and punctuation."""

from __future__ import annotations

from bertkit.understand.robustness.perturbations.chinese_tables import SAME_SOUND
from tests.understand.robustness.perturbations.helpers import perturbed


def test_characters_become_others_of_the_same_sound() -> None:
    text = "他在这里"
    for seed in range(10):
        for old, new in zip(text, perturbed("chinese_homophone", text, seed), strict=True):
            assert new == old or new in SAME_SOUND[old]
    assert perturbed("chinese_homophone", "hello") == "hello"


def test_the_other_script_and_back() -> None:
    assert perturbed("chinese_script", "我们说话，里面没有问题。") == "我們說話，里面沒有問題。"
    assert perturbed("chinese_script", "我們說話") == "我们说话"
    assert perturbed("chinese_script", "里面") == "里面"


def test_half_width_punctuation() -> None:
    assert perturbed("chinese_half_width", "他说：“好，来！”（真的）") == '他说:"好,来!"(真的)'
