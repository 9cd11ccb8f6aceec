"""`bertkit compare`: the command's own mistakes, tables and files (what it computes: tests/understand)."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.run import Run
from tests.understand.compared import comparison


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch):
    """`made(third=True)`: the next comparison, of any Runs, is `comparison(third=True)`; returns its arguments."""
    from bertkit.understand import compare

    def use(**contents: Any) -> dict[str, Any]:
        call: dict[str, Any] = {}
        monkeypatch.setattr(Run, "open", lambda path, **_: Run(path))
        monkeypatch.setattr(
            compare, "compare", lambda runs, **options: call.update(options, runs=runs) or comparison(**contents)
        )
        return call

    return use


def test_one_run_alone(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("compare", tmp_path)
    assert code == 2
    assert "name two or more" in err


def test_a_folder_that_is_not_there(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("compare", tmp_path / "a", tmp_path / "b")
    assert code == 2
    assert "no such folder" in err


@pytest.mark.parametrize(
    ("name", "message"),
    [("nowhere/c.html", "no such folder"), ("c.xlsx", "must be one of .html, .json, .csv"), (".", "must be one of")],
)
def test_output_is_checked_before_any_work(bertkit, tmp_path: Path, name: str, message: str) -> None:
    code, _, err = bertkit("compare", tmp_path / "a", tmp_path / "b", "--output", tmp_path / name)
    assert code == 2
    assert message in err
    assert "--output" in err


def test_the_input_is_not_written_over(bertkit, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label\n")
    code, _, err = bertkit("compare", tmp_path / "a", tmp_path / "b", "--data", file, "--output", file)
    assert code == 2
    assert "would be overwritten" in err


def test_keys_that_change_nothing(bertkit, made) -> None:
    made()
    code, _, err = bertkit("compare", "a", "b", "-s", "train.learning_rate=1")
    assert code == 2
    assert "a Run is used as it was trained" in err


def test_what_a_terminal_shows(bertkit, made) -> None:
    call = made()
    code, out, err = bertkit("compare", "a", "b", "--data", "x.csv", "--shuffles", "500", "-s", "metrics=[accuracy]")
    assert code == 0, err
    assert [str(run.path) for run in call["runs"]] == ["a", "b"]
    assert (call["data"], call["split"], call["shuffles"]) == (["x.csv"], None, 500)
    assert call["sets"] == ["metrics=[accuracy]"]
    words = out.split()
    assert "0.6000 (0.2000 to 1.0000)" in out
    assert {"-0.2000", "0.2500", "McNemar,", "40.0%"} <= set(words)
    assert "rows: 5 (test); in brackets: 95% intervals; lower is better: log_loss" in out
    assert "Holm" not in out
    lines = out.splitlines()
    at = lines.index("small is better on 2 rows; the first 2:")
    assert lines[at + 1].split() == ["row", "text", "small,", "right", "large"]
    assert "the parcel is late" in lines[at + 2]
    assert "delivery (0.90)" in lines[at + 2]
    assert "large is better on 1 row; this one:" in out


def test_how_many_rows_are_shown(bertkit, made) -> None:
    made()
    assert "where is my" not in bertkit("compare", "a", "b", "--examples", 1)[1]
    assert "is better on" not in bertkit("compare", "a", "b", "--examples", 0)[1]


def test_three_runs(bertkit, made) -> None:
    made(third=True)
    code, out, err = bertkit("compare", "a", "b", "c")
    assert code == 0, err
    assert "p (Holm)" in out
    assert "large minus small" in out
    assert "again minus small" in out


def test_files(bertkit, made, tmp_path: Path) -> None:
    made()
    for name in ("c.html", "c.json", "c.csv", "c.jsonl", "c.parquet"):
        code, out, err = bertkit("compare", "a", "b", "-o", tmp_path / name)
        assert code == 0, err
        assert f"written: {tmp_path / name}" in out
    assert (tmp_path / "c.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [row["row"] for row in table] == ["2", "3", "1"]
    assert [row["better"] for row in table] == ["small", "large", "small"]
    assert table[0] | {"place": "test.csv:3", "right": "delivery", "large: answer": "refund"} == table[0]
    assert [json.loads(line)["row"] for line in (tmp_path / "c.jsonl").read_text().splitlines()] == [2, 3, 1]
    record = json.loads((tmp_path / "c.json").read_text())
    (compared,) = record["comparisons"]
    assert (record["rows"], compared["one"], compared["other"]) == (5, "small", "large")
    assert compared["figures"][0]["difference"] == pytest.approx(-0.2)
    assert compared["figures"][0]["test"] == "McNemar, exact"
    assert [row["row"] for row in record["differing"]] == [2, 3, 1]


def test_a_task_without_single_rows(bertkit, made, tmp_path: Path) -> None:
    made(verdicts=False)
    code, out, _ = bertkit("compare", "a", "b", "-o", tmp_path / "c.json")
    assert code == 0
    assert "single rows are not right or wrong" in out
    code, _, err = bertkit("compare", "a", "b", "-o", tmp_path / "c.csv")
    assert code == 2
    assert "no rows to write" in err


def test_a_disk_that_does_not_take_it(bertkit, made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertkit import fs

    made()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fs, "sync", full)
    code, _, err = bertkit("compare", "a", "b", "-o", tmp_path / "c.html")
    assert code == 2
    assert "can not be written: No space left on device" in err
