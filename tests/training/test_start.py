"""Training on rows in memory: the same Run as from a file, which is resumed with the same rows alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from datasets import Dataset, DatasetDict

from bertkit import Run, train
from bertkit.errors import BertkitError, DataError, RecipeError, RunError
from bertkit.recipe.schema import Recipe
from tests.helpers import Power, log_of, make, tiny_recipe, write_rows

TINY = make("classify", {}).tiny_rows()
DATA = {"train": pd.DataFrame(TINY * 4), "validation": [(row["text"], row["label"]) for row in TINY]}


def sets_of(recipe: Recipe) -> dict[str, Any]:
    return {"model": recipe.model.name, **{f"train.{key}": value for key, value in recipe.train.items()}}


@pytest.fixture(scope="module")
def recipe(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return tiny_recipe("classify", {}, tiny_bert, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def from_memory(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train("classify", data=DATA, sets=sets_of(recipe), output=tmp_path_factory.mktemp("runs") / "memory")


def test_rows_in_memory_train_as_those_of_a_file(recipe: Recipe, from_memory: Run, tmp_path: Path) -> None:
    of_files = train(recipe, output=tmp_path / "run")
    assert log_of(from_memory, "step", "loss") == log_of(of_files, "step", "loss")
    assert from_memory.metrics["validation"] == of_files.metrics["validation"]
    assert from_memory.environment["data"] == of_files.environment["data"]


def test_the_run_says_what_its_data_was_and_does_not_keep_it(from_memory: Run) -> None:
    about = json.loads(from_memory.environment_file.read_text("utf-8"))["sources"]
    assert about == {"train": "memory: 32 rows (DataFrame)", "validation": "memory: 8 rows (list)"}
    data = from_memory.recipe.data
    assert data.train and data.validation
    assert data.train[0].startswith("memory:32-rows-")
    assert data.validation[0].startswith("memory:8-rows-")
    assert data.test is None
    assert "memory:32-rows-" in from_memory.report_file.read_text("utf-8")


@pytest.mark.parametrize(
    "command", [("eval",), ("eval", "--split", "train"), ("report",), ("compare",)], ids=lambda words: " ".join(words)
)
def test_scoring_it_needs_a_file(from_memory: Run, bertkit, tmp_path: Path, command: tuple[str, ...]) -> None:
    runs = [from_memory.path] * (2 if command[0] == "compare" else 1)
    code, out, err = bertkit(command[0], *runs, *command[1:])
    assert (code, out) == (2, "")
    split = "train" if "train" in command else "validation"
    what = f"data.{split}  these rows were in the memory of the program that trained on them, and no file has them"
    assert f"error: {what}; use --data\n" in err
    code, out, err = bertkit("eval", from_memory.path, "--data", write_rows(TINY, tmp_path / "a.jsonl"))
    assert code == 0, err
    assert f"{from_memory.metrics['validation']['accuracy']:.4f}" in out


def test_training_its_recipe_again_needs_the_rows(from_memory: Run, bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("train", from_memory.recipe_file, "-o", tmp_path / "run")
    assert code == 2
    assert "memory:32-rows-" in err
    assert "pass them again from Python (data=...), or name a file that has them" in err
    again = train(from_memory.recipe_file, data=DATA, output=tmp_path / "run")
    assert again.recipe == from_memory.recipe
    assert log_of(again, "loss") == log_of(from_memory, "loss")


def test_it_is_resumed_with_the_same_rows_alone(
    recipe: Recipe, from_memory: Run, tmp_path: Path, cut_at, bertkit
) -> None:
    folder = tmp_path / "run"
    more = sets_of(recipe) | {"train.save_strategy": "steps", "train.save_steps": 2, "train.eval_strategy": "no"}
    cut_at(3)
    with pytest.raises(Power):
        train("classify", data=DATA, sets=more, output=folder)
    cut_at(None)
    run = Run(folder)
    assert run.resume_command == f"train({str(folder)!r}, data=..., resume=True)"
    code, _, err = bertkit("train", folder, "--resume")
    assert code == 2
    assert "train and validation: these rows were in the memory of the program" in err
    assert f"from Python, {run.resume_command}" in err
    other = {**DATA, "train": DATA["train"][::-1]}
    with pytest.raises(RunError, match="the train rows have changed since this Run was started"):
        train(folder, data=other, resume=True)
    with pytest.raises(RunError, match="the train rows have changed since this Run was started"):
        train("classify", data=other, sets=more, output=folder, resume=True)
    with pytest.raises(RunError, match="was not started with test rows in memory"):
        train(folder, data={**DATA, "test": TINY}, resume=True)
    with pytest.raises(RecipeError, match="a resumed Run keeps its own files"):
        train(folder, data={"train": "a.csv"}, resume=True)
    form = {"train": Dataset.from_pandas(DATA["train"]), "validation": TINY}  # other forms of the same rows
    assert train(folder, data=form, resume=True).is_finished
    assert len(log_of(run, "loss")) == 4
    assert train("classify", data=form, sets=more, output=folder, resume=True).is_finished  # nothing to do
    code, _, _ = bertkit("train", folder, "--resume")
    assert code == 0


def test_the_training_rows_alone_and_a_file(recipe: Recipe, tmp_path: Path) -> None:
    sets = sets_of(recipe) | {"train.max_steps": 1, "train.eval_strategy": "no"}
    del sets["train.num_train_epochs"]
    run = train("classify", data=TINY * 4, sets=sets, output=tmp_path / "alone")
    assert run.metrics["rows"] == {"train": 29, "validation": 3}
    file = write_rows(TINY, tmp_path / "test.jsonl")
    data = DatasetDict({"train": Dataset.from_list(TINY * 4), "test": Dataset.from_list(TINY[:5])})
    run = train("classify", data={**data, "validation": file}, sets=sets, output=tmp_path / "mixed")
    assert run.metrics["rows"] == {"train": 32, "validation": 8, "test": 5}
    assert run.environment_file.read_text("utf-8").count("memory: ") == 2


def test_data_replaces_that_of_a_recipe_and_its_columns_stay(recipe: Recipe, tmp_path: Path) -> None:
    renamed = [{"message": row["text"], "kind": row["label"]} for row in TINY]
    values = recipe.model_dump(mode="json", exclude_none=True)
    values["data"] |= {"test": "gone.csv", "columns": {"text": "message", "label": "kind"}}
    values["train"] = {**values["train"], "max_steps": 1, "eval_strategy": "no"}
    values["train"].pop("num_train_epochs")
    run = train(values, data={"train": renamed * 2}, output=tmp_path / "dict")
    assert run.metrics["rows"] == {"train": 14, "validation": 2}
    whole = Recipe.model_validate(values)
    run = train(whole, data={"train": renamed * 2, "test": renamed}, output=tmp_path / "recipe")
    assert run.metrics["rows"] == {"train": 14, "validation": 2, "test": 8}
    with pytest.raises(DataError, match="train  no column 'message' for text"):
        train(whole, data={"train": TINY}, output=tmp_path / "other")


@pytest.mark.parametrize(
    ("data", "sets", "what"),
    [
        ({"train": TINY, "tset": TINY}, {}, "data  tset: no such split; did you mean test"),
        ({"train": 7}, {}, "train, rows  int is not accepted"),
        ({"train": []}, {}, "train, rows  there are none"),
        ({"train": TINY, "test": ["hello"]}, {}, "test, row 1  has no answer"),
        ({"train": [*TINY, {"text": "", "label": "x"}]}, {}, r"train\[row 9\]  text is empty"),
        ({"train": TINY}, {"data.train": "a.csv"}, "data.train is also passed as data; leave one of them out"),
        ({"train": TINY}, {"data": {"test": "a.csv"}}, "data.train is also passed as data"),
        ({"test": TINY}, {}, "data.train  the recipe names no training data"),
        (
            {"train": TINY, "validation": TINY},
            {"data.validation_ratio": 0.2},
            "validation_ratio: has no effect beside data.validation",
        ),
    ],
)
def test_mistakes(tiny_bert: Path, tmp_path: Path, data: Any, sets: dict[str, Any], what: str) -> None:
    with pytest.raises(BertkitError, match=what):
        train("classify", data=data, sets={"model": str(tiny_bert), **sets}, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_task_of_ones_own_reads_the_sources_of_its_recipe(tiny_bert: Path, tmp_path: Path, recipe: Recipe) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from bertkit.data.read.readers import read_records\n"
        "from bertkit.tasks.classify.task import Classify\n"
        "class Mine(Classify):\n"
        "    def read(self, recipe, names=()):\n"
        "        rows = [r.values for r in read_records(recipe.data.train, recipe.data)]\n"
        "        return {'train': rows, 'validation': rows}\n"
    )
    sets = sets_of(recipe) | {"train.max_steps": 1}
    del sets["train.num_train_epochs"]
    run = train({"task": f"{file}:Mine"}, data=TINY, sets=sets, output=tmp_path / "run")
    assert run.metrics["rows"] == {"train": 8, "validation": 8}


def test_raw_texts_are_pre_trained_on(tiny_bert: Path, tmp_path: Path, words: list[str]) -> None:
    sets = {"model": str(tiny_bert), "train.max_steps": 1, "train.use_cpu": True, "train.report_to": "none"}
    data = {"train": pd.Series(words), "validation": words[:20]}
    run = train("pretrain", data=data, sets=sets, output=tmp_path / "run")
    assert run.recipe.data.train == [f"memory:{len(words)}-rows-{run.recipe.data.train[0][-12:]}"]  # type: ignore[index]
