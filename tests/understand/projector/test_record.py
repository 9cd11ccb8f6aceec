"""Points in the form of a page: places, and the columns that colour them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

from bertkit.understand.projector.points import Points
from bertkit.understand.projector.projection import project
from bertkit.understand.projector.record import CATEGORIES, CHARACTERS, record

VECTORS = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]])


def made(**columns: list[Any]) -> dict[str, Any]:
    return record(Points(VECTORS, columns), project(VECTORS))


def codes(text: str) -> list[int]:
    return np.frombuffer(base64.b64decode(text), dtype="<u2").tolist()


def test_both_directions_have_one_scale() -> None:
    places = np.array(codes(made()["places"])).reshape(4, 2).astype(int)
    spans = np.ptp(places, axis=0)
    assert abs(spans.max() - 65535) <= 1
    assert abs(spans.min() - 32768) <= 1


def test_labels_in_the_order_of_their_counts() -> None:
    column = made(label=["b", "a", "b", None])["columns"]["label"]
    assert (column["kind"], column["names"], column["counts"]) == ("categories", ["b", "", "a"], [2, 1, 1])
    assert codes(column["codes"]) == [0, 2, 0, 1]


def test_numbers_by_their_size() -> None:
    vectors = np.zeros((14, 2))
    found = record(Points(vectors, {"n": [*range(13), None]}), project(vectors))["columns"]["n"]
    assert (found["kind"], found["low"], found["high"]) == ("numbers", 0.0, 12.0)
    assert (codes(found["codes"])[0], *codes(found["codes"])[-2:]) == (0, 65534, 65535)
    assert made(n=[1, 2, 2, 1])["columns"]["n"]["kind"] == "categories"  # few numbers are labels


def test_numbers_of_a_csv_are_texts() -> None:
    vectors = np.zeros((14, 2))
    found = record(Points(vectors, {"n": [*map(str, range(13)), ""]}), project(vectors))["columns"]["n"]
    assert (found["kind"], found["low"], found["high"]) == ("numbers", 0.0, 12.0)
    mixed = record(Points(vectors, {"n": [*range(13), float("nan")]}), project(vectors))["columns"]["n"]
    assert mixed["kind"] == "numbers"


def test_names_of_columns_hide_nothing() -> None:
    assert "a\\u202eb" in made(**{"a\u202eb": ["x", "y", "x", "y"]})["columns"]


def test_columns_that_colour_nothing() -> None:
    vectors = np.zeros((CATEGORIES + 1, 2))
    many = {"id": [f"d{n}" for n in range(CATEGORIES + 1)], "same": ["x"] * (CATEGORIES + 1)}
    found = record(Points(vectors, many), project(vectors))
    assert found["columns"] == {}
    assert found["first"] is None
    assert found["names"] == ["id", "same"]


def test_values_are_shown_as_they_are_but_not_without_end() -> None:
    found = made(text=["<b>", "a" * 999, "\u202e", 0.123456], more=[["x"], {"y": 1}, True, None])
    shown = json.loads(zlib.decompress(base64.b64decode(found["values"])))
    assert shown["text"] == ["<b>", "a" * CHARACTERS + "…", "\\u202e", "0.1235"]
    assert shown["more"] == ['["x"]', '{"y": 1}', "true", ""]


def test_what_colours_at_first() -> None:
    assert made(language=["a", "b", "a", "b"], correct=["yes", "no", "yes", "no"])["first"] == "correct"
    assert made(language=["a", "b", "a", "b"])["first"] == "language"


def test_a_number_that_no_float_holds_is_no_number() -> None:
    from bertkit.understand.projector.record import _numbers

    assert _numbers([1, 10**400]) is None
