"""make_task: a recipe's task with its options and what a Run remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import PluginError
from bertkit.recipe.schema import Recipe
from bertkit.tasks.classify.task import Classify
from bertkit.tasks.task import make_task


def test_a_task_has_its_options_and_its_memory() -> None:
    remembered = {"labels": ["no", "yes"]}
    task = make_task(Recipe(task="classify", options={"max_length": 32}), remembered)
    assert isinstance(task, Classify)
    assert task.options.max_length == 32
    assert task.labels == ["no", "yes"]
    task.state["thresholds"] = [0.5, 0.5]
    assert "thresholds" not in remembered


def test_a_task_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from bertkit.tasks.classify.task import Classify\n\nclass Mine(Classify): ...\n")
    assert type(make_task(Recipe(task=f"{tmp_path}/mine.py:Mine"))).__name__ == "Mine"
    with pytest.raises(PluginError, match="did you mean classify"):
        make_task(Recipe(task="clasify"))
