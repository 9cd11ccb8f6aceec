"""Checkpoints are whole or not there; the newest whole one is gone on from; the best and the last always stay."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bertkit.training.checkpoints import LIST, STATE, Checkpoints, damage, is_final, state_of, step_of, wins_tie
from tests.helpers import messages


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    return caplog


def write(checkpoints: Checkpoints, step: int, weights: str = "weights", **state: Any) -> Path:
    """A checkpoint written aside, as Trainer leaves it."""
    folder = checkpoints.aside / f"checkpoint-{step}"
    (folder / "deep").mkdir(parents=True)
    (folder / "model.safetensors").write_text(weights)
    (folder / "deep" / "rng.pth").write_text("state")
    full = {"global_step": step, "max_steps": 100, "stateful_callbacks": {}, **state}
    (folder / STATE).write_text(json.dumps(full))
    return folder


def seal(checkpoints: Checkpoints, *steps: int) -> None:
    for step in steps:
        write(checkpoints, step)
        checkpoints.seal(step)


def steps(checkpoints: Checkpoints) -> list[int]:
    return [step_of(path) for path in checkpoints.all()]


def test_a_checkpoint_counts_only_once_it_is_sealed(checkpoints: Checkpoints) -> None:
    write(checkpoints, 5)
    assert checkpoints.all() == []
    assert checkpoints.last() is None
    checkpoints.seal(5)
    assert checkpoints.all() == [checkpoints.last()] == [checkpoints.path(5)]
    assert not checkpoints.aside.exists()


def test_the_list_names_every_file_with_its_size_and_hash(checkpoints: Checkpoints) -> None:
    seal(checkpoints, 5)
    files = json.loads((checkpoints.path(5) / LIST).read_text())
    state = (checkpoints.path(5) / STATE).stat().st_size
    assert {name: entry["bytes"] for name, entry in files.items()} == {
        "model.safetensors": 7,
        "deep/rng.pth": 5,
        STATE: state,
    }
    assert files["model.safetensors"]["sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert damage(checkpoints.path(5)) == ""


def test_a_checkpoint_from_before_hashes_is_taken(checkpoints: Checkpoints) -> None:
    seal(checkpoints, 5, 10)
    sizes = {name: (checkpoints.path(10) / name).stat().st_size for name in ("model.safetensors", "deep/rng.pth")}
    (checkpoints.path(10) / LIST).write_text(json.dumps(sizes))
    assert checkpoints.last() == checkpoints.path(10)
    shortened(checkpoints.path(10))
    assert checkpoints.last() == checkpoints.path(5)


def test_a_later_checkpoint_of_the_same_step_takes_its_place(checkpoints: Checkpoints) -> None:
    for weights in ("old", "newer"):
        write(checkpoints, 5, weights)
        checkpoints.seal(5)
    assert (checkpoints.path(5) / "model.safetensors").read_text() == "newer"
    assert steps(checkpoints) == [5]
    assert damage(checkpoints.path(5)) == ""
    assert not checkpoints.aside.exists()


@pytest.mark.parametrize("renames", [0, 1])
def test_a_kill_while_sealing_leaves_the_old_or_the_new_one(
    checkpoints: Checkpoints, renames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(checkpoints, 5, "old")
    checkpoints.seal(5)
    write(checkpoints, 5, "newer")
    plain, done = Path.rename, []

    def rename(path: Path, target: Any) -> Path:
        if len(done) == renames:
            raise KeyboardInterrupt
        done.append(path)
        return plain(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.seal(5)
    monkeypatch.undo()
    assert checkpoints.last() == checkpoints.path(5)
    assert (checkpoints.path(5) / "model.safetensors").read_text() == ("newer" if renames else "old")
    checkpoints.sweep()
    assert checkpoints.last() == checkpoints.path(5)


def test_what_a_killed_process_left_half_written_is_not_read_and_is_swept(checkpoints: Checkpoints) -> None:
    seal(checkpoints, 5)
    write(checkpoints, 10)
    assert checkpoints.last() == checkpoints.path(5)
    checkpoints.sweep()
    assert not checkpoints.aside.exists()
    assert steps(checkpoints) == [5]
    checkpoints.sweep()  # nothing to do


def test_names_that_are_not_checkpoints_are_left_alone(checkpoints: Checkpoints) -> None:
    seal(checkpoints, 3)
    others = ["checkpoint-", "checkpoint-best", "checkpoint-7.bak", "checkpoint--7", "best", "my-checkpoint-9"]
    for name in others:
        shutil.copytree(checkpoints.path(3), checkpoints.folder / name)
    assert steps(checkpoints) == [3]
    checkpoints.rotate(3, 1, None)
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == sorted([*others, "checkpoint-3"])


def test_the_newest_is_the_one_of_the_highest_step(checkpoints: Checkpoints) -> None:
    seal(checkpoints, 100, 9, 20)
    assert steps(checkpoints) == [9, 20, 100]
    assert checkpoints.last() == checkpoints.path(100)


def test_where_there_is_no_folder_there_is_no_checkpoint(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "gone").last() is None
    assert Checkpoints(tmp_path / "gone").all() == []


def missing(folder: Path) -> str:
    (folder / "deep" / "rng.pth").unlink()
    return "no deep/rng.pth"


def shortened(folder: Path) -> str:
    (folder / "model.safetensors").write_text("weig")
    return "model.safetensors has 4 of 7 bytes"


def without_list(folder: Path) -> str:
    (folder / LIST).unlink()
    return "no files.json"


def broken_list(folder: Path) -> str:
    (folder / LIST).write_text('{"model.saf')
    return "no files.json"


def list_of_another_shape(folder: Path) -> str:
    (folder / LIST).write_text("[]")
    return "no files.json"


def empty(folder: Path) -> str:
    shutil.rmtree(folder)
    folder.mkdir()
    return "no files.json"


def flipped(folder: Path) -> str:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[3] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    return "the content of model.safetensors has changed"


def zeroed(folder: Path) -> str:
    """As a power cut leaves it: the right size, and nothing in it."""
    (folder / STATE).write_bytes(bytes((folder / STATE).stat().st_size))
    return f"the content of {STATE} has changed"


def zeroed_list(folder: Path) -> str:
    (folder / LIST).write_bytes(bytes((folder / LIST).stat().st_size))
    return "no files.json"


@pytest.mark.parametrize(
    "tear",
    [missing, shortened, without_list, broken_list, list_of_another_shape, empty, flipped, zeroed, zeroed_list],
)
def test_a_torn_checkpoint_is_passed_over_and_named(
    checkpoints: Checkpoints, tear: Any, said: pytest.LogCaptureFixture
) -> None:
    seal(checkpoints, 5, 10)
    torn = tear(checkpoints.path(10))
    assert damage(checkpoints.path(10)) == torn
    assert checkpoints.last() == checkpoints.path(5)
    assert messages(said) == [f"{checkpoints.path(10)} is damaged ({torn}): skipped"]
    tear(checkpoints.path(5))
    assert checkpoints.last() is None


@pytest.mark.parametrize(
    ("limit", "best", "kept"),
    [
        (None, None, [1, 2, 3, 4, 5]),
        (None, 2, [1, 2, 3, 4, 5]),
        (1, None, [5]),
        (1, 5, [5]),
        (1, 2, [2, 5]),
        (2, None, [4, 5]),
        (2, 5, [4, 5]),
        (2, 4, [4, 5]),
        (2, 1, [1, 5]),
        (3, None, [3, 4, 5]),
        (3, 2, [2, 4, 5]),
        (3, 4, [3, 4, 5]),
        (9, 2, [1, 2, 3, 4, 5]),
        (1, 77, [5]),
    ],
)
def test_the_best_and_the_last_stay(checkpoints: Checkpoints, limit: int | None, best: int | None, kept: Any) -> None:
    seal(checkpoints, 1, 2, 3, 4, 5)
    checkpoints.rotate(5, limit, best)
    assert steps(checkpoints) == kept
    checkpoints.rotate(5, limit, best)
    assert steps(checkpoints) == kept


@pytest.mark.parametrize("limit", [1, 2])
@pytest.mark.parametrize("tear", [shortened, flipped])
def test_a_torn_checkpoint_does_not_take_the_place_of_a_whole_one(
    checkpoints: Checkpoints, limit: int, tear: Any
) -> None:
    """Where the newest was torn, training goes on before it; what it saves then must stay."""
    seal(checkpoints, 10, 30)
    tear(checkpoints.path(30))
    seal(checkpoints, 20)
    checkpoints.rotate(20, limit, None)
    assert steps(checkpoints) == [10, 20][-limit:]


@pytest.mark.parametrize(
    ("state", "final"),
    [
        ({}, False),
        ({"global_step": 100}, True),
        ({"stateful_callbacks": {"TrainerControl": {"args": {"should_training_stop": True}}}}, True),
        ({"stateful_callbacks": {"TrainerControl": {"args": {"should_training_stop": False}}}}, False),
        ({"stateful_callbacks": {"EarlyStoppingCallback": {"args": {"early_stopping_patience": 3}}}}, False),
    ],
)
def test_nothing_is_left_to_train_at_the_last_step_or_where_a_callback_ended_it(
    checkpoints: Checkpoints, state: dict[str, Any], final: bool
) -> None:
    write(checkpoints, 5, **state)
    checkpoints.seal(5)
    assert is_final(checkpoints.path(5)) == final
    assert state_of(checkpoints.path(5))["max_steps"] == 100


@pytest.mark.parametrize(
    ("accuracy", "loss", "wins"), [(1.0, 0.2, True), (1.0, 1.4, False), (0.9, 0.2, False), (1.0, float("nan"), False)]
)
def test_of_equal_checkpoints_the_one_with_the_lower_loss_wins(accuracy: float, loss: float, wins: bool) -> None:
    history = [{"step": 7, "eval_loss": 1.7}, {"step": 14, "loss": 1.5}, {"step": 14, "eval_loss": 1.3}]
    state = SimpleNamespace(best_global_step=14, best_metric=1.0, log_history=history)
    assert wins_tie(state, {"eval_accuracy": accuracy, "eval_loss": loss}, "eval_accuracy") == wins
    state.best_global_step = None
    assert not wins_tie(state, {"eval_accuracy": accuracy, "eval_loss": loss}, "eval_accuracy")
