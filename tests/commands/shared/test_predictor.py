"""How a command line names a model: a Run, or a checkpoint with its task, recipe or labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit import Run
from bertkit.commands.shared.predictor import open_predictor
from bertkit.errors import BertkitError

NOTHING: dict[str, Any] = {"on": None, "task": None, "labels": None, "sets": None, "trust_code": False}


def test_a_run_reads_rows_as_its_recipe_does(tiny_run: Run) -> None:
    opened = open_predictor(str(tiny_run.path), None, **NOTHING)
    assert opened.run is not None and opened.run.path == tiny_run.path
    assert opened.block.delimiter is None
    changed = open_predictor(str(tiny_run.path), None, **{**NOTHING, "sets": ["data.delimiter=;"]})
    assert changed.block.delimiter == ";"


def test_a_checkpoint_has_the_task_of_its_configuration(tiny_run: Run) -> None:
    opened = open_predictor(str(tiny_run.model), None, **NOTHING)
    assert opened.run is None
    assert opened.predictor.recipe.task == "classify"
    assert opened.predictor.predict(["hello"])[0]["label"] in tiny_run.task_state["labels"]


def test_its_outputs_can_be_named(tiny_run: Run) -> None:
    names = [f"n{number}" for number in range(len(tiny_run.task_state["labels"]))]
    opened = open_predictor(str(tiny_run.model), None, **{**NOTHING, "labels": ", ".join(names)})
    assert opened.predictor.predict(["hello"])[0]["label"] in names


@pytest.mark.parametrize(
    ("place", "given", "message"),
    [
        ("path", {"task": "classify"}, "a Run has its own task and labels; leave it out"),
        ("path", {"labels": "a,b"}, "a Run has its own task and labels"),
        ("path", {"sets": ["data.train=a.csv"]}, "data.train"),
        ("path", {"sets": ["data.label_names=[a,b]"]}, "data.label_names"),
        ("model", {"on": "classify", "task": "ner"}, "the recipe already names the task"),
    ],
)
def test_what_does_not_go_together(tiny_run: Run, place: str, given: dict[str, Any], message: str) -> None:
    with pytest.raises(BertkitError) as error:
        open_predictor(str(Path(getattr(tiny_run, place))), None, **{**NOTHING, **given})
    assert message in str(error.value)
