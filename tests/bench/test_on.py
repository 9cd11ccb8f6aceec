"""`--on`: a recipe, and the rows that it is to score."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.bench.on import benchmark
from bertkit.errors import DataError, RecipeError
from tests.inference.checkpoints import NLI, glue_folder


def test_a_folder_of_glue(tmp_path: Path) -> None:
    folder = glue_folder(tmp_path / "GLUE")
    rows = benchmark("glue/mnli", [str(folder)])
    assert rows.splits == {"validation": "matched", "test": "mismatched"}
    assert rows.order == NLI
    assert rows.data == ()
    assert rows.recipe.data.validation == [str(folder / "MNLI" / "dev_matched.tsv")]
    assert benchmark("glue/mnli", [str(folder)], split="test").splits == {"test": "mismatched"}
    assert benchmark("glue/rte", [str(folder)], ["data.limit.validation=3"]).splits == {"validation": "validation"}
    assert benchmark("glue/mnli", [str(folder / "MNLI")]) == rows
    one = benchmark("glue/mnli", [str(folder / "MNLI" / "dev_matched.tsv")])
    assert (one.splits, one.order, one.recipe.data.columns["text"]) == ({None: ""}, NLI, "sentence1")
    with pytest.raises(DataError, match="no data for glue/stsb"):
        benchmark("glue/stsb", [str(folder)])


def test_the_hub_and_files() -> None:
    rows = benchmark("glue/cola")
    assert rows.recipe.data.validation == ["hub:nyu-mll/glue:cola#validation"]
    assert rows.order == ("unacceptable", "acceptable")
    assert benchmark("glue/mnli").splits == {"validation": "matched", "test": "mismatched"}
    rows = benchmark("glue/cola", ["dev.tsv"])
    assert (rows.splits, rows.data, rows.recipe.data.label_names) == ({None: ""}, ("dev.tsv",), None)


def test_other_recipes() -> None:
    rows = benchmark("squad/v2", ["dev.json"], ["options.threshold=-1.5"])
    assert (rows.splits, rows.data, rows.order) == ({None: ""}, ("dev.json",), ())
    assert rows.recipe.options["threshold"] == -1.5
    assert benchmark("regress").recipe.metrics  # the task's, where the recipe names none
    with pytest.raises(RecipeError, match="did you mean squad/v2"):
        benchmark("squad/v3")
