"""The front matter of a card is what huggingface_hub reads back, figures included."""

from __future__ import annotations

import math
from typing import Any

from huggingface_hub import ModelCard

from bertkit.recipe.load import resolve
from bertkit.recipe.schema import Recipe
from bertkit.report.front_matter import front_matter

SCORED = {"validation": {"accuracy": 0.91234, "loss": math.nan}, "test": {"accuracy": 0.5}}


def read_back(**blocks: Any) -> Any:
    recipe = resolve(Recipe.model_validate({"task": "classify", "model": "google/electra-small", **blocks}))
    return ModelCard(f"---\n{front_matter(recipe, 'text-classification', SCORED, 'mine')}\n---\n# mine\n").data


def test_each_finite_figure_is_a_result_of_the_index() -> None:
    results = read_back().eval_results
    assert [(one.dataset_split, one.metric_type, one.metric_value) for one in results] == [
        ("validation", "accuracy", 0.91234),
        ("test", "accuracy", 0.5),
    ]
    assert {one.task_type for one in results} == {"text-classification"}


def test_a_data_set_of_the_hub_keeps_its_name() -> None:
    data = {"train": "hub:nyu-mll/glue:mrpc@v1#train", "test": "hub:nyu-mll/glue:mrpc@v1#test"}
    card = read_back(data=data)
    assert card.datasets == ["nyu-mll/glue"]
    by_split = {one.dataset_split: one for one in card.eval_results}
    assert set(by_split) == {"train", "test"}  # the validation rows were split off the training rows
    test = by_split["test"]
    assert (test.dataset_type, test.dataset_config, test.dataset_revision) == ("nyu-mll/glue", "mrpc", "v1")


def test_files_are_named_without_their_folders() -> None:
    card = read_back(data={"train": "./My Reviews.csv", "test": ["./a.csv", "./b.csv"]})
    assert card.datasets is None
    assert [(one.dataset_type, one.dataset_name) for one in card.eval_results] == [
        ("my-reviews", "My Reviews.csv"),
        ("a", "a.csv, b.csv"),
    ]


def test_code_is_no_metric_of_the_hub() -> None:
    assert read_back(metrics=["accuracy", "./mine.py:score", "evaluate:mauve"]).metrics == ["accuracy"]
