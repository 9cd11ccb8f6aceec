"""`--on`: a recipe, and the rows that it is to score."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.bench.on import benchmark
from bertkit.errors import DataError, RecipeError
from tests.inference.checkpoints import NLI, glue_folder


def test_a_folder_of_glue(tmp_path: Path) -> None:
    folder = glue_folder(tmp_path / "GLUE")
    found = benchmark("glue/mnli", [str(folder)])
    assert found.splits == {"validation": "matched", "test": "mismatched"}
    assert found.order == NLI
    assert found.data == ()
    assert found.recipe.data.validation == [str(folder / "MNLI" / "dev_matched.tsv")]
    assert benchmark("glue/mnli", [str(folder)], split="test").splits == {"test": "mismatched"}
    assert benchmark("glue/rte", [str(folder)], ["data.limit.validation=3"]).splits == {"validation": "validation"}
    assert benchmark("glue/mnli", [str(folder / "MNLI")]) == found
    one = benchmark("glue/mnli", [str(folder / "MNLI" / "dev_matched.tsv")])
    assert (one.splits, one.order, one.recipe.data.columns["text"]) == ({None: ""}, NLI, "sentence1")
    with pytest.raises(DataError, match="no data for glue/stsb"):
        benchmark("glue/stsb", [str(folder)])


def test_the_hub_and_files() -> None:
    found = benchmark("glue/cola")
    assert found.recipe.data.validation == ["hub:nyu-mll/glue:cola#validation"]
    assert found.order == ("unacceptable", "acceptable")
    assert benchmark("glue/mnli").splits == {"validation": "matched", "test": "mismatched"}
    found = benchmark("glue/cola", ["dev.tsv"])
    assert (found.splits, found.data, found.recipe.data.label_names) == ({None: ""}, ("dev.tsv",), None)


def test_other_recipes() -> None:
    found = benchmark("squad/v2", ["dev.json"], ["options.threshold=-1.5"])
    assert (found.splits, found.data, found.order) == ({None: ""}, ("dev.json",), ())
    assert found.recipe.options["threshold"] == -1.5
    assert benchmark("regress").recipe.metrics  # the task's, where the recipe names none
    with pytest.raises(RecipeError, match="did you mean squad/v2"):
        benchmark("squad/v3")
