from __future__ import annotations

import pytest

from bertkit.errors import DataError, RecipeError
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.ner.labels import learnt
from bertkit.tasks.ner.options import NerOptions

ROWS = [{"tokens": ["Anna", "Bell", "left"], "tags": ["B-PER", "I-PER", "O"]}]


def test_tags_and_scheme() -> None:
    assert learnt(ROWS, NerOptions(), DataBlock()) == {"scheme": "IOB2", "labels": ["O", "B-PER", "I-PER"]}


def test_types_may_be_given_that_no_row_has() -> None:
    labels = learnt(ROWS, NerOptions(), DataBlock(label_names=["PER", "LOC"]))["labels"]
    assert {"B-LOC", "I-LOC"} <= set(labels)


def test_what_can_not_be_learnt() -> None:
    with pytest.raises(DataError, match="no row has an entity"):
        learnt([{"tokens": ["a"], "tags": ["O"]}], NerOptions(), DataBlock())
    with pytest.raises(RecipeError, match="no document boundaries"):
        learnt(ROWS, NerOptions(context="document"), DataBlock())
