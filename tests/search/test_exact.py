"""Exact search against sorting all products."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.search import exact


def products(queries: np.ndarray, documents: np.ndarray, count: int) -> np.ndarray:
    """Numbers of the nearest by a stable sort of everything."""
    return np.argsort(-(queries @ documents.T), axis=1, kind="stable")[:, :count]


@pytest.mark.parametrize("count", [1, 7, 200])
@pytest.mark.parametrize("cells", [50, 2**24])
def test_it_finds_what_sorting_finds(count: int, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "CELLS", cells)
    draw = np.random.default_rng(0)
    documents, queries = draw.integers(-2, 3, (97, 3)).astype(np.float32), draw.integers(-2, 3, (11, 3))
    whole = exact.top(queries.astype(np.float32), [documents], count)
    parts = exact.top(queries.astype(np.float32), [documents[:30], documents[30:31], documents[31:]], count)
    expected = products(queries, documents, count)  # whole numbers: many are equal
    for hits in (whole, parts):
        np.testing.assert_array_equal(hits.numbers, expected)
        np.testing.assert_array_equal(hits.scores, np.take_along_axis(queries @ documents.T, expected, 1))


def test_unit() -> None:
    lengths = np.linalg.norm(exact.unit(np.array([[3.0, 4.0], [0.0, 0.0]])), axis=1)
    assert lengths.tolist() == [1, 0]


def test_blocks_are_all_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "BLOCK", 4)
    documents = np.arange(20.0).reshape(10, 2)
    blocks = [*exact.blocks_of(documents)]
    assert [len(block) for block in blocks] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate(blocks), documents)
