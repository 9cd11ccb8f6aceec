"""Offsets that count something else than characters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bertkit.data.columns.units import UNITS
from bertkit.data.dataset import load
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from tests.data.read.test_conll import NER

TEXTS = ["Mara flew", "Zoë met Mara", "😀 Mara flew to Köln", "in Köln 😀😀", "nobody 😀"]
NAMES = ["Mara", "Zoë", "Köln"]


def size(text: str, unit: str) -> int:
    codec, width = UNITS[unit]
    return len(text.encode(codec)) // width


def row(text: str, unit: str) -> dict[str, Any]:
    """A text with its names, at offsets of a unit."""
    found = [(text.index(name), name) for name in NAMES if name in text]
    spans = [(size(text[:at], unit), size(text[: at + len(name)], unit), name) for at, name in found]
    return {"text": text, "spans": [{"start": a, "end": b, "label": "X", "text": name} for a, b, name in spans]}


def read(write: Any, *rows: dict[str, Any]) -> list[list[str]]:
    """The texts of the entities of each row."""
    path = write("a.jsonl", "".join(json.dumps(one) + "\n" for one in rows))
    read = load([path], NER, DataBlock()).to_list()
    return [[one["text"][span["start"] : span["end"]] for span in one["spans"]] for one in read]


FOUND = [["Mara"], ["Zoë", "Mara"], ["Mara", "Köln"], ["Köln"], []]


@pytest.mark.parametrize("unit", UNITS)
def test_the_texts_of_the_entities_show_the_unit(write, caplog, unit: str) -> None:
    caplog.set_level("INFO", "bertkit")
    assert read(write, *(row(text, unit) for text in TEXTS)) == FOUND
    said = [text for text in caplog.messages if "converted" in text]
    changed = {"characters": 0, "UTF-16 units": 1, "bytes": 3}[unit]
    what = f"the offsets of entities count {unit}, as their texts show: converted to characters in {changed} rows"
    assert said == ([f"a.jsonl: {what}"] if changed else [])


def test_a_column_of_mentions_shows_it_too(write, caplog) -> None:
    caplog.set_level("INFO", "bertkit")
    rows = [
        {"text": "😀 Mara flew to Oslo", "label": [[3, 7, "PER"], [16, 20, "LOC"]], "mentions": ["Mara", "Oslo"]},
        {"text": "Mara flew", "label": [[0, 4, "PER"]], "mentions": ["Mara"]},
    ]
    assert read(write, *rows) == [["Mara", "Oslo"], ["Mara"]]
    assert not [text for text in caplog.messages if "not used" in text]
    unrelated = [{"text": "😀 Mara", "label": [[2, 6, "PER"]], "mentions": []}]
    assert read(write, *unrelated) == [["Mara"]]


def test_one_row_that_counts_otherwise_is_an_error_of_its_own(write) -> None:
    rows = [row(text, "UTF-16 units") for text in TEXTS]
    with pytest.raises(DataError, match=r"a\.jsonl:3 .*is not at its place") as caught:
        read(write, *rows, row("😀 Mara", "characters"))
    assert len(caught.value.problems) == 1
    with pytest.raises(DataError, match=r"a\.jsonl:2 .*has 6 characters; correct it, or leave such rows out"):
        read(write, row("😀 Mara", "characters"), row("😀 Mara", "bytes"))


def test_without_texts_nothing_is_guessed(write) -> None:
    without = {"text": "😀 Mara", "spans": [[3, 7, "PER"]]}
    with pytest.raises(DataError, match="reaches beyond the text or is empty: 3 to 7, the text has 6 characters"):
        read(write, without)
