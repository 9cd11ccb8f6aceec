from __future__ import annotations

import pytest

from bertkit.data.columns.label_map import LabelMap
from bertkit.data.read.rows import Unusable, count_left_out
from bertkit.recipe.schema import DataBlock


def label_map(**keys) -> LabelMap:
    return LabelMap(DataBlock.model_validate(keys))


def test_codes_become_names_and_names_stay() -> None:
    names = label_map(label_map={100: "story", "101": "culture", True: "yes", 1.5: 15})
    assert [names.name(text) for text in ("100", "101", "true", "1.5", "story")] == [
        "story",
        "culture",
        "yes",
        "15",
        "story",
    ]
    with pytest.raises(Unusable, match=r"is not in data\.label_map: '102'"):
        names.name("102")


def test_a_key_goes_before_a_name() -> None:
    swapped = label_map(label_map={"a": "b", "b": "a"})
    assert [swapped.name(text) for text in "ab"] == ["b", "a"]


def test_without_a_map_labels_stay() -> None:
    assert not label_map()
    assert label_map().name("anything") == "anything"


@pytest.mark.parametrize(
    ("tag", "mapped"),
    [
        ("B-corporation", "B-ORG"),
        ("I-group", "I-ORG"),
        ("L-ORG", "L-ORG"),
        ("O", "O"),
        ("B-x-y", "B-X"),
        ("7", "S-ORG"),
    ],
)
def test_of_a_tag_the_type_is_mapped(tag: str, mapped: str) -> None:
    types = label_map(label_map={"corporation": "ORG", "group": "ORG", "x-y": "X", 7: "S-ORG"})
    assert types.tag(tag) == mapped


def test_a_whole_tag_goes_before_its_type_and_O_can_be_mapped() -> None:
    types = label_map(label_map={"B-PER": "B-HUMAN", "PER": "PERSON", "O": "X"})
    assert [types.tag(tag) for tag in ("B-PER", "I-PER", "O")] == ["B-HUMAN", "I-PERSON", "X"]
    for tag in ("B-LOC", "LOC"):
        with pytest.raises(Unusable, match="is not in"):
            types.tag(tag)


def test_rows_and_labels_are_left_out_and_counted(caplog) -> None:
    caplog.set_level("INFO")
    dropped = label_map(drop_labels=["-", -1, ""])
    assert [dropped.drops_row(value) for value in ("-", " - ", -1, "-1", None, "", "a", 1, ["-"])] == [
        True, True, True, True, True, True, False, False, True,
    ]  # fmt: skip
    assert dropped.drops("-")
    with count_left_out() as counts:
        dropped.settle()
    assert str(counts) == ", 7 dropped (data.drop_labels)"
    assert counts.as_dict() == {"rows_dropped": 7}
    assert caplog.messages == [
        "rows left out by data.drop_labels: 7 (- 3, -1 2, none 2)",
        "labels left out by data.drop_labels: 1 (- 1)",
    ]


def test_nothing_left_out_is_not_logged(caplog) -> None:
    caplog.set_level("INFO")
    dropped = label_map(drop_labels="-")
    assert not dropped.drops_row("a")
    dropped.settle()
    assert caplog.messages == []


def test_a_list_of_one_label_is_that_label() -> None:
    names = label_map(drop_labels=["skip", ""])
    for value in ("skip", ["skip"], [], "", None):
        assert names.drops_row(value)
    for value in ("kept", ["kept"], ["skip", "kept"]):
        assert not names.drops_row(value)
