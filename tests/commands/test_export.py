"""`bertkit export`: the command's own mistakes, and its table (what it does: tests/shrink)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.run import Run
from bertkit.shrink import export
from tests.report.test_export import PROOF


def test_an_unknown_format(bertkit: Any, tmp_path: Path) -> None:
    code, _, err = bertkit("export", tmp_path, "--to", "torch", "--output", tmp_path / "out")
    assert code == 2
    assert "--to  no such format: torch; known: onnx, static" in err


def test_a_checkpoint_is_no_run(bertkit: Any, tiny_bert: Path, tmp_path: Path) -> None:
    code, _, err = bertkit("export", tiny_bert, "--output", tmp_path / "out")
    assert code == 2
    assert "not a Run" in err


def test_options_and_table(bertkit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[export.ExportRequest] = []

    class Done:
        metrics = {"export": PROOF}  # noqa: RUF012

    monkeypatch.setattr(Run, "open", lambda path, **_: Run(path))
    monkeypatch.setattr(export, "export", lambda wish: asked.append(wish) or Done)
    options = ("--int8", "--max-drop", "0.25", "--data", "a.csv")
    code, out, err = bertkit("export", tmp_path, *options, "--output", tmp_path / "out")
    assert code == 0, err
    assert (asked[0].int8, asked[0].max_drop, asked[0].data) == (True, 0.25, ["a.csv"])
    assert "rows/s in bulk" in out
    assert "Attention nodes in the graph: 6." in out


def test_the_default_drop_is_that_of_the_work(bertkit: Any) -> None:
    _, out, _ = bertkit("export", "--help")
    assert f"[default: ({export.MAX_DROP}; static: any)]" in " ".join(out.split())
