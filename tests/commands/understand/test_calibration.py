"""`bertkit calibration`, and what `predict` does with its thresholds."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bertkit import Run
from tests.helpers import write_csv


def test_a_page_and_figures(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    code, out, _ = bertkit("calibration", tiny_run.path, "--error-rate", "0.7", "-o", tmp_path / "page.html")
    assert code == 0
    assert "SmoothECE" in out and "abstain below" in out and "scores are not scaled" in out
    assert "Confidence of run" in (tmp_path / "page.html").read_text("utf-8")
    code, _, _ = bertkit("calibration", tiny_run.path, "-o", tmp_path / "all.json")
    record = json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert code == 0 and [one["error_rate"] for one in record["thresholds"]] == [0.01, 0.02, 0.05, 0.1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--error-rate", "1.5"], "1.5: no share of the answers"),
        (["-o", "page.pdf"], "must be one of .html, .json"),
        (["--data", "none.csv"], "none.csv"),
        (["-s", "train.seed=1"], "train.seed"),
    ],
)
def test_mistakes(bertkit, tiny_run: Run, options: list[str], message: str) -> None:
    code, _, err = bertkit("calibration", tiny_run.path, *options)
    assert code == 2 and message in err


def test_predict_abstains_below_a_confidence(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "new.csv", ["text"], [["where is my parcel ?"], ["hello"], ["i want my money back"]])
    bertkit("predict", tiny_run.path, file, "-o", tmp_path / "plain.csv")
    sure = sorted(float(row["confidence"]) for row in csv.DictReader((tmp_path / "plain.csv").open()))
    code, _, _ = bertkit("predict", tiny_run.path, file, "-o", tmp_path / "out.csv", "--abstain-below", sure[1])
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert code == 0
    assert [row["abstained"] == "True" for row in rows] == [float(row["confidence"]) < sure[1] for row in rows]
    assert sum(row["abstained"] == "True" for row in rows) == 1 and all(row["predicted_label"] for row in rows)


def test_predict_takes_the_threshold_of_the_run(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    code, out, err = bertkit("predict", tiny_run.path, "-t", "hello", "--error-rate", "0.9", "-o", tmp_path / "a.jsonl")
    assert code == 0, err
    assert "abstaining from none: of 8 validation rows 100.0% are answered" in out + err
    assert json.loads((tmp_path / "a.jsonl").read_text())["abstained"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--error-rate", "0.1", "--abstain-below", "0.5"], "chooses --abstain-below"),
        (["--error-rate", "2"], "2: no share of the answers"),
        (["--abstain-below", "1.5"], "--abstain-below"),
        (["--error-rate", "0.1", "--url", "http://127.0.0.1:1"], "needs a Run"),
    ],
)
def test_mistakes_of_predict(bertkit, tiny_run: Run, options: list[str], message: str) -> None:
    code, _, err = bertkit("predict", tiny_run.path, "-t", "hello", *options)
    assert code == 2 and message in err
