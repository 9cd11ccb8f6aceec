"""What a training is given, checked without weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import DataError, RecipeError
from bertkit.models import build
from bertkit.recipe.load import resolve
from bertkit.training.inputs import check_rows, encode_rows, reports, set_up
from bertkit.training.parts import prepare
from tests.helpers import tiny_recipe


@pytest.mark.parametrize(("value", "named"), [("none", ["none"]), (["tensorboard"], ["tensorboard"]), (None, [])])
def test_reports_are_a_list(value: Any, named: list[str], tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    assert reports(recipe.model_copy(update={"train": {"report_to": value}})) == named


def test_a_recipe_without_data(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    with pytest.raises(RecipeError, match="no training data"):
        set_up(resolve(recipe.model_copy(update={"data": recipe.data.model_copy(update={"train": None})})))


def test_unknown_labels_of_all_splits_are_told_together(tiny_bert: Path, tmp_path: Path) -> None:
    setup = set_up(resolve(tiny_recipe("classify", {}, tiny_bert, tmp_path)))
    train = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    rows = {"train": train, "validation": [{"text": "a", "label": "v"}], "test": [{"text": "a", "label": "w"}]}
    with pytest.raises(DataError) as caught:
        check_rows(setup, rows)
    assert [line.partition(";")[0] for line in str(caught.value).split("\n")] == [
        "row 1  validation: the label 'v' is not in the training rows",
        "row 1  test: the label 'w' is not in the training rows",
    ]


@pytest.mark.parametrize("name", ["classify", "ner", "squad", "choice", "regress", "pretrain"])
def test_examples_are_the_same_without_weights(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    recipe = resolve(tiny_recipe(name, {"max_length": 24}, tiny_bert, tmp_path))
    setup = set_up(recipe)
    rows = setup.task.read(setup.recipe)
    check_rows(setup, rows)
    tokenizer = build.load_tokenizer(recipe.model)
    head = setup.task.head
    model = build.build_model(recipe.model, head.auto_class, weights=False, **head.config())
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}
    found, trained = encode_rows(setup, rows, tokenizer, model).splits, prepare(recipe).splits
    for split in found:
        pairs: Any = zip(found[split].encoded.examples, trained[split].encoded.examples, strict=True)
        assert all(one["input_ids"].tolist() == other["input_ids"].tolist() for one, other in pairs)


def test_no_whole_step_and_others_are_dropped(tiny_bert: Path, tmp_path: Path) -> None:
    """Trainer would say that max_steps must be positive."""
    several = {"gradient_accumulation_steps": 5, "dataloader_drop_last": True}
    with pytest.raises(RecipeError, match=r"dataloader_drop_last  drops the only step of an epoch: 32 .*, and 40 make"):
        prepare(resolve(tiny_recipe("classify", {}, tiny_bert, tmp_path, **several)))
    prepare(resolve(tiny_recipe("classify", {}, tiny_bert, tmp_path, **several, per_device_train_batch_size=6)))
