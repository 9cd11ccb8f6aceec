"""Columns as tasks declare them: every kind has a value conversion and an Arrow type."""

from __future__ import annotations

from typing import get_args

import pytest

from bertkit.data.columns import Column, Kind
from bertkit.data.dataset import load
from bertkit.recipe.schema import DataBlock

VALUES = {"text": '"a"', "label": '"a"', "labels": '["a"]', "number": "1.5"}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_can_be_read(kind: Kind, tmp_path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f'{{"x": {VALUES[kind]}}}\n')
    dataset = load([str(file)], [Column("x", kind)], DataBlock())
    assert dataset["x"][0] == {"text": "a", "label": "a", "labels": ["a"], "number": 1.5}[kind]
