"""`bertkit eval`: the command's own mistakes (what it scores: tests/inference/test_evaluate.py)."""

from __future__ import annotations

from pathlib import Path


def test_output_is_checked_before_any_work(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("eval", tmp_path / "no-run", "--output", tmp_path / "nowhere" / "scores.json")
    assert code == 2
    assert "no such folder" in err
    assert "--output" in err


def test_a_folder_that_is_no_run(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("eval", tmp_path)
    assert code == 2
    assert "recipe.yaml" in err
