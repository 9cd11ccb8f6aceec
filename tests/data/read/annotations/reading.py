"""Reads the rows of an export as training does, or the message that it gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import expand
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def records(path: str, *, answers: bool = True, **options: Any) -> list[Record]:
    """The rows of a file or folder that have answers, or all of them."""
    block = DataBlock(**options)
    bad = BadRows(block.bad_rows)
    found = [record for source in expand([path], block) for record in read(source, block, bad, answers=answers)]
    bad.settle()
    return found


def values(path: str, **options: Any) -> list[dict[str, Any]]:
    return [record.values for record in records(path, **options)]


def message(path: str, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        records(path, **options)
    return str(caught.value)


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
