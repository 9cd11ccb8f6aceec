"""`bertkit train` from a file to a Run, and what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit import Run
from tests.helpers import make, write_csv


def test_a_csv_becomes_a_scored_classifier(
    bertkit, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = make("classify", {}).tiny_rows() * 5
    write_csv(tmp_path / "mine.csv", ("message", "intent"), [(row["text"], row["label"]) for row in rows])
    monkeypatch.chdir(tmp_path)
    code, out, err = bertkit(
        *("train", "classify", "-s", "data.train=mine.csv", "-s", "data.columns={text: message, label: intent}"),
        *("-s", f"model.name={tiny_bert}", "-s", "data.validation_ratio=0.2", "-s", "train.num_train_epochs=1"),
        *("-s", "train.report_to=none"),
    )
    assert code == 0, err
    assert "8 of the training rows are used for validation, 32 for training" in err
    assert "effective batch: 32 rows" in err
    assert "validation" in out
    assert "95% interval" in out
    folders = list((tmp_path / "runs").iterdir())
    assert len(folders) == 1
    assert folders[0].name.startswith("classify-")
    assert f"Run: {folders[0].relative_to(tmp_path)}" in out
    assert Run.open(folders[0]).task_state["labels"] == ["delivery", "other", "refund"]
