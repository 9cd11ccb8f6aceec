"""Capitals."""

from __future__ import annotations

import pytest

from tests.understand.robustness.perturbations.helpers import perturbed


@pytest.mark.parametrize(
    ("name", "text", "new"),
    [
        ("upper_case", "Don't go to Straße 5!", "DON'T GO TO STRASSE 5!"),
        ("lower_case", "Don't GO to İzmir", "don't go to i̇zmir"),
        ("title_case", "don't go to the e-mail of o'clock, 'yes'", "Don't Go To The E-Mail Of O'clock, 'Yes'"),
        ("title_case", "北京 x", "北京 X"),
        ("upper_case", "北京", "北京"),
    ],
)
def test_capitals(name: str, text: str, new: str) -> None:
    assert perturbed(name, text) == new
