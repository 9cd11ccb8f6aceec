"""JSON files that can not be used: one line that names the file, what is wrong and what to do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from bertkit.errors import RunError
from bertkit.files import json_file
from bertkit.files.json_file import parse, read_json


class Shape(BaseModel):
    labels: list[str]
    share: float = 0.0


@pytest.mark.parametrize("text", ['{"labels": ["a"]}', '{"labels": [], "share": 1, "other": [{"x": null}]}'])
def test_what_fits_is_returned_as_it_is(text: str) -> None:
    assert parse(text, Shape) == parse(text.encode(), Shape) == json.loads(text)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", r"not valid JSON: Expecting value: line 1 column 1 \(char 0\)"),
        (b'{"labels": ["a"', "not valid JSON: Expecting ',' delimiter"),
        (b"\x00\xff\xfe", "not a text in UTF-8"),
        (b"[]", "expected an object, found a list"),
        (b"5", "expected an object, found a number"),
        (b"null", "expected an object, found nothing"),
        (b"{}", "it has no labels"),
        (b'{"labels": ["a", 5]}', "labels.1: expected a text, found a number"),
        (b'{"labels": [], "share": "x"}', "share: expected a number, found a text"),
        (b'{"labels": [], "share": NaN}', "NaN is not a number that JSON has"),
        (b'{"labels": [], "share": 1e999}', "1e999 is not a number that JSON has"),
        (b'{"labels": [], "x": ' + b"7" * 5000 + b"}", "a number of 5,000 digits"),
        (b'{"labels": [], "x": ' + b"[" * 150 + b"]" * 150 + b"}", "nested deeper than 100 levels"),
        (b"[" * 100_000, "nested deeper than 100 levels"),
        (b'{"labels": ["\\ud800"]}', r"a text in it holds half of a character \(a lone surrogate\)"),
    ],
)
def test_what_does_not_fit(content: bytes, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "task.json"
    file.write_bytes(content)
    with pytest.raises(RunError, match=rf"task\.json  can not be used: {reason}.*; copy it again$") as raised:
        read_json(file, Shape, error=RunError, remedy="copy it again")
    assert "\n" not in str(raised.value)


def test_other_libraries_write_nan() -> None:
    assert str(parse("[NaN, -Infinity]", list[float], nan=True)) == "[nan, -inf]"


def test_what_is_no_file_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(name: str) -> None:
        read_json(tmp_path / name, Shape, error=RunError, remedy="")

    with pytest.raises(RunError, match="gone  can not be read: No such file or directory"):
        read("gone")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError, match="pipe  can not be used: not a file"):
        read("pipe")
    (tmp_path / "large").write_text('{"labels": []}')
    monkeypatch.setattr(json_file, "MOST_BYTES", 10)
    with pytest.raises(RunError, match="large  can not be used: 14 bytes, more than 10"):
        read("large")
