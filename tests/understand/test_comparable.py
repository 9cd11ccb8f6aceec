"""Which Runs can be compared, and notes and warnings about the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RunError
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import make_task
from bertkit.understand.comparable import check_alike, check_data, names_of


def recipe(task: str = "classify", *, options: dict[str, Any] | None = None, seed: int = 42, **data: Any) -> Recipe:
    return Recipe.model_validate({"task": task, "options": options or {}, "data": data, "seed": seed})


def alike(one: Recipe, other: Recipe, states: tuple[dict[str, Any], dict[str, Any]] = ({}, {})) -> None:
    tasks = [make_task(each, state) for each, state in zip((one, other), states, strict=True)]
    check_alike(["one", "other"], [one, other], tasks)


def test_names() -> None:
    assert names_of([Path("runs/a"), Path("runs/b")]) == ["a", "b"]
    assert names_of([Path("x/run"), Path("y/run"), Path("b")]) == ["x/run", "y/run", "b"]
    assert names_of([Path("x/run"), Path("x/run")]) == ["x/run", "x/run (2)"]


def test_other_tasks() -> None:
    with pytest.raises(RunError, match="its task is regress, and that of one is classify"):
        alike(recipe(), recipe("regress"))


def test_one_label_a_row_or_several() -> None:
    with pytest.raises(RunError, match=r"its answers are label \(labels\), and those of one are label \(label\)"):
        alike(recipe(), recipe(options={"multi_label": True}))


def test_other_labels_are_named() -> None:
    states = {"labels": ["a", "b", *"uvwxyz"]}, {"labels": ["b", "c"]}
    with pytest.raises(RunError, match="it alone has c and lacks a, u, v, w, x and 2 more"):
        alike(recipe(), recipe(), states)
    alike(recipe(), recipe(), ({"labels": ["a", "b"]}, {"labels": ["b", "a"]}))


def test_other_schemes_of_tags() -> None:
    states = {"labels": ["O", "B-PER"], "scheme": "IOB2"}, {"labels": ["O", "B-PER"], "scheme": "BIOES"}
    with pytest.raises(RunError, match="its tags are BIOES, and those of one are IOB2"):
        alike(recipe("ner"), recipe("ner"), states)


def test_the_same_code_in_two_runs_is_one_task(tmp_path: Path) -> None:
    names = []
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "own.py"
        file.write_text("from bertkit.tasks.classify.task import Classify\n\n\nclass Own(Classify): ...\n", "utf-8")
        names.append(f"{file}:Own")
    alike(*map(recipe, names))
    with pytest.raises(RunError, match=r"its task is own.py:Own, and that of one is classify"):
        alike(recipe(), recipe(names[0]))


def test_other_test_data_is_noted() -> None:
    recipes = [recipe(train="a.csv", test="test.csv"), recipe(train="b.csv", test="b-test.csv"), recipe(train="b.csv")]
    notes, warnings = check_data(["one", "two", "three"], recipes, [], "test")
    assert notes == [
        "two: scored on test.csv, though its own recipe names other test data: b-test.csv",
        "three: scored on test.csv, though its own recipe names other test data: none",
    ]
    assert warnings == {}
    assert check_data(["one", "two", "three"], recipes, ["new.csv"], "test") == ([], {})


def test_rows_that_a_run_was_trained_on_give_a_warning() -> None:
    recipes = [recipe(train="a.csv", test="test.csv"), recipe(train=["b.csv", "test.csv"], test="test.csv")]
    _, warnings = check_data(["one", "two"], recipes, [], "test")
    assert warnings == {"two": "two: was trained on rows of test.csv, which it is scored on here"}
    _, warnings = check_data(["one", "two"], recipes, ["a.csv"], "test")
    assert warnings == {"one": "one: was trained on rows of a.csv, which it is scored on here"}


def test_rows_that_were_split_off() -> None:
    """The same split of the same file holds the same rows out; another seed does not."""
    same, other = [recipe(train="a.csv")] * 2, [recipe(train="a.csv"), recipe(train="a.csv", seed=1)]
    assert check_data(["one", "two"], same, [], "validation") == ([], {})
    _, warnings = check_data(["one", "two"], other, [], "validation")
    assert warnings == {"two": "two: was trained on rows of a.csv, which it is scored on here"}
    _, warnings = check_data(["one", "two"], same, [], "train")
    assert len(warnings) == 2
