"""Rows of a file, counted without bertkit; None where its layout leaves open what a row is."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np

csv.field_size_limit(2**31 - 1)
_LONE_CR = re.compile(r"\r(?!\n)")


def rows_of(file: Path, command: list[str]) -> list[Any] | None:
    """The rows of a source that a command reads: dicts where they have names, else whatever there is one of per row."""
    sets = [value.partition("=") for flag, value in itertools.pairwise(command) if flag == "-s"]
    data = {key.removeprefix("data."): value for key, _, value in sets if key.startswith("data.")}
    if not set(data) <= {"bad_rows", "encoding"} or file.suffix in (".gz", ".txt"):
        return None
    try:
        encoding = data.get("encoding", "utf-8")
        if file.suffix == ".csv" and _LONE_CR.search(file.read_bytes().decode(encoding)):
            return None  # Python ends a row there; bertkit reports the line, unless the CR is quoted
        return read(file, encoding)
    except (ValueError, RecursionError, csv.Error, UnicodeError, OSError, StopIteration):
        return None


def read(file: Path, encoding: str = "utf-8") -> list[Any] | None:
    """All rows of a file by its ending."""
    if file.suffix in (".parquet", ".arrow"):
        from pyarrow import feather, parquet

        return (parquet.read_table if file.suffix == ".parquet" else feather.read_table)(file).to_pylist()
    if file.suffix == ".npy":
        return list(np.load(file, allow_pickle=False))
    text = file.read_bytes().decode(encoding).removeprefix("\ufeff")
    if file.suffix == ".csv":
        return _csv(text)
    if file.suffix == ".json":
        return _json(json.loads(text))
    lines = text.split("\n") if "\n" in text else text.split("\r")
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in lines if line.strip()]
    if file.suffix == ".tsv":
        return [line for line in lines if line.strip("\r\n ")][1:]
    return _sentences(lines)


def _csv(text: str) -> list[Any]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    kept = [row for row in rows if row and not (len(row) == 1 and not row[0].strip())]
    names = [name.strip() for name in kept[0]]
    return [dict(zip(names, row, strict=False)) for row in kept[1:]]


def _json(value: Any) -> list[Any] | None:
    articles = value.get("data") if isinstance(value, dict) else value
    if not isinstance(articles, list):
        return None
    if any(isinstance(one, dict) and "paragraphs" in one for one in articles):
        return _questions(articles)
    return articles


def _questions(articles: list[Any]) -> list[Any] | None:
    """None where a level is no list: a paragraph without questions counts as one row left out."""
    try:
        paragraphs = [paragraph for article in articles for paragraph in _list(article["paragraphs"])]
        return [question for paragraph in paragraphs for question in _list(paragraph["qas"])]
    except (KeyError, TypeError):
        return None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _sentences(lines: list[str]) -> list[Any] | None:
    if any(line.startswith(("#", "-DOCSTART-")) for line in lines):
        return None
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [sentence for sentence in found if sentence]
