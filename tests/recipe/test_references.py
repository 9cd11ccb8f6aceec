"""References are found by the types of the fields, in the recipe and in the options of a user's own task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from bertkit.errors import RecipeError, RunError
from bertkit.recipe.code import code_of
from bertkit.recipe.load import load, map_references
from bertkit.recipe.references import Reference, ReferenceTo, change_references
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import read
from bertkit.run import Run

TASK = """
from bertkit.recipe.references import Reference
from bertkit.tasks.classify.task import Classify, ClassifyOptions

class Options(ClassifyOptions):
    augment: Reference | None = None
    filters: list[Reference] = []
    note: str = ""

class Mine(Classify):
    Options = Options
"""


class Inner(BaseModel):
    one: Reference = ""
    plain: str = ""


class Outer(BaseModel):
    inner: Inner = Inner()
    several: dict[str, list[Annotated[str, ReferenceTo("loss")]]] = {}
    either: Reference | dict[Reference, int] | None = None


def seen(model: type[BaseModel], value: Any) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []

    def visit(key: Any, kind: str, reference: str) -> str:
        found.append((".".join(map(str, key)), kind, reference))
        return reference.upper()

    assert str(change_references(model, value, visit)) == str(value).replace("ref", "REF")
    return found


def test_the_types_are_walked() -> None:
    values = {"inner": {"one": "ref1", "plain": "x"}, "several": {"a": ["ref2"]}, "either": {"ref3": 1}, "other": "x"}
    expected = [("inner.one", "", "ref1"), ("several.a.0", "loss", "ref2"), ("either", "", "ref3")]
    assert seen(Outer, values) == expected
    del values["other"]
    assert seen(Outer, Outer.model_validate(values)) == expected


@pytest.mark.parametrize("value", [None, 3, "x", [1], {"inner": 3, "several": {"a": 1, "b": [2]}, "either": [1]}])
def test_values_of_another_shape_are_left_alone(value: Any) -> None:
    assert seen(Outer, value) == []


@pytest.fixture
def mine(tmp_path: Path) -> Recipe:
    """A recipe of a user's task, whose options name two more files, relative to the recipe."""
    for name in ("augment.py", "filter.py"):
        (tmp_path / name).write_text("def change(text): return text\n")
    (tmp_path / "mine.py").write_text(TASK)
    options = "{augment: './augment.py:change', filters: ['./filter.py:change'], note: './augment.py:no'}"
    (tmp_path / "r.yaml").write_text(f"task: ./mine.py:Mine\noptions: {options}\n")
    return load(tmp_path / "r.yaml")


def test_a_users_own_reference_is_copied_into_the_run(mine: Recipe, tmp_path: Path) -> None:
    assert mine.options["augment"] == f"{tmp_path}/augment.py:change"
    run = Run.create(tmp_path / "run", mine)
    assert sorted(path.name for path in run.code.iterdir()) == ["augment.py", "filter.py", "mine.py"]
    code = run.code.absolute()
    options = {"augment": f"{code}/augment.py:change", "filters": [f"{code}/filter.py:change"]}
    assert run.recipe.options == {**options, "note": "./augment.py:no"}
    assert "./code/augment.py:change" in run.recipe_file.read_text()


@pytest.mark.parametrize("name", ["mine", "augment", "filter"])
def test_a_users_own_reference_needs_trust(mine: Recipe, tmp_path: Path, name: str) -> None:
    run = Run.create(tmp_path / "run", mine)
    Run.begun(run.path)
    (run.code / f"{name}.py").write_text("changed = 1\n")
    with pytest.raises(RunError, match="trust-code"):
        Run.begun(run.path)


def test_code_is_found_before_any_of_it_runs(mine: Recipe, tmp_path: Path) -> None:
    """The task itself may be what is not trusted, so its types are not asked."""
    (tmp_path / "mine.py").write_text("raise SystemExit")
    files = {Path(code.name).name for code in code_of(read(tmp_path / "r.yaml"))}
    assert files == {"mine.py", "augment.py", "filter.py"}


def test_a_reference_that_names_nothing(mine: Recipe, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load(tmp_path / "r.yaml", ["options.augment=./gone.py:x"])
    assert str(caught.value).startswith("--set  options.augment: no such file: ")


def test_every_reference_of_a_recipe_is_visited(tmp_path: Path) -> None:
    text = "task: classify\nmetrics: accuracy\ncallbacks: [early_stopping]\ndata: {format: csv}\noptions: {loss: focal}"
    (tmp_path / "r.yaml").write_text(text)
    kinds: list[str] = []
    map_references(load(tmp_path / "r.yaml"), lambda key, kind, reference: kinds.append(kind) or reference)
    assert sorted(kinds) == ["", "callback", "metric", "reader", "task"]
