from __future__ import annotations

import pytest

from bertkit.data.read.annotations.export import is_triple, listed, objects, plain, span
from bertkit.data.read.rows import Unusable


@pytest.mark.parametrize(
    ("mention", "kept"),
    [
        ("Mara\nBell", None),
        ("Mara Bell", None),
        ("Mara\\nBell", None),
        ("Mara", "Mara"),
        ("mara bell", "mara bell"),
        (None, None),
        (7, None),
    ],
)
def test_a_mention_is_passed_on_where_it_differs_from_its_text(mention: object, kept: str | None) -> None:
    one = span(0, 9, "PER", mention, "Mara\nBell flew")
    assert one == {"start": 0, "end": 9, "label": "PER"} | ({"text": kept} if kept else {})


@pytest.mark.parametrize("place", [(0, None), ("0", 4), (-3, 4), (5, 2)])
def test_a_mention_without_a_place_is_passed_on(place: tuple) -> None:
    assert span(*place, "PER", "Mara", "Mara flew")["text"] == "Mara"


def test_plain_joins_white_space() -> None:
    assert plain("a \r\n b\\n\\tc") == "a b c"


def test_lists_and_their_objects() -> None:
    assert listed({}, "a") == listed({"a": None}, "a") == []
    assert objects({"a": [{"b": 1}]}, "a") == [{"b": 1}]
    with pytest.raises(Unusable, match="a is not a list: found a text"):
        listed({"a": "b"}, "a")
    with pytest.raises(Unusable, match="a holds an element that is not an object: number 2 is a number"):
        objects({"a": [{}, 7]}, "a")


@pytest.mark.parametrize(
    ("value", "answer"),
    [([0, 4, "PER"], True), ([0, 4], False), (["a", "b", "c"], False), ([True, 4, "PER"], False), ("0 4 PER", False)],
)
def test_triples(value: object, answer: bool) -> None:
    assert is_triple(value) is answer
