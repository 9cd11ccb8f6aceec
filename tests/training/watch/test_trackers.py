"""A tracker that can not start stops the training before its first step; one that fails later does not end it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerCallback
from transformers.integrations import integration_utils

from bertkit import train
from bertkit.errors import TrainingError
from bertkit.training.watch.trackers import Tracker, _SwanLab
from tests.helpers import messages, tiny_recipe


class Fake(TrainerCallback):
    """A tracker, which fails at one event."""

    fails_at = ""
    seen: list[str]

    def __init__(self) -> None:
        Fake.seen = self.seen = []

    def _note(self, event: str) -> None:
        self.seen.append(event)
        if event == self.fails_at:
            raise ConnectionError("no route\nto host")

    def on_train_begin(self, args: Any, *rest: Any, **kwargs: Any) -> None:
        self.run_name = args.run_name
        self.seen.append(f"run {args.run_name}")
        self._note("begin")

    def on_log(self, *args: Any, **kwargs: Any) -> None:
        self._note("log")


@pytest.fixture
def tracked(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A training that reports to the fake tracker."""
    monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, "mlflow", Fake)
    monkeypatch.setattr("transformers.integrations.get_available_reporting_integrations", lambda: ["mlflow"])

    def run(fails_at: str) -> Path:
        monkeypatch.setattr(Fake, "fails_at", fails_at)
        train_block = {"max_steps": 3, "logging_steps": 1, "report_to": ["mlflow"]}
        train(tiny_recipe("classify", {}, tiny_bert, tmp_path, **train_block), output=tmp_path / "mine")
        return tmp_path / "mine"

    return run


def test_it_is_told_of_every_step_under_the_name_of_the_run(tracked) -> None:
    tracked("")
    assert Fake.seen[:2] == ["run mine", "begin"]
    assert Fake.seen.count("log") >= 3


def test_one_that_can_not_start_leaves_the_folder_free(tracked, tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as error:
        tracked("begin")
    assert str(error.value) == (
        "train.report_to  mlflow can not start: ConnectionError: no route to host; "
        "set MLFLOW_TRACKING_URI to a server that answers, or to a folder; or leave it out"
    )
    assert not (tmp_path / "mine").exists()


def test_one_that_fails_later_costs_no_training(tracked, caplog: pytest.LogCaptureFixture) -> None:
    run = tracked("log")
    assert (run / "metrics.json").is_file()
    assert Fake.seen.count("log") == 1
    told = [line for line in messages(caplog) if "report_to" in line]
    assert told == ["train.report_to: mlflow failed, and gets nothing from here on (ConnectionError: no route to host)"]


def test_swanlab_without_a_run_has_none() -> None:
    """Since 0.8 it raises, where transformers' callback expects None."""

    class Module:
        started = False

        def has_run(self) -> bool:
            return self.started

        def get_run(self) -> str:
            if not self.started:
                raise RuntimeError("No active Run")
            return "run"

    class Callback:
        _swanlab = module = Module()

    callback = Callback()
    Tracker("swanlab", callback)
    assert callback._swanlab.get_run() is None
    Callback.module.started = True
    assert callback._swanlab.get_run() == "run"
    assert isinstance(callback._swanlab, _SwanLab)
