"""An answer as the file writes it."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.recipe.schema import DataBlock
from bertkit.understand.errors.corrections.forms import written

IDS = DataBlock(label_ids=True, label_names=["a", "b"])


@pytest.mark.parametrize(
    ("kind", "new", "old", "expected", "block"),
    [
        ("label", "b", "a", "b", DataBlock()),
        ("label", "b", 0, 1, IDS),
        ("label", "b", "0", "1", IDS),
        ("label", "2", 1, 2, DataBlock()),
        ("label", "2", "1", "2", DataBlock()),
        ("label", "b", ["a"], ["b"], DataBlock()),
        ("labels", ["a", "b"], "a", "a,b", DataBlock()),
        ("labels", ["a", "b"], "a|c", "a|b", DataBlock(label_separator="|")),
        ("labels", [], "a", "", DataBlock()),
        ("labels", ["b"], ["a"], ["b"], DataBlock()),
        ("labels", ["b"], '["a"]', '["b"]', DataBlock()),
        ("labels", ["b"], {"a": 1, "b": 0}, {"a": 0, "b": 1}, DataBlock()),
        ("labels", ["b"], [0], [1], IDS),
        ("choice", 1, 0, 1, DataBlock()),
        ("choice", 1, "0", "1", DataBlock()),
        ("choice", 1, "x", "y", DataBlock()),
        ("tags", ["O", "B-A"], ["O", "O"], ["O", "B-A"], DataBlock()),
        ("tags", ["O"], '["B-A"]', '["O"]', DataBlock()),
        ("number", 3.0, 2, 3, DataBlock()),
        ("number", 3.5, "2,5", "3,5", DataBlock(decimal=",")),
        ("number", 3.0, 2.5, 3.0, DataBlock()),
        ("number", 3.0, "2", "3", DataBlock()),
    ],
)
def test_forms(kind: str, new: Any, old: Any, expected: Any, block: DataBlock) -> None:
    found = written(kind, new, {"answer": old}, {"choices": ["x", "y"]}, block)
    assert found == {"answer": expected}
    assert type(found["answer"]) is type(expected)


def test_a_column_per_label() -> None:
    old = {"a": "1", "b": "0", "c": "0"}
    assert written("labels", ["b", "c"], old, {}, DataBlock()) == {"a": "0", "b": "1", "c": "1"}
    assert written("labels", ["a"], {"a": False, "b": 1.0}, {}, DataBlock()) == {"a": True, "b": 0.0}
    assert written("labels", ["a"], {"a": "false", "b": "1.0"}, {}, DataBlock()) == {"a": "true", "b": "0.0"}
    mapped = DataBlock(label_map={"a": "first"})
    assert written("labels", ["first"], {"a": "0", "b": "1"}, {}, mapped) == {"a": "1", "b": "0"}


def test_spans_that_are_there_stay_as_they_are() -> None:
    new = [{"start": 0, "end": 4, "label": "PER"}, {"start": 9, "end": 12, "label": "LOC"}]
    old = [{"start_offset": 0, "end_offset": 4, "label": "PER", "id": 7}]
    assert written("spans", new, {"e": old}, {}, DataBlock()) == {
        "e": [old[0], {"start_offset": 9, "end_offset": 12, "label": "LOC"}]
    }
    assert written("spans", new, {"e": [[0, 4, "PER"]]}, {}, DataBlock()) == {"e": [[0, 4, "PER"], [9, 12, "LOC"]]}
    assert written("spans", new[:1], {"e": []}, {}, DataBlock()) == {"e": [{"start": 0, "end": 4, "label": "PER"}]}


def test_answers() -> None:
    new = [{"text": "x", "start": 3}]
    assert written("answers", new, {"a": [{"text": "y", "answer_start": 1}]}, {}, DataBlock()) == {
        "a": [{"text": "x", "answer_start": 3}]
    }
    assert written("answers", new, {"a": {"text": ["y"], "answer_start": [1]}}, {}, DataBlock()) == {
        "a": {"text": ["x"], "answer_start": [3]}
    }
    assert written("answers", [], {"a": '[{"text": "y", "start": 1}]'}, {}, DataBlock()) == {"a": "[]"}


MAP = DataBlock(label_map={"0": "bad", "1": "good", "true": "yes", "false": "no"})


@pytest.mark.parametrize(
    ("kind", "new", "old", "expected", "block"),
    [
        ("label", "bad", "1", "0", MAP),
        ("label", "bad", 1, 0, MAP),
        ("label", "yes", False, True, MAP),
        ("labels", ["bad", "good"], [1], [0, 1], MAP),
        ("labels", ["bad", "good"], "1", "0,1", MAP),
        ("labels", ["bad"], {"0": 0, "1": 1}, {"0": 1, "1": 0}, MAP),
        ("labels", ["a", "b"], "1", "0,1", IDS),
        ("tags", ["O", "B-PER"], ["O", "O"], ["O", "B-p"], DataBlock(label_map={"p": "PER"})),
        ("tags", ["B-PER", "O"], ["B-q", "B-q"], ["B-q", "O"], DataBlock(label_map={"p": "PER", "q": "PER"})),
        ("tags", ["O", "B-PER"], "O B-q", '["O", "B-q"]', DataBlock(label_map={"p": "PER", "q": "PER"})),
        ("tags", ["a", "b"], ["0", "0"], ["0", "1"], IDS),
        ("spans", [{"start": 0, "end": 1, "label": "PER"}], [[2, 3, "p"]], [[0, 1, "p"]],
         DataBlock(label_map={"p": "PER"})),
    ],
)  # fmt: skip
def test_names_become_what_the_file_writes(kind: str, new: Any, old: Any, expected: Any, block: DataBlock) -> None:
    assert repr(written(kind, new, {"answer": old}, {}, block)) == repr({"answer": expected})
