"""Formats: what is written comes back, in any number of pieces."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.inference.bulk.formats import Conll, Csv, Format, Lines, columns_of

ODD = ["a\rb", "\r", "a\r\nb", "a\nb", 'say "x"', "a,b", "", " a ", "\u2028", "=1+1", "\x0b", "中 😀"]


def written(format: Format, file: Path, *pieces: list[dict[str, Any]]) -> str:
    made = [format.piece(rows, list(dict.fromkeys(name for row in rows for name in row))) for rows in pieces]
    format.join(made, file)
    return file.read_bytes().decode()


@pytest.mark.parametrize("size", [1, 5, 12])
def test_csv_of_pieces_is_that_of_the_whole(size: int, tmp_path: Path) -> None:
    rows = [{"text": text, "a\rb": text} for text in ODD]
    whole = written(Csv(), tmp_path / "whole.csv", rows)
    assert written(Csv(), tmp_path / "a.csv", *(rows[i : i + size] for i in range(0, 12, size))) == whole
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream, strict=True)) == rows


def test_a_column_that_only_some_pieces_have(tmp_path: Path) -> None:
    first, second = [{"text": text} for text in ODD], [{"new": 1, "text": "x"}]
    text = written(Csv(), tmp_path / "a.csv", first, second)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.DictReader(stream, strict=True)) == [
            *({**row, "new": ""} for row in first),
            {"text": "x", "new": "1"},
        ]
    assert text.startswith("text,new\n")
    assert written(Csv(delimiter="\t"), tmp_path / "a.tsv", [{"a": "x"}], [{"b": 1}]) == "a\tb\nx\t\n\t1\n"
    assert written(Lines(), tmp_path / "a.jsonl", [{"a": "x"}], [{"b": 1}]) == '{"a": "x"}\n{"b": 1}\n'


def test_tsv_has_no_quotes(tmp_path: Path) -> None:
    format = Csv(delimiter="\t")
    assert written(format, tmp_path / "a.tsv", [{"a": 'say "x"', "b": "a\tb\r\nc"}]) == 'a\tb\nsay "x"\ta b c\n'
    piece = format.piece([{"a": "x\ty"}, {"a": "\ud800"}, {"a": "x"}], ["a"])
    assert format.messages(piece.counts, 3) == [
        "1 rows hold half a character, written as \ufffd; a .jsonl keeps it",
        "1 rows hold tabs or line ends, written as spaces; a .csv keeps them",
    ]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        *[(text, f"'{text}") for text in ("=1+1", "+a", "-a", "@a", "\ta", "\ra", "=cmd|' /C calc'!A0", "-1+1")],
        *[(text, text) for text in ("-5", "+4.5", "-1e-7", "a=1", "", "-1,5", "-20%")],
        (-0.5, "-0.5"),
        (["-a", "b"], "'-a,b"),
    ],
)
def test_a_spreadsheet_executes_nothing(cell: Any, shown: str, tmp_path: Path) -> None:
    text = written(Csv(excel=True), tmp_path / "a.csv", [{"=name": cell}])
    assert text.startswith("\ufeff'=name\n")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream))[1] == ([shown] if shown else [""])
    plain = written(Csv(), tmp_path / "b.csv", [{"a": "=1+1"}])
    assert plain == "a\n=1+1\n"


def test_nan_is_never_written(tmp_path: Path) -> None:
    rows = [{"a": float("nan"), "b": [1.0, float("inf")], "c": {"x": float("nan")}}]
    assert written(Csv(None), tmp_path / "a.csv", rows) == 'a,b,c\n,"[1.0, null]","{""x"": null}"\n'
    assert json.loads(written(Lines(), tmp_path / "a.jsonl", rows)) == {"a": None, "b": [1.0, None], "c": {"x": None}}


def test_a_list_of_numbers_is_json_whatever_joins_labels(tmp_path: Path) -> None:
    rows = [{"vector": [0.5, -1.0], "labels": ["a", "b"]}]
    assert written(Csv(","), tmp_path / "a.csv", rows) == 'vector,labels\n"[0.5, -1.0]","a,b"\n'


def test_conll_counts_what_it_leaves_out(tmp_path: Path) -> None:
    rows = [{"tokens": ["a", "b"], "tags": ["O", "B-X"]}, {"tokens": [], "tags": []}]
    assert written(Conll(), tmp_path / "a.conll", rows, rows) == "a\tO\nb\tB-X\n\n" * 2
    piece = Conll().piece(rows, [])
    assert Conll().messages(piece.counts, 2) == ["1 of 2 rows have no words: they are left out of the CoNLL file"]
    with pytest.raises(DataError, match=r"a\.csv:7  a word that CoNLL can not hold: 'a\\tb'"):
        Conll().piece([{"tokens": ["a\tb"], "tags": ["O"], "place": "a.csv:7"}], [])


def test_columns_are_in_the_order_of_their_first_piece() -> None:
    pieces = [Csv().piece([], names) for names in (["a", "c"], ["a", "b", "c"])]
    assert columns_of(pieces) == ["a", "c", "b"]


def test_a_cell_that_is_longer_than_csvs_own_limit(tmp_path: Path) -> None:
    before = csv.field_size_limit(1000)
    try:
        format = Csv()
        pieces = [
            format.piece([{"text": "x" * 2000}], ["text"]),
            format.piece([{"text": "a", "label": "b"}], ["text", "label"]),
        ]
        format.join(pieces, tmp_path / "a.csv")
    finally:
        csv.field_size_limit(before)
    assert (tmp_path / "a.csv").read_text() == f"text,label\n{'x' * 2000},\na,b\n"
