"""`bertkit profile`: its folder, its tables and its mistakes."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from pathlib import Path

import pytest

from bertkit.commands.understand import profile as command
from bertkit.run import Run
from bertkit.understand.profile.steps import STEPS
from bertkit.understand.profile.trace import FILE
from tests.understand.profile.planted import recipe_with


def test_what_is_shown_and_written(bertkit, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = recipe_with("classify", tiny_bert, tmp_path, per_device_train_batch_size=1)
    code, out, err = bertkit("profile", recipe, "--steps", 6, "-s", "train.gradient_accumulation_steps=4")
    assert code == 0, err
    for phase in ("data", "encode", "collate", "waiting", "forward", "backward", "optimiser", "callbacks", "other"):
        assert f"\n {phase} " in out
    assert "a step takes" in out
    assert "rows/s" in out
    assert "peak MB: memory of the process" in out
    assert "batches of 1 row are too small" in out
    (folder,) = (tmp_path / "profiles").iterdir()
    assert f"written: {folder.relative_to(tmp_path) / 'profile.json'}" in out
    assert {file.name for file in folder.iterdir()} == {"profile.json", FILE}
    found = json.loads((folder / "profile.json").read_text())
    assert found["steps"] == {"warm_up": 3, "measured": 6}
    assert sum(one["share"] for one in found["phases"]) == pytest.approx(1)
    assert sum(one["seconds"] for one in found["phases"]) == pytest.approx(found["seconds_per_step"]["mean"])
    assert "train.per_device_train_batch_size" in [one["key"] for one in found["bottlenecks"]]
    assert found["verdict"] == found["bottlenecks"][0]["sentence"]
    assert found["trace"]["file"] == FILE
    assert found["rates"]["rows_per_step"] == 4
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_without_a_trace(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    code, _, err = bertkit("profile", tiny_run.path, "--steps", 1, "--no-trace", "-o", tmp_path / "out")
    assert code == 0, err
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["profile.json"]
    assert json.loads((tmp_path / "out" / "profile.json").read_text())["trace"] is None


def test_an_output_folder_in_use_stays_as_it_is(bertkit, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    code, _, err = bertkit("profile", "classify", "-o", tmp_path)
    assert code == 2
    assert "not empty; name a new folder" in err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clasify"], "no such recipe comes with bertkit; did you mean classify?"),
        (["classify", "-s", "train.steps=3"], "train.steps: no such key"),
        (["rows.csv"], "looks like data"),
        (["classify", "-s", "data.train=none.csv", "-s", "model.name=none"], "none.csv"),
    ],
)
def test_mistakes(bertkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = bertkit("profile", *arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_no_steps(bertkit) -> None:
    code, _, err = bertkit("profile", "classify", "--steps", 0)
    assert code == 2
    assert "greater than or equal to 1" in err


def test_one_row(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    """Too few for a validation split: the message of a training; with one, an epoch of one step is repeated."""
    data = tmp_path / "one.csv"
    data.write_text("text,score\nwhere is my parcel,2.5\n")
    arguments = ["profile", "regress", "-s", f"data.train={data}", "-s", f"model.name={tiny_bert}"]
    arguments += ["--steps", 1, "--no-trace", "-o", tmp_path / "out"]
    code, _, err = bertkit(*arguments)
    assert code == 2
    assert "none is left for validation" in err
    assert not (tmp_path / "out").exists()
    code, out, err = bertkit(*arguments, "-s", f"data.validation={data}")
    assert code == 0, err
    assert "rows/s" in out
    assert "too small" not in out


def test_ctrl_c(bertkit, tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertkit.training import callbacks

    def interrupted(self, args, state, control, **kwargs) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(callbacks.StopWatch, "on_step_end", interrupted)
    code, _, _ = bertkit("profile", tiny_run.path, "-o", tmp_path / "out")
    assert code == 130
    assert not (tmp_path / "out").exists()


def test_sigterm_ends_it_as_ctrl_c_does(
    bertkit, tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The temporary folder would stay otherwise."""
    from bertkit.training import callbacks

    def terminated(self, args, state, control, **kwargs) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(callbacks.StopWatch, "on_step_end", terminated)
    before = signal.getsignal(signal.SIGTERM)
    code, _, _ = bertkit("profile", tiny_run.path, "-o", tmp_path / "out")
    assert code == 130
    assert [*place.glob("bertkit-profile-*")] == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_too_many_steps(bertkit) -> None:
    code, _, err = bertkit("profile", "classify", "--steps", command.MOST_STEPS + 1)
    assert code == 2
    assert "less than or equal to 1000" in err


def test_the_default_number_of_steps() -> None:
    """A command imports nothing heavy, so it has a copy."""
    assert command.STEPS == STEPS
