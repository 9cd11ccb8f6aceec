"""Errors that are found after a recipe was checked get the place of their key."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import DataError, Parameter, Problem, RecipeError
from bertkit.recipe.load import load
from bertkit.recipe.places import placed, with_places


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("task: classify\nmodel: bert\noptions:\n  max_length: 65\n")
    return "mine.yaml"


@pytest.mark.parametrize(
    ("key", "sets", "place"),
    [
        ("options.max_length", [], "mine.yaml:4"),
        ("options.max_length", ["options.max_length=66"], "--set"),
        ("options.max_length", ["options={max_length: 66}"], "--set"),
        ("model.name", [], "mine.yaml:2"),
        ("data.train", [], ""),
        ("data.train.0", ["data.train=[a.csv]"], "--set"),
        ("train", [], ""),
        ("a.csv:3", [], ""),
    ],
)
def test_the_place_of_a_key(key: str, sets: list[str], place: str, mine: str) -> None:
    (problem,) = placed([Problem(key, "is odd")], mine, sets)
    assert str(problem) == (f"{place}  {key}: is odd" if place else f"{key}  is odd")


def test_a_place_that_is_there_stays(mine: str) -> None:
    problem = Problem("options.max_length", "is odd", place=Parameter("file"))
    assert placed([problem], mine) == [problem]


def test_what_has_no_places(mine: str, tmp_path: Path) -> None:
    problem = Problem("options.max_length", "is odd")
    assert placed([problem], load(mine)) == [problem]
    assert placed([problem], tmp_path) == [problem], "a Run"
    assert placed([problem], {"task": "classify", "options": {"max_length": 3}}) == [problem]
    assert placed([problem], {"task": "classify"}, {"options.max_length": 3})[0].place == Parameter("sets")


def test_an_error_keeps_its_kind_and_its_cause(mine: str) -> None:
    with pytest.raises(RecipeError, match=r"mine\.yaml:4  options\.max_length: is odd") as caught, with_places(mine):
        raise RecipeError.at("options.max_length", "is odd")
    assert isinstance(caught.value.__cause__, RecipeError)
    with pytest.raises(DataError) as other, with_places(mine):
        raise DataError.at("a.csv:3", "is odd")
    assert other.value.__cause__ is None
