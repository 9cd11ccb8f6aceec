"""A file's ending names its reader, whatever it is packed in; `data.format` and `data.delimiter` decide otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.data.read.formats import ENDINGS, chosen, format_of, looks_like, of_ending
from bertkit.data.read.readers import READERS
from bertkit.recipe.schema import DataBlock


def test_each_ending_has_a_reader() -> None:
    assert {*ENDINGS.values()} <= {*READERS}


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.csv", "csv"),
        ("A.TSV", "tsv"),
        ("a.jsonl.gz", "jsonl"),
        ("a.parquet.zst", "parquet"),
        ("a", ""),
        ("a.gz", ""),
    ],
)
def test_the_ending(name: str, format: str) -> None:
    assert of_ending(Path(name)) == format


def test_what_the_recipe_says_goes_first() -> None:
    assert chosen(Path("a.txt"), DataBlock(format="conll")) == "conll"
    assert chosen(Path("a.txt"), DataBlock(delimiter=";")) == "tsv"
    assert chosen(Path("a"), DataBlock(delimiter=";")) == "csv"
    assert chosen(Path("a.jsonl"), DataBlock(delimiter=";")) == "jsonl"


@pytest.mark.parametrize(
    ("content", "format"),
    [
        ("text,label\na,x\n", "csv"),
        ("text;label\na;x\n", "csv-semicolon"),
        ("text\tlabel\na\tx\n", "tsv"),
        ('{"text": "a"}\n{"text": "b"}\n', "jsonl"),
        ('{\n "data": []\n}', "json"),
        ('[{"text": "a"}]', "json"),
        ("EU B-ORG\nsent O\n\nParis B-LOC\nis O\n", "conll"),
        ("1\tEU\tB-ORG\n2\tsent\tO\n", "conll"),
        ("a film\nanother\n", "text"),
        ("", "csv"),
    ],
)
def test_a_file_without_an_ending_is_proposed_what_it_looks_like(content: str, format: str, tmp_path: Path) -> None:
    file = tmp_path / "rows"
    file.write_text(content, "utf-8")
    assert looks_like(file) == format


def test_names_that_do_not_tell() -> None:
    assert format_of("-", DataBlock()) == ""
    assert format_of("rows/*.csv", DataBlock()) == ""
    assert format_of("hub:imdb#train", DataBlock()) == "hub"
    assert format_of("a.json#train", DataBlock()) == "json"
