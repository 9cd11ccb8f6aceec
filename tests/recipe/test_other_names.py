"""What users of other tools write is answered with the key of a recipe, which exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bertkit import plugins
from bertkit.errors import RecipeError
from bertkit.recipe import train_block
from bertkit.recipe.load import load
from bertkit.recipe.other_names import OTHER
from bertkit.recipe.schema import DataBlock, Limits, ModelBlock, Recipe
from bertkit.tasks import TASKS


def keys() -> set[str]:
    """Every key of a recipe, with the columns and options of all tasks."""
    known = {*Recipe.model_fields}
    known |= {f"data.{name}" for name in DataBlock.model_fields} | {
        f"data.limit.{name}" for name in Limits.model_fields
    }
    known |= {f"model.{name}" for name in ModelBlock.model_fields} | {f"train.{name}" for name in train_block.known()}
    for name in TASKS:
        task = plugins.find("task", name)
        known |= {f"options.{option}" for option in task.Options.model_fields}
        known |= {f"data.columns.{column.name}" for column in task(task.Options()).columns}
    return known


def test_each_key_that_is_named_exists() -> None:
    assert {*OTHER.values()} - keys() == set()


def test_each_key_of_the_tables_exists() -> None:
    page = (Path(__file__).parents[2] / "docs" / "coming-from.md").read_text("utf-8")
    named = {*re.findall(r"\b((?:train|data|options|model)\.[a-z_]+(?:\.[a-z_]+)*)", page)}
    assert len(named) > 30
    assert named - keys() == set()


@pytest.mark.parametrize(
    ("setting", "remedy"),
    [
        ("learning_rate=3e-5", "write train.learning_rate"),
        ("lr=3e-5", "write train.learning_rate"),
        ("fp16=true", "write train.fp16"),
        ("validation_ratio=0.2", "write data.validation_ratio"),
        ("max-seq-length=128", "write options.max_length"),
        ("text=message", "write data.columns.text"),
        ("data.label=category", "write data.columns.label"),
        ("train.max_seq_length=128", "write options.max_length"),
        ("train.max_lenght=128", "did you mean options.max_length?"),
        ("options.lr=1e-4", "write train.learning_rate"),
        ("options.max_lenght=128", "did you mean max_length?"),
        ("model.revison=main", "did you mean revision?"),
        ("seeds=3", "did you mean seed?"),
        ("train.lr=1e-4", "write learning_rate"),
    ],
)
def test_the_remedy_names_it(setting: str, remedy: str) -> None:
    with pytest.raises(RecipeError) as error:
        load("classify", [setting])
    assert [problem.remedy for problem in error.value.problems] == [remedy]
    assert error.value.problems[0].reason == "no such key"
