"""Other columns of the files, matched with the rows by their places."""

from __future__ import annotations

from pathlib import Path

from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.tasks.task import make_task
from bertkit.understand.errors.columns import other_columns
from bertkit.understand.errors.pool import read_pool
from tests.helpers import write_csv, write_rows


def test_columns_that_the_task_does_not_read(tmp_path: Path) -> None:
    rows = [[f"text {n}", "ab"[n % 2], n % 3, f"{n}"] for n in range(20)]
    one = str(write_csv(tmp_path / "train.csv", ["message", "label", "source", "id"], rows))
    other = str(write_rows([{"message": "x y", "label": "a", "meta": {"z": 1}, "day": 7}] * 2, tmp_path / "test.jsonl"))
    block = {"train": one, "test": other, "columns": {"text": "message"}}
    recipe = Recipe.model_validate({"task": "classify", "data": block})
    task = make_task(recipe)
    pool = read_pool(task, recipe)
    found = other_columns(pool, [one, other], task.columns, recipe.data)
    assert set(found) == {"source", "day"}
    assert found["source"] == [*(str(n % 3) for n in range(20)), None, None]
    assert found["day"][-2:] == [7, 7]


def test_files_that_are_not_there_any_more(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "train.csv", ["text", "label"], [["a", "x"], ["b", "y"], ["c", "x"], ["d", "y"]])
    recipe = Recipe.model_validate({"task": "classify", "data": {"train": str(one)}})
    task = make_task(recipe)
    pool = read_pool(task, recipe)
    one.unlink()
    assert other_columns(pool, [str(one)], task.columns, DataBlock()) == {}
