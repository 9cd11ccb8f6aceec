"""`bertkit predict` on files: every row and column of the input, and the answer beside it."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from bertkit import Run
from tests.helpers import write_csv, write_rows

ROWS = [
    {"ticket": "007", "text": 'a "quoted", text', "note": "NA"},
    {"ticket": "8", "text": "two\nlines", "note": ""},
    {"ticket": "9", "text": "hello", "note": "中文"},
]
ADDED = ["predicted_label", "probability_delivery", "probability_other", "probability_refund"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "new.csv", ROWS[0], [row.values() for row in ROWS])


def check(rows: list[dict]) -> None:
    assert [{name: row[name] for name in ROWS[0]} for row in rows] == ROWS
    assert [name for name in rows[0] if name not in ROWS[0]] == ADDED
    for row in rows:
        probabilities = {name.removeprefix("probability_"): float(row[name]) for name in ADDED[1:]}
        assert sum(probabilities.values()) == pytest.approx(1)
        assert row["predicted_label"] == max(probabilities, key=probabilities.__getitem__)


def test_csv(tiny_run: Run, bertkit, source: Path, tmp_path: Path) -> None:
    code, _, err = bertkit("predict", tiny_run.path, source, "--output", tmp_path / "out.csv")
    assert code == 0, err
    assert "3 rows" in err
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        check(list(csv.DictReader(stream)))


def test_jsonl(tiny_run: Run, bertkit, source: Path, tmp_path: Path) -> None:
    assert bertkit("predict", tiny_run.path, source, "--output", tmp_path / "out.jsonl")[0] == 0
    check([json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()])


def test_parquet(tiny_run: Run, bertkit, source: Path, tmp_path: Path) -> None:
    assert bertkit("predict", tiny_run.path, source, "--output", tmp_path / "out.parquet")[0] == 0
    check(pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist())


def test_standard_input_to_standard_output(tiny_run: Run, bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    code, out, err = bertkit("predict", tiny_run.path, "-")
    assert code == 0, err
    check([json.loads(line) for line in out.splitlines()])


def test_columns_of_other_rows_are_kept_where_rows_differ(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    file = write_rows([{"text": "hello", "a": 1}, {"text": "good bye", "b": [1, 2]}], tmp_path / "new.jsonl")
    code, out, err = bertkit("predict", tiny_run.path, file)
    assert code == 0, err
    first, second = map(json.loads, out.splitlines())
    assert (first["a"], second["b"]) == (1, [1, 2])


def test_logits_on_request(tiny_run: Run, bertkit, source: Path) -> None:
    code, out, _ = bertkit("predict", tiny_run.path, source, "--logits")
    assert code == 0
    assert {"logit_delivery", "logit_other", "logit_refund"} <= set(json.loads(out.splitlines()[0]))


def test_texts_on_the_command_line(tiny_run: Run, bertkit) -> None:
    code, out, err = bertkit("predict", tiny_run.path, "--text", "hello", "--text", "[bold]i want my money[/bold]")
    assert code == 0, err
    assert "[bold]i want my money[/bold]" in out
    assert any(name in out for name in ("delivery (0.", "other (0.", "refund (0."))


def test_an_empty_text_is_answered_and_counted(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    file = write_rows([{"text": ""}, {"text": "hello"}], tmp_path / "new.jsonl")
    code, out, err = bertkit("predict", tiny_run.path, file)
    assert code == 0, err
    assert len(out.splitlines()) == 2
    assert "empty texts: 1" in err


def test_a_column_that_the_answer_would_hide(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    file = write_rows([{"text": "hello", "predicted_label": "x"}], tmp_path / "new.jsonl")
    code, _, err = bertkit("predict", tiny_run.path, file)
    assert code == 2
    assert "predicted_label" in err
