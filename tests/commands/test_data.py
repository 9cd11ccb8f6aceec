"""`bertkit data check` and `bertkit doctor`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers import write_csv


def test_data_check_reports_what_a_colleague_would(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    texts = ["where is my parcel", "Where is  my parcel", "hello", "hello", "i want my money back", "cafÃ© is late"]
    labels = ["delivery", "delivery", "other", "refund", "refund", "delivery"]
    train = write_csv(tmp_path / "train.csv", ("text", "label"), [*zip(texts, labels, strict=True), ("", "other")])
    dev = write_csv(tmp_path / "dev.csv", ("text", "label"), [("HELLO", "other"), ("new one", "strange")])
    code, out, err = bertkit(
        *("data", "check", train, "--validation", dev, "--task", "classify", "-o", tmp_path / "report.json"),
        *("-s", f"model.name={tiny_bert}", "-s", "options.max_length=5"),
    )
    assert code == 0, err
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["train"]["rows"] == 6
    assert report["train"]["labels"] == {"delivery": 3, "refund": 2, "other": 1}
    assert report["train"]["duplicates"]["count"] == 2
    assert report["train"]["conflicts"]["count"] == 1
    assert report["train"]["lengths"]["cut"] > 0
    assert report["overlap"]["count"] == 1
    assert report["unknown_labels"] == {"strange": 1}
    assert "text is empty: 1" in err
    assert "train.csv:8" in err
    assert "another encoding" in out


def test_doctor_names_versions_devices_and_what_is_missing(bertkit, monkeypatch) -> None:
    from bertkit.commands import doctor

    monkeypatch.setattr(doctor, "has", lambda module: False)
    code, out, _ = bertkit("doctor")
    assert code == 0
    assert "transformers" in out
    assert "cpu" in out
    assert "pip install 'bertkit[demo]'" in out
    assert "out of reach" in out
