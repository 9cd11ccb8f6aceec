"""`bertkit predict` on files: every row and column of the input, and the answer beside it."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import sys
import threading
from pathlib import Path

import pyarrow.parquet
import pytest

from bertkit import Predictor, Run, fs, train
from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.data.read.readers import read_records
from bertkit.errors import DataError, WriteError
from bertkit.inference import files as tables
from bertkit.recipe.schema import DataBlock
from tests.helpers import tiny_recipe, write_csv, write_rows

ROWS = [
    {"ticket": "007", "text": 'a "quoted", text', "note": "NA"},
    {"ticket": "8", "text": "two\nlines", "note": ""},
    {"ticket": "9", "text": "hello", "note": "中文"},
]
ADDED = ["predicted_label", "confidence", "probability_delivery", "probability_other", "probability_refund"]
ALL = ("--probabilities", "all")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "new.csv", ROWS[0], [row.values() for row in ROWS])


def check(rows: list[dict]) -> None:
    assert [{name: row[name] for name in ROWS[0]} for row in rows] == ROWS
    assert [name for name in rows[0] if name not in ROWS[0]] == ADDED
    for row in rows:
        probabilities = {name.removeprefix("probability_"): float(row[name]) for name in ADDED[2:]}
        assert float(row["confidence"]) == max(probabilities.values())
        assert sum(probabilities.values()) == pytest.approx(1)
        assert row["predicted_label"] == max(probabilities, key=probabilities.__getitem__)


def test_csv(tiny_run: Run, bertkit, source: Path, tmp_path: Path) -> None:
    code, _, err = bertkit("predict", tiny_run.path, source, *ALL, "--output", tmp_path / "out.csv")
    assert code == 0, err
    assert "3 rows" in err
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        check(list(csv.DictReader(stream)))


def test_jsonl(tiny_run: Run, bertkit, source: Path, tmp_path: Path) -> None:
    assert bertkit("predict", tiny_run.path, source, *ALL, "--output", tmp_path / "out.jsonl")[0] == 0
    check([json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()])


def test_parquet(tiny_run: Run, bertkit, source: Path, tmp_path: Path) -> None:
    assert bertkit("predict", tiny_run.path, source, *ALL, "--output", tmp_path / "out.parquet")[0] == 0
    check(pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist())


def test_csv_reads_back_whatever_its_cells_hold(tmp_path: Path) -> None:
    odd = ["a\rb", "\r", "a\r\nb", "a\nb", 'say "x"', "a,b", "", " a ", "\u2028", "=1+1", "\x0b"]
    rows = [{"text": text, "a\rb": text} for text in odd]
    tables.write(rows, str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream, strict=True)) == rows


def test_what_parquet_can_not_hold_is_json_in_it(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"
    file.write_text('{"text": "hello", "more": {}, "other": 1}\n{"text": "late", "more": {}, "other": "x"}\n', "utf-8")
    code, _, err = bertkit("predict", tiny_run.path, file, "--output", tmp_path / "out.parquet")
    assert code == 0, err
    assert "column more: objects without keys" in err
    assert "column other: values of different types" in err
    rows = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["more"], row["other"]) for row in rows] == [("{}", "1"), ("{}", '"x"')]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet", ".conll"])
def test_a_full_disk_leaves_the_old_file_and_a_link_stays(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, link = tmp_path / f"real{ending}", tmp_path / f"link{ending}"
    link.symlink_to(file.name)
    rows = [{"tokens": ["a"], "tags": ["O"]}]
    tables.write(rows, str(link))
    before = file.read_bytes()
    assert link.is_symlink()

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fs, "sync", full)
    with pytest.raises(
        WriteError, match=rf"link\{ending}  can not be written: No space left on device; free some space"
    ):
        tables.write(rows * 2, str(link))
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [link.name, file.name]


def test_a_named_pipe_gets_json_lines(tiny_run: Run, bertkit, tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    code, _, err = bertkit("predict", tiny_run.path, "--text", "hello", "--output", pipe)
    reader.join(10)
    assert code == 0, err
    assert [json.loads(line)["text"] for line in read[0].splitlines()] == ["hello"]


def test_standard_input_to_standard_output(tiny_run: Run, bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    code, out, err = bertkit("predict", tiny_run.path, "-", *ALL)
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


def test_conll(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    """A word and its tag a line, which come back as they were."""
    run = train(tiny_recipe("ner", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run").path
    words = [["anna", "#", "-DOCSTART-x", "new york", "a\u2028b"], ["?"]]
    file = write_rows([{"tokens": each, "id": n} for n, each in enumerate(words)], tmp_path / "new.jsonl")
    code, _, err = bertkit("predict", run, file, "-o", tmp_path / "out.conll")
    assert code == 0, err
    columns = Predictor.open(run).task.columns
    again = load([str(tmp_path / "out.conll")], columns, DataBlock())
    assert again["tokens"] == words
    assert [len(tags) for tags in again["tags"]] == [5, 1]
    assert (tmp_path / "out.conll").read_text("utf-8").count("\n\n") == 2
    (tmp_path / "new.txt").write_text("anna lives here.\n\nhello\n", "utf-8")
    code, _, err = bertkit("predict", run, tmp_path / "new.txt", "-o", tmp_path / "out.conll")
    assert code == 0, err
    assert "1 of 3 rows have no words: they are left out of the CoNLL file" in err
    assert load([str(tmp_path / "out.conll")], columns, DataBlock())["tokens"] == [
        ["anna", "lives", "here", "."],
        ["hello"],
    ]
    assert bertkit("predict", run, "--text", "hello you", "-o", tmp_path / "text.conll")[0] == 0
    assert len((tmp_path / "text.conll").read_text("utf-8").split()) == 4


@pytest.mark.parametrize("word", ["a\tb", "a\nb", "-DOCSTART-"])
def test_a_word_that_conll_can_not_hold(word: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"row 2  a word that CoNLL can not hold: .*; write a \.jsonl"):
        tables.write([{"tokens": ["a"], "tags": ["O"]}, {"tokens": [word], "tags": ["O"]}], str(tmp_path / "a.conll"))
    assert not (tmp_path / "a.conll").exists()


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.jsonl"])
def test_half_a_character_costs_no_predictions(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    rows = [{"text": "中 \ud83d", "more": ["\ud800"]}, {"text": "中文", "more": []}]
    tables.write(rows, str(tmp_path / name))
    read = [r.values for r in read_records([str(tmp_path / name)], DataBlock())]
    assert read[1]["text"] == "中文"
    if name == "out.jsonl":
        assert read == rows
        assert caplog.messages == []
    else:
        assert read[0]["text"] == "中 \ufffd"
        assert set(caplog.messages) == {"1 rows hold half a character, written as \ufffd; a .jsonl keeps it"}


def test_json_lines_on_a_terminal_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", stream)
    tables.write([{"text": "中 😀"}], "-")
    stream.seek(0)
    assert json.loads(stream.read()) == {"text": "中 😀"}


def test_json_lines_on_a_terminal_are_not_obeyed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [{"text": "中"}, {"text": "中\x9b2J\u202e"}]
    tables.write(rows, "-")
    out = capsys.readouterr().out
    assert out == '{"text": "中"}\n{"text": "\\u4e2d\\u009b2J\\u202e"}\n'
    tables.write(rows, str(tmp_path / "out.jsonl"))
    assert (tmp_path / "out.jsonl").read_text("utf-8").endswith('"中\x9b2J\u202e"}\n'), "a file has them as they are"


@pytest.mark.parametrize("separator", [",", "|"])
def test_one_column_per_label_from_data_to_scored_predictions(
    tiny_bert: Path, bertkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str
) -> None:
    """pandas' form in every command; what predict writes is scored as the Run itself, and can be trained on."""
    monkeypatch.chdir(tmp_path)
    rows = [("hello", 0, 1), ("i want my money", 1, 0), ("thank you", 1, 1), ("good bye", 0, 0)]
    data = write_csv(tmp_path / "data.csv", ("text", "negative", "positive"), rows * 4)
    sets = ["options.multi_label=true", "data.columns.label=[negative,positive]"]
    sets += [f"model={tiny_bert}", f'data.label_separator="{separator}"', "train.use_cpu=true", "train.max_steps=1"]
    options = [part for text in sets for part in ("-s", text)]
    code, out, err = bertkit("data", "check", data, *options)
    assert code == 0, err
    assert "labels: 2, from 7 rows (positive) to 8 (negative)" in out
    names = ["-s", f"data.train={data}", "-s", f"data.validation={data}"]
    assert bertkit("train", "classify", "-o", "run", *names, *options)[0] == 0
    monkeypatch.setattr("bertkit.inference.score.SAMPLES", 10)
    assert bertkit("eval", "run", "--data", data, "-o", "run.json")[0] == 0
    assert bertkit("predict", "run", data, "-o", "out.csv")[0] == 0
    code, _, err = bertkit("eval", "out.csv", "--on", "run/recipe.yaml", "--data", data, "-o", "file.json")
    assert code == 0, err
    ours, theirs = (json.loads(Path(name).read_text("utf-8"))["figures"] for name in ("run.json", "file.json"))
    assert theirs["macro_f1"] == ours["macro_f1"]
    columns = [Column("text", "text"), Column("label", "labels", answer=True)]
    again = load(["out.csv"], columns, DataBlock(columns={"label": "predicted_labels"}, label_separator=separator))
    assert {name for labels in again["label"] for name in labels} <= {"negative", "positive"}
