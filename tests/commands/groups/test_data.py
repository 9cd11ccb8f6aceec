"""`bertkit data check` and `bertkit doctor`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.helpers import write_csv


def test_data_check_reports_what_a_colleague_would(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    texts = ["where is my parcel", "Where is  my parcel", "hello", "hello", "i want my money back", "cafÃ© is late"]
    labels = ["delivery", "delivery", "other", "refund", "refund", "delivery"]
    rows = [*zip(texts, labels, strict=True), ("good bye", "Other")]
    train = write_csv(tmp_path / "train.csv", ("text", "label"), rows)
    dev = write_csv(tmp_path / "dev.csv", ("text", "label"), [("HELLO", "other"), ("new one", "refund")])
    arguments = (
        *("data", "check", train, "--validation", dev, "--task", "classify", "-o", tmp_path / "report.json"),
        *("-s", f"model.name={tiny_bert}", "-s", "options.max_length=5"),
    )
    code, out, err = bertkit(*arguments)
    assert code == 0, err
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["train"]["rows"] == 7
    assert report["train"]["labels"] == {"delivery": 3, "refund": 2, "other": 1, "Other": 1}
    assert report["train"]["duplicates"]["count"] == 2
    assert report["train"]["conflicts"]["count"] == 1
    assert report["train"]["lengths"]["cut"] > 0
    assert report["validation"]["overlap"]["count"] == 1
    assert "another encoding" in out
    assert "labels that differ only in case or white space: 1 (other (1) and Other (1))" in out


def test_data_check_ends_as_a_training_would_and_still_reports(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    train = write_csv(tmp_path / "train.csv", ("text", "label"), [("a", "x"), ("b", "y"), ("", "x"), ("c", "x")])
    dev = write_csv(tmp_path / "dev.csv", ("text", "label"), [("a", "strange")])
    output = tmp_path / "report.json"
    code, out, err = bertkit(
        *("data", "check", train, "--validation", dev, "-o", output, "-s", f"model.name={tiny_bert}")
    )
    assert code == 2
    assert "train: 3 rows" in out
    assert "rows left out, text is empty: 1" in out
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert "train.csv:4  text is empty" in errors[0]
    assert "'strange' is not in the training rows" in errors[2]
    assert not output.exists()


def test_data_check_of_nothing(bertkit) -> None:
    code, _, err = bertkit("data", "check", "--task", "ner")
    assert (code, "error: FILE  which rows?" in err) == (2, True)


def test_doctor_names_versions_devices_and_what_is_missing(bertkit, monkeypatch) -> None:
    from bertkit.commands import doctor

    monkeypatch.setattr(doctor, "has", lambda module: False)
    code, out, _ = bertkit("doctor")
    assert code == 0
    assert "transformers" in out
    assert "cpu" in out
    assert "pip install 'bertkit[demo]'" in out
    assert "out of reach" in out
