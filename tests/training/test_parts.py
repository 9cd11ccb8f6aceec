"""What a training needs, checked: label names, reports, and the identity of its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.errors import RecipeError
from bertkit.inference.score import Split
from bertkit.recipe.load import resolve
from bertkit.tasks.task import Encoded
from bertkit.training.inputs import with_label_names
from bertkit.training.parts import data_identity, prepare
from tests.helpers import tiny_recipe


def split(*items: dict[str, Any]) -> dict[str, Split]:
    return {"train": Split("train", [], Encoded(list(items)))}


def item(*tokens: int, label: int = 0) -> dict[str, Any]:
    return {"row": 0, "input_ids": np.array(tokens, dtype=np.int32), "labels": np.int64(label)}


def test_the_identity_of_rows_is_that_of_what_the_model_is_given() -> None:
    one = data_identity(split(item(1, 2), item(3)))
    assert one == data_identity(split(item(1, 2), item(3)))
    others = [
        split(item(1, 2, 3), item(4)),
        split(item(3), item(1, 2)),
        split(item(1, 2), item(3, label=1)),
        split(item(1, 2)),
    ]
    assert all(data_identity(other) != one for other in others)


def test_a_file_of_label_names_becomes_its_names(tiny_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("refund\ndelivery\nother\n", "utf-8")
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    data = recipe.data.model_copy(update={"label_names": str(tmp_path / "names.txt")})
    recipe = recipe.model_copy(update={"data": data})
    assert with_label_names(recipe).data.label_names == ["refund", "delivery", "other"]
    assert prepare(resolve(recipe)).task.state["labels"] == ["refund", "delivery", "other"]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"train": None}, "data.train  the recipe names no training data"), ({}, "options.max_length  1000: the model")],
)
def test_what_can_not_be_trained_is_told(change: dict, said: str, tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {"max_length": 1000}, tiny_bert, tmp_path)
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=change)})
    with pytest.raises(RecipeError, match=said):
        prepare(resolve(recipe))


@pytest.mark.parametrize(
    ("train", "epochs"),
    [({"min_steps": 41}, 11), ({"min_steps": 4}, 1), ({"min_steps": 10_000}, 50), ({}, 1), ({"max_steps": 2}, 3)],
)
def test_little_data_gets_more_epochs(train: dict[str, Any], epochs: int, tiny_bert: Path, tmp_path: Path) -> None:
    """32 rows in batches of 8: four steps per epoch."""
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, **train)
    assert prepare(resolve(recipe)).args.num_train_epochs == epochs


def test_a_recipe_without_epochs_gets_two_hundred_steps(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    block = {key: value for key, value in recipe.train.items() if key != "num_train_epochs"}
    full = resolve(recipe.model_copy(update={"train": block}))
    assert (full.train["min_steps"], full.train["num_train_epochs"]) == (200, 3.0)
    assert prepare(full).args.num_train_epochs == 50
    assert "min_steps" not in resolve(recipe).train


def test_tokens_that_were_added_to_the_tokenizer_get_rows(
    tiny_bert: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from bertkit.models.build import load_tokenizer
    from bertkit.recipe.schema import ModelBlock

    tokenizer = load_tokenizer(ModelBlock(name=str(tiny_bert)))
    rows = len(tokenizer)
    tokenizer.add_tokens(["[ORDER]", "[CUSTOMER]"])
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1)
    model = recipe.model.model_copy(update={"tokenizer": str(tmp_path / "tokenizer")})
    parts = prepare(resolve(recipe.model_copy(update={"model": model})))
    assert len(parts.model.get_input_embeddings().weight) == rows + 2
    assert f"the tokenizer has {rows + 2} tokens and the model {rows}: 2 rows are added" in caplog.text
