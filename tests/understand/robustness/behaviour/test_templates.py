"""Templates and their fillings."""

from __future__ import annotations

import pytest

from bertkit.understand.robustness.behaviour.templates import (
    MOST,
    Slot,
    UnknownSlot,
    WordList,
    fill,
    fill_all,
    fillings,
    list_of,
    slots_of,
)

LISTS = {"person": WordList(("Anna", "王小明", "Tom"), "PER"), "city": WordList(("Berlin", "Rome"), "LOC")}


def test_slots_are_found_in_texts_and_in_what_holds_them() -> None:
    row = {"text": "{a} and {b} {{c}}", "choices": ["{d}", "{a}"], "n": 3, "{e}": None}
    assert slots_of(row) == ["a", "b", "d", "e"]
    assert slots_of(["x", {"y": "{z}"}]) == ["z"]


def test_a_filled_text_and_the_places_of_its_words() -> None:
    text, slots = fill("{{x}} {person} lives in {city}.", {"person": "王小明", "city": "Rome"})
    assert text == "{x} 王小明 lives in Rome."
    assert slots == [Slot("person", 4, 7), Slot("city", 17, 21)]
    assert [text[slot.start : slot.end] for slot in slots] == ["王小明", "Rome"]


def test_everything_in_a_value_is_filled() -> None:
    assert fill_all({"{a}": ["{a}!", 1], "b": None}, {"a": "x"}) == {"x": ["x!", 1], "b": None}


def test_every_combination() -> None:
    found, total = fillings(["person", "city"], LISTS)
    assert total == len(found) == 6
    assert found[:2] == [{"person": "Anna", "city": "Berlin"}, {"person": "Anna", "city": "Rome"}]
    assert fillings([], LISTS) == ([{}], 1)


def test_slots_of_one_list_have_different_words() -> None:
    found, total = fillings(["person1", "person2"], LISTS)
    assert total == len(found) == 6
    assert all(one["person1"] != one["person2"] for one in found)
    with pytest.raises(UnknownSlot, match="3 slots, but only 2 words"):
        fillings(["city1", "city2", "city3"], LISTS)


@pytest.mark.parametrize("size", [60, 400])
def test_of_many_some_are_drawn(size: int) -> None:
    lists = {"n": WordList(tuple(map(str, range(size))))}
    found, total = fillings(["n1", "n2"], lists, seed=1)
    assert len(found) == MOST
    assert total >= size * (size - 1)
    assert len({(one["n1"], one["n2"]) for one in found}) == MOST
    assert all(one["n1"] != one["n2"] for one in found)
    assert fillings(["n1", "n2"], lists, seed=1) == (found, total)
    assert fillings(["n1", "n2"], lists, seed=2)[0] != found


def test_the_list_of_a_slot() -> None:
    assert (list_of("person", LISTS), list_of("person12", LISTS)) == ("person", "person")
    with pytest.raises(UnknownSlot, match=r"\{persn\}: no such list; did you mean person\?"):
        list_of("persn", LISTS)
    with pytest.raises(UnknownSlot, match="name its words in lists"):
        list_of("x", {})
