"""Half of a surrogate pair is no character, and the message says what to do."""

from __future__ import annotations

import pytest

from bertkit.data.columns.characters import check_characters
from bertkit.data.read.rows import Unusable


def test_whole_characters_are_fine() -> None:
    for text in ("", "plain", "我的包裹", "\U0001f4e6", "a\u200cb"):
        check_characters(text)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(Unusable, match="holds half a character") as error:
        check_characters("cut \ud83d")
    assert str(error.value.problem.setting) == "--set data.encoding_errors=replace"
