"""Each phrase is embedded once, as long as its vector is kept, and memory is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit.errors import ModelError
from bertkit.search.keywords import vector_cache as module
from bertkit.search.keywords.vector_cache import VectorCache
from tests.search.fakes import TablePredictor, angle

TABLE = {name: angle(10 * number) for number, name in enumerate("abcdef")}


def cache_of(limit: int = 2**20) -> tuple[VectorCache, list[str]]:
    predictor: Any = TablePredictor(TABLE)
    return VectorCache(predictor, limit), predictor.read


def test_each_phrase_is_embedded_once() -> None:
    cache, read = cache_of()
    first = cache.of(["a", "b", "a"])
    second = cache.of(["b", "c"])
    assert read == ["a", "b", "c"]
    assert cache.computed == 3
    np.testing.assert_allclose([first["b"], second["b"], second["c"]], [TABLE["b"], TABLE["b"], TABLE["c"]], atol=1e-6)


def test_the_least_recently_used_goes_first() -> None:
    cache, read = cache_of(limit=2 * 8)  # two vectors of two float32
    cache.of(["a", "b"])
    cache.of(["a"])
    cache.of(["c"])  # takes the place of b
    cache.of(["a", "c"])
    assert read == ["a", "b", "c"]
    cache.of(["b"])
    assert read == ["a", "b", "c", "b"]


def test_more_phrases_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 2)
    cache, read = cache_of(limit=8)
    found = cache.of(list("abcde"))
    np.testing.assert_allclose([found[name] for name in "abcde"], [TABLE[name] for name in "abcde"], atol=1e-6)
    assert read == list("abcde")
    cache.of(["e"])
    assert read == list("abcde")


def test_vectors_that_are_no_numbers() -> None:
    predictor: Any = TablePredictor({"a": [float("nan"), 1]})
    with pytest.raises(ModelError, match="some hold NaN"):
        VectorCache(predictor).of(["a"])
