"""Punctuation."""

from __future__ import annotations

import pytest

from tests.understand.robustness.perturbations.helpers import perturbed


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Is it late ? Yes .", "Is it late Yes"),
        ("don't e-mail a.b@c.de, pay 3.50!", "don't e-mail a.b@c.de pay 3.50"),
        ("(yes) \"no\" 'maybe'", "yes no maybe"),
        ("你好，世界。", "你好世界"),
        ("... !!!", ""),
        ("$5 + 3 = 8", "$5 + 3 = 8"),
    ],
)
def test_removed(text: str, new: str) -> None:
    assert perturbed("punctuation_removed", text).strip() == new


def test_added() -> None:
    new = perturbed("punctuation_added", "where is my parcel")
    assert new.startswith("where, is, my, parcel")
    assert new[-1] in ".!;"
    assert perturbed("punctuation_added", "it is late!") == "it, is, late!"
    assert perturbed("punctuation_added", "他来了")[-1] in "。！…"
    assert perturbed("punctuation_added", "late?") == "late?"
