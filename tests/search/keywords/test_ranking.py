"""Relevance, and maximal marginal relevance by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.search.keywords.candidates import Candidate
from bertkit.search.keywords.ranking import EARLY, HIGHEST, LENGTH, chosen, nested, relevance, size_of
from tests.search.fakes import angle


def candidate(phrase: str, place: int = 0, start: int = 0) -> Candidate:
    return Candidate(phrase, tuple(phrase.split()), [(start, start + len(phrase))], place)


def apart(*phrases: str) -> list[Candidate]:
    return [candidate(phrase, start=100 * number) for number, phrase in enumerate(phrases)]


def test_relevance_by_hand() -> None:
    found = [candidate("bank"), candidate("interest rate", 2), candidate("bank of england", 6)]
    values = relevance(np.array([0.5, 0.25, 1.0], dtype=np.float32), found)
    expected = [0.5 + EARLY, 0.25 + LENGTH + EARLY / 2, 1 + 0.6 * LENGTH + EARLY / 3]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert values.max() < HIGHEST


@pytest.mark.parametrize(
    ("words", "size"), [(("bank",), 1), (("数据库",), 1.5), (("压力", "测试"), 2), (("python", "代码"), 2)]
)
def test_sizes(words: tuple[str, ...], size: float) -> None:
    assert size_of(Candidate("".join(words), words, [(0, 1)], 0)) == size


def test_diversity_by_hand() -> None:
    found = apart("red", "crimson", "river")
    vectors = np.array([angle(0), angle(10), angle(80)], dtype=np.float32)
    worth = np.array([1.0, 0.9, 0.5], dtype=np.float32)
    assert chosen(worth, vectors, found, top=3, diversity=0) == [0, 1, 2]
    # crimson: 0.7 * 0.9 - 0.3 * cos 10 = 0.335; river: 0.7 * 0.5 - 0.3 * cos 80 = 0.298
    assert chosen(worth, vectors, found, top=2, diversity=0.3) == [0, 1]
    # crimson: 0.6 * 0.9 - 0.4 * cos 10 = 0.146; river: 0.6 * 0.5 - 0.4 * cos 80 = 0.231
    assert chosen(worth, vectors, found, top=2, diversity=0.4) == [0, 2]
    assert chosen(worth, vectors, found, top=9, diversity=1) == [0, 2, 1]
    assert chosen(worth[::-1], vectors, found, top=1, diversity=1) == [2]  # the first is the most relevant


def test_a_phrase_that_holds_another_takes_its_place() -> None:
    found = apart("interest rate", "rate", "interest rate cut", "river", "rates")
    vectors = np.eye(5, dtype=np.float32)
    worth = np.array([0.9, 0.8, 0.7, 0.1, 0.2], dtype=np.float32)
    assert chosen(worth, vectors, found, top=5, diversity=0) == [0, 4, 3]


def test_nested() -> None:
    assert nested(candidate("b c"), candidate("a b c", start=50))
    assert not nested(candidate("a c"), candidate("a b c", start=50))
    assert nested(candidate("连接"), candidate("连接池", start=50))
    assert not nested(candidate("port"), candidate("report", start=50))
    assert nested(candidate("new pump", start=0), candidate("pump cost", start=4))  # they share a place
    assert not nested(candidate("new pump", start=0), candidate("pump cost", start=50))


def test_no_candidates() -> None:
    assert chosen(np.zeros(0, np.float32), np.zeros((0, 2), np.float32), [], top=5, diversity=0.2) == []
