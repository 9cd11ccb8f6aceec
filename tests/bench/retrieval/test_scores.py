"""Figures of rankings against arithmetic by hand, and against trec_eval."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from bertkit.bench.retrieval.ranking import Ranking
from bertkit.bench.retrieval.scores import FIGURES, as_rows, score_all
from bertkit.data.beir import Collection, read_collection
from bertkit.metrics import METRICS
from tests.bench.retrieval.beir_data import write_beir


@pytest.fixture
def tiny(tmp_path: Path) -> Collection:
    return read_collection(write_beir(tmp_path / "tiny"))


def ranking(*queries: str) -> Ranking:
    """Numbers of documents, as `102` for each query."""
    documents = [np.array([int(one) for one in own]) for own in queries]
    return Ranking(documents, [-np.arange(len(own), dtype=float) for own in documents])


FIRST = ranking("1203", "2413", "2013", "01")
"""q1: d2 d3 d1 d4; q2: d3 q3 d2 d4; q3: d3 d1 d2 d4; q5, where nothing is relevant."""


def gain(*grades: int) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def test_figures_by_hand(tiny: Collection) -> None:
    found = score_all({"one": FIRST}, tiny)["one"]
    ndcg = (gain(1, 0, 2) / gain(2, 1, 1), 1.0, gain(0, 0, 0, 1))  # q1 also has a relevant one that is not there
    expected = {
        "ndcg@10": np.mean(ndcg),
        "mrr@10": np.mean([1, 1, 1 / 4]),
        "map": np.mean([(1 + 2 / 3) / 3, 1, 1 / 4]),
        "recall@100": np.mean([2 / 3, 1, 1]),
    }
    assert {name: one.value for name, one in found.items()} == pytest.approx(expected)
    assert all(one.interval[0] <= one.value <= one.interval[1] and one.difference is None for one in found.values())


def test_other_models_do_not_change_a_models_figures(tiny: Collection) -> None:
    """Though rows are added for what they find."""
    alone = score_all({"one": FIRST}, tiny)["one"]
    other = ranking("0", "4", "012", "4")
    both = score_all({"one": FIRST, "other": other}, tiny)
    assert {name: one.value for name, one in both["one"].items()} == {name: one.value for name, one in alone.items()}
    difference = both["other"]["ndcg@10"].difference
    assert difference is not None
    assert difference.difference == pytest.approx(both["other"]["ndcg@10"].value - alone["ndcg@10"].value)
    assert difference.p == difference.corrected
    assert difference.interval[0] <= difference.difference <= difference.interval[1]


def test_holms_correction_with_several_models(tiny: Collection) -> None:
    found = score_all({"one": FIRST, "a": ranking("0", "4", "012", "4"), "b": FIRST}, tiny)
    a, b = (found[name]["map"].difference for name in "ab")
    assert a is not None
    assert b is not None
    assert b.p == b.corrected == 1
    assert a.corrected == min(1, 2 * a.p)


def test_rows_are_those_that_trec_eval_scores(tiny: Collection) -> None:
    predictions, references = as_rows({"one": FIRST}, tiny)
    assert len(references) == 5 + 4 + 4 + 2
    assert (predictions["one"] == -np.inf).sum() == 1
    for name in FIGURES:
        metric = METRICS[name]
        assert metric.reference is not None
        trusted = metric.reference.function(predictions["one"], references)
        assert metric(predictions["one"], references)[name] == pytest.approx(
            trusted[name] if isinstance(trusted, dict) else trusted
        )
