"""`bertkit attention`: its files, what it prints, and mistakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertkit import Run


def test_a_page(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    code, out, _ = bertkit("attention", tiny_run.path, "--text", "where is my parcel ?", "-o", tmp_path / "a.html")
    assert code == 0
    assert "7 tokens, 2 layers of 2 heads" in out
    assert "largest difference of an output" in out
    assert "is due to" in out
    assert "parcel" in (tmp_path / "a.html").read_text("utf-8")


def test_all_weights(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    code, out, _ = bertkit("attention", tiny_run.path, "--text", "hello", "-o", tmp_path / "a.npz", "--no-attribution")
    assert code == 0
    assert "is due to" not in out
    found = np.load(tmp_path / "a.npz")
    assert found["tokens"].tolist() == ["[CLS]", "hello", "[SEP]"]
    assert found["weights"].shape == (2, 2, 3, 3)
    assert found["rollout"].shape == (2, 3, 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected one of --text and --question"),
        (["--text", "a", "--text", "b"], "2 texts are named"),
        (["--text", "a", "-o", "a.json"], "must be one of .html, .npz"),
        (["-q", "a"], "goes with --context"),
    ],
)
def test_mistakes(bertkit, tiny_run: Run, options: list[str], message: str) -> None:
    code, _, err = bertkit("attention", tiny_run.path, *options)
    assert code == 2
    assert message in err
