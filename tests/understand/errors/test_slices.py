"""Slices: a weak one is found, chance is not, and p is corrected for all that were tried."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact

from bertkit.metrics.resamples.bounds import wilson
from bertkit.understand.errors import slices
from bertkit.understand.errors.slices import Slice, smallest_of, weaknesses
from tests.understand.errors.made import pool_of


def flags(count: int, first: int, end: int) -> np.ndarray:
    rows = np.zeros(count, dtype=bool)
    rows[first:end] = True
    return rows


def test_a_weak_slice_is_found_with_its_figures() -> None:
    scores = np.ones(1000)
    scores[:100:2] = 0  # half of the first hundred is wrong
    scores[100::20] = 0
    tried = [Slice("word", "weak", flags(1000, 0, 100)), Slice("word", "not", flags(1000, 500, 600))]
    found = weaknesses(scores, tried)
    (one,) = found.slices
    assert (one.name, one.rows, one.score, found.tried) == ("weak", 100, 0.5, 2)
    assert one.others == pytest.approx(0.95)
    assert one.interval == pytest.approx(wilson(50, 100))
    table = [[50, 50], [855, 45]]
    exact = fisher_exact(table, alternative="less").pvalue
    assert one.p == pytest.approx(exact)
    assert one.corrected == pytest.approx(2 * exact)


def test_partly_right_answers_are_compared_by_ranks() -> None:
    draw = np.random.default_rng(0)
    scores = draw.uniform(0.5, 1, 400)
    scores[:60] -= 0.3
    (one,) = weaknesses(scores, [Slice("label", "low", flags(400, 0, 60))]).slices
    assert one.interval[0] < one.score < one.interval[1] < one.others
    assert one.corrected < 1e-6


def test_chance_is_called_a_weakness_in_one_of_twenty_lists() -> None:
    draw = np.random.default_rng(1)
    lists = 0
    for _ in range(100):
        scores = (draw.random(600) < 0.8).astype(float)
        tried = [Slice("word", str(n), draw.random(600) < 0.2) for n in range(30)]
        lists += bool(weaknesses(scores, tried).slices)
    assert lists <= 11  # 5 are expected; 12 or more have p below 0.005


def test_what_is_not_tried() -> None:
    scores = np.ones(1000)
    scores[:300] = 0
    scores[999] = np.nan
    same = flags(1000, 0, 50)
    tried = [
        Slice("word", "small", flags(1000, 0, 19)), Slice("word", "all but a few", flags(1000, 0, 985)),
        Slice("label", "a", same), Slice("word", "a", same), Slice("word", "none", flags(1000, 999, 1000)),
    ]  # fmt: skip
    found = weaknesses(scores, tried)
    assert (found.tried, found.smallest) == (1, 20)
    assert found.slices[0].by == "label"
    assert [smallest_of(n) for n in (40, 200, 400, 10_000)] == [5, 10, 20, 20]


def test_labels_lengths_words() -> None:
    pool = pool_of("label", ["a", "b"] * 10, ["Short one", "a much longer text of words"] * 10)
    assert {one.name: int(one.rows.sum()) for one in slices.of_labels(pool)} == {"a": 10, "b": 10}
    words = {one.name: int(one.rows.sum()) for one in slices.of_words(pool)}
    assert words["short"] == words["much"] == 10
    lengths = list(slices.of_lengths(pool))
    assert sum(int(one.rows.sum()) for one in lengths) == 20
    assert all("characters" in one.name for one in lengths)
    answers = pool_of("answers", [[{"text": "x", "start": 0}], []])
    assert [one.name for one in slices.of_labels(answers)] == ["with an answer", "without an answer"]
    tags = pool_of("tags", [["B-PER"], ["O"]], tokens=[["a"], ["b"]])
    assert {one.name for one in slices.of_labels(tags)} == {"PER", "no entity"}


def test_columns_are_values_or_ranges() -> None:
    count = 120
    columns = {
        "source": ["web", "phone", None] * 40, "year": list(range(count)), "id": [f"row-{n}" for n in range(count)],
        "few": [1, 2] * 60,
    }  # fmt: skip
    found = {one.name: int(one.rows.sum()) for one in slices.of_columns(columns)}
    assert found["source = web"] == found["source = phone"] == 40
    assert found["few = 1"] == 60
    assert sum(name.startswith("year ") for name in found) == slices.RANGES
    assert found["year 0 to 23.8"] == 24
    assert not any("row-" in name for name in found)


def test_clusters_are_named_by_their_words() -> None:
    texts = [f"parcel late {n}" for n in range(50)] + [f"money back {n}" for n in range(50)]
    vectors = np.concatenate([np.zeros((50, 2)), np.ones((50, 2))]) + np.random.default_rng(0).normal(0, 0.01, (100, 2))
    found = list(slices.of_clusters(pool_of("label", ["a"] * 100, texts), vectors, 0))
    assert sum(int(one.rows.sum()) for one in found) == 100
    first = found[0]
    assert ("parcel" in first.name) == bool(first.rows[0])
    again = list(slices.of_clusters(pool_of("label", ["a"] * 100, texts), vectors, 0))
    assert [one.name for one in again] == [one.name for one in found]


def test_a_column_with_braces_in_its_name() -> None:
    found = [one.name for one in slices.of_columns({"score {raw}": [*range(200)]})]
    assert len(found) == slices.RANGES
    assert found[0].startswith("score {raw} 0 to ")


def test_a_number_that_no_float_holds() -> None:
    assert len([*slices.of_columns({"n": [10**400] * 100 + [1] * 100})]) == 2
