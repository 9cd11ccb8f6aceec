"""An index that commands are tried on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.recipe.schema import DataBlock
from bertkit.search.index.about import VectorModel
from bertkit.search.index.building import build
from bertkit.search.index.rows import Documents
from tests.helpers import write_rows
from tests.search.index.conftest import ROWS, silent


@pytest.fixture
def index(tiny_bert: Path, tmp_path: Path) -> Path:
    documents = Documents(str(write_rows(ROWS, tmp_path / "docs.jsonl")), DataBlock())
    build(str(tmp_path / "index"), documents, VectorModel(str(tiny_bert)), silent)
    return tmp_path / "index"
