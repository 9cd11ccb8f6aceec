"""What an evaluation is asked for: arguments that go together, and those that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RecipeError
from bertkit.inference.request import EvalRequest, is_prediction_file

FILE = Path("predictions.json")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"model": "runs/mine"}, "run"),
        ({"model": "some/checkpoint", "on": "glue/mnli", "labels": ("a", "b")}, "checkpoint"),
        ({"predictions": FILE, "on": "squad/v2", "data": ("dev.json",), "threshold": 0.5}, "predictions"),
        ({"predictions": FILE, "task": "squad", "data": ("dev.json",), "allow_missing": True}, "predictions"),
    ],
)
def test_kind(arguments: dict[str, Any], kind: str) -> None:
    assert EvalRequest(**arguments).kind == kind


def test_a_run_on_a_benchmark_is_a_run(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").touch()
    assert EvalRequest(str(tmp_path), on="glue/mnli").kind == "run"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "model  nothing to score"),
        ({"predictions": FILE}, "--on  needed to score predictions"),
        ({"model": "a", "predictions": FILE}, "--predictions  given in place of a model"),
        ({"model": "a", "threshold": 0.0}, "--threshold  only for SQuAD predictions"),
        ({"model": "a", "allow_missing": True}, "--allow-missing  only for SQuAD predictions"),
        ({"predictions": FILE, "task": "squad", "data": ("a",), "split": "test"}, "--split  .*; use --data"),
        ({"predictions": FILE, "on": "a", "labels": ("b",)}, "--labels  only for a checkpoint"),
    ],
)
def test_arguments_that_do_not_go_together(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        EvalRequest(**arguments)


def test_files_of_predictions_are_known_by_their_ending(tmp_path: Path) -> None:
    assert is_prediction_file("RTE.tsv")
    assert not is_prediction_file("some/checkpoint")
    (tmp_path / "run.json").mkdir()
    assert not is_prediction_file(str(tmp_path / "run.json"))
