"""`bertkit eval` gives what training gave, and scores other files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import Run
from tests.helpers import make, write_rows


def test_eval_gives_the_figures_of_the_training(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    code, out, err = bertkit("eval", tiny_run.path, "--output", tmp_path / "scores.json")
    assert code == 0, err
    written = json.loads((tmp_path / "scores.json").read_text())
    assert written["data"] == "validation"
    assert written["rows"] == tiny_run.metrics["rows"]["validation"] == 8
    assert written["figures"] == pytest.approx(tiny_run.metrics["validation"], abs=1e-6)
    assert written["intervals"] == tiny_run.metrics["intervals"]["validation"]
    assert f"{tiny_run.metrics['validation']['accuracy']:.4f}" in out


def test_eval_of_another_file_and_another_column(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    rows = make("classify", {}).tiny_rows()
    file = write_rows([{"message": row["text"], "label": row["label"]} for row in rows[:5]], tmp_path / "other.jsonl")
    code, out, err = bertkit("eval", tiny_run.path, "--data", file, "-s", "data.columns.text=message")
    assert code == 0, err
    assert "rows: 5" in out


def test_eval_writes_what_it_warns_of(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    rows = [{"text": f"text {number}", "label": "delivery"} for number in range(3)]
    file = write_rows([*rows, {"text": "", "label": "refund"}], tmp_path / "other.jsonl")
    sets = ("-s", "data.bad_rows=skip")
    code, _, err = bertkit("eval", tiny_run.path, "--data", file, *sets, "--output", tmp_path / "eval.json")
    assert code == 0, err
    first, second = json.loads((tmp_path / "eval.json").read_text())["warnings"]
    assert (first["split"], first["message"].partition(":")[0]) == ("test", "rows left out, text is empty")
    assert second["split"] == str(file) and "no better than always predicting delivery" in second["message"]


def test_eval_of_rows_with_an_unknown_label(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    file = write_rows([{"text": "hello", "label": "refunds"}], tmp_path / "other.jsonl")
    code, _, err = bertkit("eval", tiny_run.path, "--data", file)
    assert code == 2
    assert "other.jsonl:1" in err
    assert "did you mean refund?" in err


def test_eval_of_a_split_that_the_recipe_does_not_name(tiny_run: Run, bertkit) -> None:
    code, _, err = bertkit("eval", tiny_run.path, "--split", "test")
    assert code == 2
    assert "data.test" in err


def test_eval_of_the_training_rows(tiny_run: Run, bertkit) -> None:
    code, out, err = bertkit("eval", tiny_run.path, "--split", "train")
    assert code == 0, err
    assert f"rows: {tiny_run.metrics['rows']['train']}" in out
