"""Predictions into files, folders and streams, and to standard output."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bertkit import Predictor
from bertkit.errors import DataError
from bertkit.inference.bulk.formats import Csv
from bertkit.inference.bulk.options import BulkOptions
from bertkit.inference.bulk.output import list_separator, options_format
from bertkit.recipe.schema import DataBlock
from tests.helpers import make, write_rows
from tests.inference.bulk.conftest import lines


def test_what_is_printed_is_what_a_file_holds(
    job: Callable[..., int], rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job(rows, output=tmp_path / "out.jsonl")
    assert job(rows) == 30
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["predicted_label"] for row in printed] == [
        row["predicted_label"] for row in lines(tmp_path / "out.jsonl")
    ]


def test_a_named_pipe_gets_the_whole_table(job: Callable[..., int], rows: Path, tmp_path: Path) -> None:
    pipe, got = tmp_path / "out.jsonl", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    assert job(rows, output=pipe) == 30
    reader.join(20)
    assert [json.loads(line)["n"] for line in got[0].splitlines()] == list(range(30))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "rows.jsonl"]


def test_the_best_of_each_group_is_found_over_all_parts(
    job: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_rows([{"text": "a", "group": n % 2} for n in range(9)], tmp_path / "rows.jsonl")
    with pytest.raises(DataError, match="no score to compare"):
        job(file, best_of="group")


def test_how_lists_are_written() -> None:
    block = DataBlock(label_separator="|")
    assert list_separator(make("classify", {}), block) == "|"
    assert list_separator(make("ner", {}), block) is None
    format = options_format(BulkOptions("out.csv", excel=True), make("classify", {}), block)
    assert isinstance(format, Csv) and format.excel and format.separator == "|"


def test_tags_alone_make_a_conll_file(predictor: Predictor) -> None:
    with pytest.raises(DataError, match="the answers of this task are not one tag per word"):
        options_format(BulkOptions("out.conll"), predictor.task, DataBlock())
