"""Entity metrics as recipes name them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bertkit.metrics import METRICS, intervals
from bertkit.metrics.entities import by_type

GOLD = [["B-PER", "I-PER", "O", "B-LOC"], ["O", "B-LOC"]]
WITHOUT_B = [["I-PER", "I-PER", "O", "I-LOC"], ["O", "O"]]


def test_lenient_and_strict() -> None:
    lenient, strict = METRICS["entity_f1"], METRICS["strict_entity_f1"]
    assert lenient(WITHOUT_B, GOLD) == pytest.approx(
        {"entity_f1": 0.8, "entity_precision": 1.0, "entity_recall": 2 / 3}
    )
    assert strict(WITHOUT_B, GOLD) == dict.fromkeys(strict.keys, 0.0)
    assert strict.keys == ("strict_entity_f1", "strict_entity_precision", "strict_entity_recall")


@pytest.mark.parametrize("last", ["E", "L"])
def test_strict_goes_by_the_prefixes_it_sees(last: str) -> None:
    strict = METRICS["strict_entity_f1"]
    gold = [["B-X", f"{last}-X", "O"]]
    assert strict(gold, gold)["strict_entity_f1"] == 1.0
    assert strict([["B-X", "I-X", "O"]], gold)["strict_entity_f1"] == 0.0


@pytest.mark.parametrize("name", ["entity_f1", "strict_entity_f1"])
def test_intervals_are_those_of_resampled_sentences(name: str) -> None:
    """A multinomial over sentences with equal counts gives the distribution of sentences drawn one by one."""
    metric = METRICS[name]
    draw = np.random.default_rng(8)
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    gold = [list(map(str, draw.choice(tags, size=draw.integers(0, 12)))) for _ in range(150)]
    predicted = [[tag if draw.random() < 0.7 else str(draw.choice(tags)) for tag in row] for row in gold]
    got = intervals(metric, predicted, gold)
    assert got == intervals(metric, predicted, gold) != intervals(metric, predicted, gold, seed=1)
    called = intervals(
        replace(metric, per_row=None, finish=None, bootstrap="rows"), predicted, gold, samples=600, seed=1
    )
    np.testing.assert_allclose(list(got.values()), list(called.values()), atol=0.012)
    figures = metric(predicted, gold)
    assert all(low < figures[name] < high for name, (low, high) in got.items())


def test_intervals_without_entities() -> None:
    spans = intervals(METRICS["entity_f1"], [["O", "O"], []], [["O", "O"], []])
    assert set(spans.values()) == {(0.0, 0.0)}


def test_intervals_are_of_the_metrics_own_figures() -> None:
    for name in ("entity_f1", "strict_entity_f1"):
        metric = METRICS[name]
        spans = intervals(metric, GOLD * 10, GOLD * 10, samples=20)
        assert spans == dict.fromkeys(metric.keys, (1.0, 1.0))


def test_by_type() -> None:
    metric = by_type(["LOC", "PER", "ORG"])
    expected = {"entity_f1_LOC": 2 / 3, "entity_f1_PER": 1.0, "entity_f1_ORG": 0.0}
    assert metric(WITHOUT_B, GOLD) == pytest.approx(expected)
    spans = intervals(metric, WITHOUT_B * 20, GOLD * 20)
    assert spans.keys() == expected.keys()
    assert (spans["entity_f1_PER"], spans["entity_f1_ORG"]) == ((1.0, 1.0), (0.0, 0.0))
    called = intervals(
        replace(metric, per_row=None, finish=None, bootstrap="rows"), WITHOUT_B * 20, GOLD * 20, samples=600, seed=1
    )
    assert spans["entity_f1_LOC"] == pytest.approx(called["entity_f1_LOC"], abs=0.03)


def test_a_type_that_a_resample_lacks_counts_0() -> None:
    """One sentence of ten has the type, so that a third of the resamples (0.9 ** 10) lack it."""
    gold = [["B-PER"], *[["B-LOC"]] * 9]
    assert intervals(by_type(["PER"]), gold, gold)["entity_f1_PER"] == (0.0, 1.0)
