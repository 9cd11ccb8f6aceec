"""`bertkit speed`: Runs, exported Runs and checkpoints side by side, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit.commands.understand import speed as command
from bertkit.run import Run
from bertkit.understand.speed import measure, run
from bertkit.understand.speed.rows import RowMaker
from tests.helpers import warnings

FAST = ["--seconds", "0.01", "--batch-sizes", "1"]


def test_a_table_and_a_file(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    file = tmp_path / "speed.json"
    code, out, err = bertkit("speed", tiny_run.path, tiny_run.model, "--batch-sizes", "1,4", "--lengths", "8,16",
                             "--seconds", 0.02, "-o", file)  # fmt: skip
    assert code == 0, err
    found = json.loads(file.read_text())
    assert [(one["length"], one["rows_per_call"], one["model"]) for one in found["times"]] == [
        (length, batch, name) for length in (8, 16) for batch in (1, 4) for name in (tiny_run.name, "model")
    ]
    for one in found["times"]:
        assert one["tokens_per_call"] == one["length"] * one["rows_per_call"]
        assert one["p50"] <= one["p95"]
        assert 0 < one["model_p50"] < one["p50"]
        assert one["rows_per_second"] == pytest.approx(one["rows_per_call"] / one["p50"])
        low, high = one["speed_to_first_range"]
        assert low <= one["speed_to_first"] <= high
    assert out.count(tiny_run.name) >= 4
    assert "tokens/s" in out
    assert f"written: {file}" in out


@pytest.mark.slow
def test_an_exported_run_beside_its_own(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    from bertkit.shrink.export import ExportRequest, export

    exported = export(ExportRequest(tiny_run, tmp_path / "int8", int8=True, max_drop=100))
    file = tmp_path / "speed.json"
    code, _, err = bertkit(
        "speed", tiny_run.path, exported.path, "--precision", "bf16", "--lengths", 8, *FAST, "-o", file
    )
    assert code == 0, err
    assert [one["precision"] for one in json.loads(file.read_text())["models"]] == ["bf16", "onnx int8"]
    code, _, err = bertkit("speed", exported.path, "--precision", "bf16", "--lengths", 8, *FAST)
    assert code == 2
    assert "--precision  bf16: no model here has a choice" in err


def test_lengths_that_a_model_can_not_take_are_left_out_by_default(bertkit, tiny_run: Run) -> None:
    code, out, err = bertkit("speed", tiny_run.path, *FAST)
    assert code == 0, err
    assert f"not measured: 256: {tiny_run.name} takes at most 64 tokens" in out
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["16", "64"]


def test_the_same_model_twice_has_two_names(bertkit, tiny_run: Run) -> None:
    code, out, err = bertkit("speed", tiny_run.path, tiny_run.path, "--lengths", 8, *FAST)
    assert code == 0, err
    assert f"{tiny_run.name} (2)" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lengths", "65"], "--lengths  65: {name} takes at most 64 tokens; name a shorter one"),
        (["--lengths", "2"], "--lengths  2: a row of {name} has at least 3 tokens"),
        (["--lengths", "0"], "--lengths  '0': expected whole numbers above 0"),
        (["--lengths", "8,eight"], "--lengths  'eight': expected whole numbers above 0"),
        (["--lengths", ""], "--lengths  '': expected whole numbers above 0"),
        (["--lengths", "8,16,8"], "--lengths  8: named twice; name it once"),
        (["--batch-sizes", "1.5"], "--batch-sizes  '1.5': expected whole numbers above 0"),
        (["--batch-sizes", "-1"], "--batch-sizes  '-1': expected whole numbers above 0"),
        (["--seconds", "0"], "--seconds  0: expected a time, above 0"),
        (["--seconds", "nan"], "--seconds  nan: expected a time, above 0"),
        (["--device", "cuda:7"], "--device  cuda:7: no such device here; there is cpu"),
        (["--device", "gpu"], "--device  gpu: no such device here"),
        (["--precision", "bf17"], "bf17: no such value; did you mean bf16?"),
        (["--task", "ner"], "is a Run, which has its own task"),
        (["--output", "speed.csv"], "the ending must be one of .json"),
    ],
)
def test_mistakes(bertkit, tiny_run: Run, arguments: list[str], message: str) -> None:
    code, _, err = bertkit("speed", tiny_run.path, *arguments)
    assert code == 2
    assert message.format(name=tiny_run.name) in err
    assert "Traceback" not in err


def test_no_model(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    for model, message in ((tmp_path / "none", "no such folder"), (tmp_path, "not a Run"),
                           (tiny_bert, "does not tell the task")):  # fmt: skip
        code, _, err = bertkit("speed", model)
        assert code == 2
        assert message in err
        assert "--on" not in err


def test_other_work_on_the_machine_is_warned_of(
    bertkit, tiny_run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import logging

    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    monkeypatch.setattr(run, "BUSY", -1.0)
    assert bertkit("speed", tiny_run.path, "--lengths", 8, *FAST)[0] == 0
    assert any("other work may have disturbed 1 of 1 measurements" in one for one in warnings(caplog))
    assert measure.BUSY == 0.3


def test_a_task_for_which_no_texts_can_be_made(bertkit, tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RowMaker, "_is_taken", lambda self: False)
    code, out, err = bertkit("speed", tiny_run.path, *FAST)
    assert code == 0, err
    assert "no texts can be made for its columns, so all models answer their task's own rows" in out
    assert "own rows" in out.splitlines()[-1]
    code, _, err = bertkit("speed", tiny_run.path, "--lengths", 8, *FAST)
    assert code == 2
    assert "no texts can be made for its columns" in err


def test_the_defaults() -> None:
    """A command imports nothing heavy, so it has a copy."""
    assert ",".join(map(str, run.BATCHES)) == command.BATCHES
    assert ",".join(map(str, run.LENGTHS)) == command.LENGTHS
