from __future__ import annotations

from typing import Any

from bertkit.report.understand.calibration import figures_table, page, thresholds_table

FIGURES = {
    "calibration_error": 0.12345, "smooth_calibration_error": 0.1, "brier_score": 0.2, "log_loss": 0.3,
    "ranking": float("nan"), "interval": [0.1, 0.15], "bins": [{"count": 4, "confidence": 0.8, "accuracy": 0.75}],
}  # fmt: skip
SPLIT = {"rows": 4, "decisions": 4, "calibrated": FIGURES, "curve": [[0.9, 2, 0], [0.0, 4, 1]]}
FOUND = {"answered": 2, "wrong": 0, "coverage": 0.5, "error": 0.0, "interval": [0.0, 0.84]}
RECORD: dict[str, Any] = {
    "run": "<script>alert(1)</script>",
    "task": "classify",
    "scaling": "temperature 1.5",
    "splits": {"validation": {**SPLIT, "raw": FIGURES}, "测试.csv": SPLIT},
    "thresholds": [
        {"error_rate": 0.02, "threshold": 0.9, "on": {"validation": FOUND, "测试.csv": FOUND}},
        {"error_rate": 0.001, "threshold": None, "on": {}},
    ],
    "notes": ["<b>a note</b>"],
    "warnings": [],
}


def test_the_page_shows_texts_as_texts() -> None:
    text = page(RECORD)
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text and "<b>a note" not in text
    assert "scores are scaled by temperature 1.5" in text and "测试.csv" in text
    assert text.count("<svg") == 4  # three reliability diagrams and the coverage


def test_tables() -> None:
    assert figures_table(SPLIT)[0] == ["figure", "value"]
    assert figures_table(SPLIT)[1][0] == ["calibration error (15 bins)", "0.1235 (0.1000 to 0.1500)"]
    assert figures_table(SPLIT)[1][-1][1] == "undefined"
    header, rows = thresholds_table(RECORD)
    assert header[2:] == ["validation: answered", "validation: wrong", "测试.csv: answered", "测试.csv: wrong"]
    assert rows[0][:4] == ["0.02", "0.9", "50.0%", "0.00% (0.00% to 84.00%)"]
    assert rows[1] == ["0.001", "not reached", "", "", "", ""]
