"""`--on`: a recipe, and the rows that it is to score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.bench.glue import TASKS, GlueTask
from bertkit.bench.on import benchmark
from bertkit.data.dataset import load
from bertkit.errors import DataError, RecipeError
from bertkit.inference.evaluate import EvalSet
from bertkit.tasks.task import make_task
from tests.bench import glue_data
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


DEV = {"MNLI": "dev_matched"}
HUB_DEV = {"MNLI": "validation_matched"}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_file_alone_is_read_as_in_its_folder(tmp_path: Path, task: GlueTask) -> None:
    """In the layout of the download, in that of the hub, and as JSON lines with the labels' names."""
    name = f"glue/{task.layout.key}"
    original, hub = glue_data.original(tmp_path / "GLUE"), glue_data.hub(tmp_path / "hub")
    alone = tmp_path / "alone"
    alone.mkdir()
    whole = benchmark(name, [str(original)])
    expected = plain(whole, whole.recipe.data.validation)
    file = alone / "some.tsv"
    file.write_bytes((original / task.name / f"{DEV.get(task.name, 'dev')}.tsv").read_bytes())
    assert plain(benchmark(name, [str(file)]), [str(file)]) == expected
    table = alone / "some.parquet"
    source = hub / task.layout.key / f"{HUB_DEV.get(task.name, 'validation')}-00000-of-00001.parquet"
    table.write_bytes(source.read_bytes())
    of_hub = benchmark(name, [str(hub)])
    assert plain(benchmark(name, [str(table)]), [str(table)]) == plain(of_hub, of_hub.recipe.data.validation)
    written = [{**dict(zip(task.layout.hub_texts, row, strict=False)), "label": row[-1]} for row in expected]
    named = alone / "some.jsonl"
    named.write_text("\n".join(map(json.dumps, written)), "utf-8")
    assert plain(benchmark(name, [str(named)]), [str(named)]) == expected


def plain(rows: EvalSet, sources: Any) -> list[tuple[Any, ...]]:
    """Texts and answer of each row."""
    columns = make_task(rows.recipe).columns
    read = load(sources, columns, rows.recipe.data)
    names = [column.name for column in columns if column.name in read.column_names]
    return [tuple(row[name] for name in names) for row in read]


def test_a_file_alone_of_another_shape_is_read_by_the_recipe(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("a,b,c\nx,y,z\n", "utf-8")
    rows = benchmark("glue/rte", [str(file)], ["data.columns={text: a, text_pair: b, label: c}"])
    assert rows.recipe.data.columns == {"text": "a", "text_pair": "b", "label": "c"}
    assert rows.recipe.data.format is None
    assert benchmark("glue/rte", ["-"]).data == ("-",)  # not read here: that is possible only once


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
