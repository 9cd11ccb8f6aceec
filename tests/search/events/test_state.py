"""The state of tracking: it is read back as it was, and nothing in it is code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit.errors import RunError
from bertkit.search.events import state
from bertkit.search.events.track import add, begun
from tests.search.events.made import facts, news, predictor_of
from tests.search.fakes import quiet


def test_the_state_is_read_back_as_it_was(tmp_path: Path) -> None:
    documents = news(100)
    reader: Any = predictor_of(documents)
    own = begun("model", {"model": 1}, reader, {"least": 2})
    add(own, documents, reader, tmp_path, quiet)
    again = state.load(tmp_path)
    assert again
    assert facts(again) == facts(own)
    assert (again.model, again.identity) == ("model", {"model": 1})
    assert again.clusters.options == own.clusters.options
    assert again.clusters.scale == own.clusters.scale != (0, 0)
    for one, other in zip(again.clusters.events, own.clusters.events, strict=True):
        assert (one.size, one.square) == (other.size, other.square)
        assert one.bag.weights.tolist() == other.bag.weights.tolist()
        assert all((a == b).all() for (_, a), (_, b) in zip(one.central, other.central, strict=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == [state.FILE]


def test_there_is_none(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None


def test_objects_are_not_loaded(tmp_path: Path) -> None:
    """numpy would execute a pickle."""
    np.savez(tmp_path / state.FILE, about=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RunError, match="can not be used"):
        state.load(tmp_path)
