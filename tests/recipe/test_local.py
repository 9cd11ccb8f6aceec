"""A Run's recipe names no folders of the machine; local.json beside it has them, for this machine alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RecipeError
from bertkit.recipe.load import load
from bertkit.recipe.local import LOCAL, is_movable, not_there, published, published_reference, without_folders
from bertkit.recipe.schema import Recipe
from bertkit.run import Run

BLOCKS: dict[str, Any] = {
    "task": "classify",
    "model": {"name": "/home/me/bert", "tokenizer": "package:some/words"},
    "data": {
        "train": ["/home/me/a/x.csv", "/home/me/b/x.csv", "hub:glue#train"],
        "validation": ["/home/me/all.json#dev"],
        "test": ["/home/me/test/*.csv"],
        "label_names": "/home/me/labels.txt",
        "limit": {"train": 5},
    },
}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/home/me/x.csv", "./x.csv"),
        ("/home/me/all.json#dev", "./all.json#dev"),
        ("/home/me/books/", "./books"),
        ("/", "./folder"),
        ("bert-base-uncased", "bert-base-uncased"),
        ("hub:glue:sst2#train", "hub:glue:sst2#train"),
        ("package:some/model", "package:some/model"),
        ("-", "-"),
    ],
)
def test_a_path_is_named_without_its_folders(path: str, name: str) -> None:
    assert published(path) == name


def test_a_reference_is_named_without_its_folders() -> None:
    assert published_reference("/home/me/mine.py:Mine") == "mine.py:Mine"
    assert published_reference("classify") == "classify"


def test_a_run_keeps_the_folders_apart_and_finds_them_again(tmp_path: Path) -> None:
    recipe = Recipe.model_validate(BLOCKS)
    run = Run.create(tmp_path / "run", recipe)
    assert run.recipe == recipe
    assert load(run.recipe_file) == recipe
    assert "/home" not in run.recipe_file.read_text()
    assert "./all.json#dev" in run.recipe_file.read_text()
    assert run.local_file.stat().st_mode & 0o777 == 0o600
    assert run.local_file.name in (run.path / ".gitignore").read_text().splitlines()
    assert without_folders(recipe)[0].data.limit.train == 5
    assert Run(run.path.rename(tmp_path / "moved")).recipe == recipe


def test_what_was_changed_since_is_not_overruled(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", Recipe.model_validate(BLOCKS))
    run.recipe_file.write_text(run.recipe_file.read_text().replace("- ./all.json#dev", "- ./other.json"))
    (tmp_path / "here").mkdir()
    changed = run.recipe_with(["data.train=./x.csv"])
    assert changed.data.train == [str(Path("x.csv").absolute())]
    assert changed.data.validation == [str(run.path / "other.json")]
    assert changed.data.test == BLOCKS["data"]["test"]


def test_without_the_folders_the_files_are_those_in_the_run(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", Recipe.model_validate(BLOCKS))
    run.local_file.unlink()
    assert run.recipe.data.test == [f"{run.path}/*.csv"]
    assert run.recipe.model.name == f"{run.path}/bert"  # and not a model of the hub that bears the name


def test_a_run_of_before_has_whole_paths_in_its_recipe(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", Recipe.model_validate(BLOCKS))
    run.local_file.unlink()
    run.recipe_file.write_text(json.dumps(BLOCKS))  # which is YAML
    assert run.recipe == Recipe.model_validate(BLOCKS)


@pytest.mark.parametrize("text", ["", "[]", "5", "{}", '{"paths": 5}', '{"paths": []}', "\x00", "[" * 100_000])
def test_a_file_of_another_shape_is_a_mistake(tmp_path: Path, text: str) -> None:
    run = Run.create(tmp_path / "run", Recipe.model_validate(BLOCKS))
    (run.path / LOCAL).write_text(text)
    with pytest.raises(RecipeError, match=r"local\.json  can not be used: .*; remove it"):
        _ = run.recipe


def test_keys_that_say_where_things_lie() -> None:
    movable = ["data.train", "data.train.0", "data.validation.3", "model.name", "model.tokenizer"]
    assert all(map(is_movable, movable))
    assert not any(map(is_movable, ["data", "data.trained", "data.limit.train", "model.revision", "seed"]))


def test_files_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "a.json").touch()
    (tmp_path / "b#1.csv").touch()
    here = [f"{tmp_path}/a.json", f"{tmp_path}/a.json#rows", f"{tmp_path}/b#1.csv", f"{tmp_path}/*.json"]
    gone = [f"{tmp_path}/c.json#rows", f"{tmp_path}/*.tsv"]
    elsewhere = ["hub:imdb#train", "package:some/rows.csv", "-"]
    recipe = Recipe.model_validate(
        {"task": "classify", "data": {"train": [*here, *gone, *elsewhere]}, "model": {"name": "bert-base-cased"}}
    )
    assert not_there(recipe) == [("data.train", path) for path in gone]
