"""`bertkit explain`: its files, what it prints, and mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import Run
from tests.helpers import write_csv


def test_a_text_on_the_command_line(bertkit, tiny_run: Run) -> None:
    code, out, _ = bertkit("explain", tiny_run.path, "--text", "where is my parcel ?", "--text", "<b>late")
    assert code == 0
    assert "parcel" in out
    assert out.count("one row: none") == 0 and out.count("too few rows") == 4


def test_rows_of_a_file_as_a_page_and_as_json(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", ["text"], [["where is my parcel ?"], ["it is late"], ["hello"]])
    code, _, err = bertkit("explain", tiny_run.path, file, "--limit", 2, "-o", tmp_path / "why.html")
    assert code == 0
    assert "the first 2 rows are taken" in err
    assert "where" in (tmp_path / "why.html").read_text("utf-8")
    code, _, _ = bertkit(
        "explain", tiny_run.path, file, "-o", tmp_path / "why.json", "--no-check", "--method", "occlusion"
    )
    assert code == 0
    found = json.loads((tmp_path / "why.json").read_text("utf-8"))
    assert [row["row"] for row in found["rows"]] == [1, 2, 3]
    assert found["faithfulness"] == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected one of INPUT, --text and --question"),
        (["--text", "a", "--method", "igg"], "igg: no such method; did you mean ig?"),
        (["--text", "a", "--target", "refnd"], "--target  refnd: no row has such a target; did you mean refund?"),
        (["-q", "who ?"], "--question  goes with --context"),
        (["-q", "who ?", "-c", "a"], "--question  the task classify takes no question"),
        (["--text", "a", "--text-pair", "b", "--text-pair", "c"], "number of second texts: 2"),
        (["--text", "a", "-o", "why.csv"], "must be one of .html, .json"),
        (["nowhere.csv"], "nowhere.csv"),
        (["--text", "a", "-s", "train.learning_rate=1"], "a Run is used as it was trained"),
    ],
)
def test_mistakes(bertkit, tiny_run: Run, options: list[str], message: str) -> None:
    code, _, err = bertkit("explain", tiny_run.path, *options)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


def test_a_bad_row_is_an_error_unless_it_is_left_out(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "where is it"}\n{"text": \n{"text": "hello"}\n')
    code, _, err = bertkit("explain", tiny_run.path, file)
    assert code == 2
    assert "rows.jsonl:2" in err
    code, out, err = bertkit("explain", tiny_run.path, file, "-s", "data.bad_rows=skip", "--no-check")
    assert code == 0
    assert "are left out: 1" in err
    assert "hello" in out


def test_an_empty_file(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", ["text"], [])
    code, _, err = bertkit("explain", tiny_run.path, file)
    assert code == 2
    assert "rows.csv" in err
