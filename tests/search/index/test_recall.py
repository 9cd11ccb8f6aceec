"""Recall: what it is of an index that compares all, and of one that looks at a part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.search.index.about import read_about
from bertkit.search.index.building import build
from bertkit.search.index.recall import recall_of
from bertkit.search.index.store import Nearest, Store
from tests.search.index.conftest import silent


def test_equal_documents_are_all_there(tmp_path: Path, model, documents) -> None:
    rows = [{"id": str(number), "text": "the same"} for number in range(300)]
    address = str(tmp_path / "index")
    assert build(address, documents(rows, "same.jsonl"), model, silent).total == 300
    about = read_about(Store.open(address).about(), address)
    assert about.recall is not None
    assert about.recall.recall == 1.0


def test_what_is_missed_lowers_it(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that always leaves out the nearest finds four of five."""
    plain = Store.nearest

    def nearest(self: Store, query: Any, count: int, where: str | None = None, *, exact: bool = False) -> Nearest:
        found = plain(self, query, count, where, exact=exact)
        return found if exact else Nearest(found.rows[1:], found.cosines[1:])

    monkeypatch.setattr(Store, "nearest", nearest)
    recall = recall_of(Store.open(address))
    assert recall.recall == pytest.approx(4 / 5)
    assert (recall.queries, recall.documents) == (5, 5)
    assert np.isfinite(recall.recall)
