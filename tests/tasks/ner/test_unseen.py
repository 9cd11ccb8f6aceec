"""Tags of words that are not seen."""

from __future__ import annotations

import pytest

from bertkit.data.columns.schemes import Scheme, broken
from bertkit.tasks.ner.unseen import fill, settle


@pytest.mark.parametrize(
    ("scheme", "tags", "unseen", "expected"),
    [
        ("IOB2", "B-P I-P O", {0}, "O B-P O"),
        ("IOB2", "B-P I-P I-P", {1}, "B-P I-P I-P"),
        ("IOB2", "B-P O I-P", {1}, "B-P I-P I-P"),
        ("IOB2", "B-P O B-P", {1}, "B-P O B-P"),
        ("IOB2", "B-P O I-Q", {1}, "B-P O I-Q"),
        ("IOB2", "B-P I-P", {1}, "B-P O"),
        ("IOB2", "B-P I-P I-P O", {0, 1}, "O O B-P O"),
        ("IOB2", "O B-P", {1}, "O O"),
        ("IO", "I-P I-P I-P", {0, 1}, "O O I-P"),
        ("IOB1", "I-P I-P I-P", {1}, "I-P I-P I-P"),
        ("BIOES", "B-P I-P E-P", {0}, "O B-P E-P"),
        ("BIOES", "B-P I-P E-P", {0, 2}, "O S-P O"),
        ("BIOES", "B-P E-P S-P", {2}, "B-P E-P O"),
        ("BMES", "B-P M-P E-P", {1}, "B-P M-P E-P"),
        ("BMES", "B-P M-P M-P E-P", {2, 3}, "B-P E-P O O"),
        ("BILOU", "B-P L-P", {0}, "O U-P"),
    ],
)
def test_entities_begin_and_end_with_words_that_are_seen(
    scheme: Scheme, tags: str, unseen: set[int], expected: str
) -> None:
    assert " ".join(settle(tags.split(), unseen, scheme)) == expected
    if not broken(tags.split(), scheme):
        assert not broken(expected.split(), scheme)


def test_words_without_any_that_is_seen() -> None:
    assert fill([], {0, 1}, "IOB2") == ["O", "O"]
