"""A file's ending names its reader, whatever it is packed in; `data.format` and `data.delimiter` decide otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.data.read.formats import ENDINGS, chosen, format_of, of_ending
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


def test_names_that_do_not_tell() -> None:
    assert format_of("-", DataBlock()) == ""
    assert format_of("rows/*.csv", DataBlock()) == ""
    assert format_of("hub:imdb#train", DataBlock()) == "hub"
    assert format_of("a.json#train", DataBlock()) == "json"
