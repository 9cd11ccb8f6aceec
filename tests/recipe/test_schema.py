"""The Recipe: frozen, strict, and with the short forms that a YAML file may use."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bertkit.recipe.schema import DataBlock, ModelBlock, Recipe


def recipe(**blocks: Any) -> Recipe:
    return Recipe.model_validate({"task": "classify", **blocks})


def wrong(**blocks: Any) -> list[tuple[str, str]]:
    """(where, kind) of all that pydantic finds wrong."""
    with pytest.raises(ValidationError) as caught:
        recipe(**blocks)
    return [(".".join(map(str, error["loc"])), error["type"]) for error in caught.value.errors()]


def test_a_recipe_is_frozen_at_every_depth() -> None:
    full = recipe(model="bert", data={"limit": {"train": 1}})
    with pytest.raises(ValidationError):
        full.seed = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        full.model.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        full.data.limit.train = 2  # type: ignore[misc]


def test_only_the_task_is_needed() -> None:
    bare = recipe()
    assert (bare.model, bare.data, bare.seed) == (ModelBlock(), DataBlock(), 42)
    assert (bare.options, bare.train, bare.metrics, bare.callbacks) == ({}, {}, [], [])
    with pytest.raises(ValidationError):
        Recipe.model_validate({})


def test_short_forms_are_the_long_ones() -> None:
    short = recipe(model="bert", metrics="accuracy", data={"train": "a.csv", "validation": "b.csv", "test": "c.csv"})
    assert short == recipe(
        model={"name": "bert"},
        metrics=["accuracy"],
        data={"train": ["a.csv"], "validation": ["b.csv"], "test": ["c.csv"]},
    )


def test_label_names_are_a_list_or_a_file() -> None:
    assert recipe(data={"label_names": "labels.txt"}).data.label_names == "labels.txt"
    assert recipe(data={"label_names": ["a", "b"]}).data.label_names == ["a", "b"]


def test_callbacks_are_names_with_or_without_arguments() -> None:
    items = ["early_stopping", {"early_stopping": {"early_stopping_patience": 3}}]
    assert recipe(callbacks=items).callbacks == items


@pytest.mark.parametrize(
    ("blocks", "where", "kind"),
    [
        ({"tsak": "x"}, "tsak", "extra_forbidden"),
        ({"model": {"nam": "x"}}, "model.nam", "extra_forbidden"),
        ({"data": {"limit": {"trian": 3}}}, "data.limit.trian", "extra_forbidden"),
        ({"seed": "7"}, "seed", "int_type"),
        ({"seed": 1.5}, "seed", "int_type"),
        ({"seed": True}, "seed", "int_type"),
        ({"seed": -1}, "seed", "greater_than_equal"),
        ({"seed": 2**32}, "seed", "less_than"),
        ({"data": {"label_ids": "yes", "label_names": ["a"]}}, "data.label_ids", "bool_type"),
        ({"data": {"train": []}}, "data.train", "too_short"),
        ({"data": {"header": []}}, "data.header.list", "too_short"),
        ({"data": {"label_separator": ""}}, "data.label_separator", "string_too_short"),
        ({"data": {"validation_ratio": 0}}, "data.validation_ratio", "greater_than"),
        ({"data": {"validation_ratio": 1}}, "data.validation_ratio", "less_than"),
        ({"data": {"limit": {"train": 0}}}, "data.limit.train", "greater_than_equal"),
        ({"data": {"max_characters": 0}}, "data.max_characters", "greater_than_equal"),
        ({"data": {"bad_rows": "ignore"}}, "data.bad_rows", "literal_error"),
        ({"data": {"columns": {"text": 3}}}, "data.columns.text.text", "string_type"),
        ({"data": {"label_ids": True}}, "data", "value_error"),
        ({"model": {"freeze_layers": -1}}, "model.freeze_layers", "greater_than_equal"),
        ({"model": {"freeze_embeddings": 1}}, "model.freeze_embeddings", "bool_type"),
        ({"model": {"scratch": "bert"}}, "model.scratch", "dict_type"),
        ({"metrics": [1]}, "metrics.0", "string_type"),
        ({"task": 3}, "task", "string_type"),
    ],
)
def test_what_does_not_fit_is_refused(blocks: dict[str, Any], where: str, kind: str) -> None:
    assert (where, kind) in wrong(**blocks)


def test_all_that_is_wrong_is_found() -> None:
    assert len(wrong(seed=-1, tsak=1, data={"trian": "x", "validation_ratio": 2})) == 4


def test_a_whole_number_is_a_number() -> None:
    assert recipe(train={"learning_rate": 1}).train == {"learning_rate": 1}
    with pytest.raises(ValidationError):
        recipe(data={"validation_ratio": "0.1"})
