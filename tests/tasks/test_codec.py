"""What a codec gets without writing it; tests/contract has what every task's own must do."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.tasks.codec import Codec, Mark

REQUIRED = ("encode", "collator", "decode", "to_columns", "parse", "to_text", "answer_columns")


def codec(**members: Any) -> Any:
    return type("Mine", (Codec,), {name: lambda self, *_: None for name in REQUIRED} | members)


def test_defaults() -> None:
    mine = codec()()
    assert mine.draws is False
    assert mine.marks({"label": "x"}) == []
    assert mine.word_probabilities({}, None, []) == []
    assert mine.files([{"label": "x"}], [{"text": "y"}]) == {}
    assert Mark("plain") == ("plain", "", 1.0)


@pytest.mark.parametrize("name", REQUIRED)
def test_each_of_the_others_must_be_written(name: str) -> None:
    with pytest.raises(TypeError, match=f"abstract method '?{name}"):
        codec(**{name: Codec.__dict__[name]})()
