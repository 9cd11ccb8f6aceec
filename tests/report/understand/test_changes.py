"""What is marked in a changed text."""

from __future__ import annotations

import pytest

from bertkit.report.understand.changes import marked


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a b c", "a x c", "a <mark>x</mark> c"),
        ("a b", "a", "a<del></del>"),
        ("a", "a <i>", "a<mark> &lt;i&gt;</mark>"),
        ("a b", "a b", "a b"),
        ("a\u202eb", "a\u202ec", None),
    ],
)
def test_what_is_marked(before: str, after: str, shown: str | None) -> None:
    text = str(marked(before, after))
    assert "\u202e" not in text
    assert shown is None or text == shown
