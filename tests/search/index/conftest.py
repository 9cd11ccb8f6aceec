"""An index of a few documents."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bertkit.recipe.schema import DataBlock
from bertkit.search.index.about import VectorModel
from bertkit.search.index.building import build
from bertkit.search.index.rows import Documents
from tests.helpers import write_rows

TEXTS = {
    "d1": "the cat is sleeping",
    "d2": "where is my parcel ?",
    "d3": "i want my parcel back",
    "d4": "墙角有一张蜘蛛网",
    "d5": "good bye",
}
ROWS: list[dict[str, Any]] = [
    {"id": name, "text": text, "year": 2019 + number, "lang": "zh" if name == "d4" else "en"}
    for number, (name, text) in enumerate(TEXTS.items(), 1)
]


@contextlib.contextmanager
def silent(label: str, rows: int, before: int = 0) -> Iterator[Callable[[int, int], None]]:
    yield lambda done, tokens: None


@pytest.fixture(scope="session")
def model(tiny_bert: Path) -> VectorModel:
    return VectorModel(str(tiny_bert))


@pytest.fixture
def documents(tmp_path: Path) -> Callable[..., Documents]:
    def some(rows: list[dict[str, Any]] = ROWS, name: str = "docs.jsonl", **options: Any) -> Documents:
        block = DataBlock(columns=options.pop("mapping", {}), bad_rows=options.pop("bad_rows", "error"))
        return Documents(str(write_rows(rows, tmp_path / name)), block, **options)

    return some


@pytest.fixture
def address(tmp_path: Path, model: VectorModel, documents: Callable[..., Documents]) -> str:
    """A finished index of ROWS."""
    folder = str(tmp_path / "index")
    build(folder, documents(), model, silent)
    return folder


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
