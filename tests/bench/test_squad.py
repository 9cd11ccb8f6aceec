"""SQuAD as a suite: its files, and figures under the names that the recipes' metrics give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.bench import squad
from bertkit.bench.suite import check
from bertkit.errors import DataError
from bertkit.metrics import find_metric
from bertkit.recipe.load import load
from bertkit.tasks.task import make_task
from tests.bench import glue_data


def test_both_versions_read_their_files(tmp_path: Path) -> None:
    glue_data.squad(tmp_path)
    suite = squad.suite(tmp_path, "paper")
    check(suite)
    assert [entry.name for entry in suite.entries] == ["v1", "v2"]
    for entry in suite.entries:
        recipe = load(entry.recipe, entry.sets)
        splits = make_task(recipe).read(recipe)
        assert {name: len(rows) for name, rows in splits.items()} == {"train": 6, "validation": 3}


def test_a_missing_version_is_told(tmp_path: Path) -> None:
    glue_data.squad(tmp_path)
    (tmp_path / "dev-v1.1.json").unlink()
    suite = squad.suite(tmp_path, "paper")
    assert [entry.name for entry in suite.entries] == ["v2"]
    assert suite.absent == {"v1": f"{tmp_path} has no dev-v1.1.json"}


@pytest.mark.parametrize(("folder", "message"), [("", "holds no version of SQuAD"), ("none", "no such folder")])
def test_nothing_there_is_an_error(tmp_path: Path, folder: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        squad.suite(tmp_path / folder, "paper")


def test_on_the_hub_the_recipes_are_as_they_are() -> None:
    suite = squad.suite(None, "tuned")
    assert [(entry.recipe, entry.sets) for entry in suite.entries] == [("squad/v1", ()), ("squad/v2", ())]


def test_figures_are_those_of_the_recipes_metric() -> None:
    for entry in squad.suite(None, "paper").entries:
        (name,) = load(entry.recipe).metrics
        assert [figure.partition("/")[2] for figure in entry.figures] == list(find_metric(name, "answers").keys)
        for figures in entry.published.values():
            assert set(figures) <= set(entry.figures)
            assert all(50 < value < 100 for value in figures.values())
