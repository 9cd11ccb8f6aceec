from __future__ import annotations

import pytest

from bertkit.data.columns.paths import columns_in, get, there

ROW = {
    "doc": {"body": "a", "by": {"name": "Mara"}, "tags": ["x", "y"], "v1.0": {"at": 3}},
    "doc.title": "own",
    "nothing": None,
    "empty": {},
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("doc.body", "a"),
        ("doc.by.name", "Mara"),
        ("doc.tags", ["x", "y"]),
        ("doc.tags.1", "y"),
        ("doc.title", "own"),  # a name of its own, dots and all
        ("doc.v1.0.at", 3),  # a key with a dot on the way
        ("nothing", None),
        ("nothing.at.all", None),
    ],
)
def test_a_path_leads_to_a_value(name: str, value) -> None:
    assert there(ROW, name)
    assert get(ROW, name) == value


@pytest.mark.parametrize("name", ["x", "doc.x", "doc.body.x", "doc.tags.2", "doc.tags.x", "doc.tags.-1", "", "."])
def test_a_path_to_nothing(name: str) -> None:
    assert not there(ROW, name)
    assert get(ROW, name) is None


def test_messages_name_the_columns_of_objects_that_hold_texts() -> None:
    entities = {"name": {"李雷": [[0, 1]]}, "address": {"上海": [[3, 4]]}}
    row = {
        "id": 1,
        "doc": {"body": "a", "by": {"name": "Mara"}},
        "label": entities,
        "spans": {"start": [1], "end": [2]},
    }
    assert columns_in(row) == ["id", "doc.body", "doc.by.name", "label", "spans"]
    deep = {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}
    assert columns_in(deep) == ["a.b.c.d"]
    assert columns_in({"empty": {}}) == ["empty"]
