"""Calls in turns: what is measured of a model that is made slow on purpose."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bertkit.inference.predictor import Predictor
from bertkit.run import Run
from bertkit.understand.speed.measure import ROUNDS, CallTimes, Cell, CellTimes, Contender, measure

SLEEP = 0.1


def contender(run: Run, name: str, *, sleep: float = 0.0) -> Contender:
    predictor = Predictor.open(run, device="cpu")
    backend: Any = predictor.backend
    forward = backend.forward

    def slow(batch: dict[str, Any]) -> Any:
        time.sleep(sleep)
        return forward(batch)

    backend.forward = slow
    return Contender(name, "cpu", "float32", predictor)


def test_a_slow_model_is_measured_as_slow(tiny_run: Run) -> None:
    plain, slow = measure([contender(tiny_run, "a"), contender(tiny_run, "b", sleep=SLEEP)], Cell(2, 16), 0.2)
    assert slow.percentile(50, "model") >= SLEEP
    assert slow.percentile(50, "model") > plain.percentile(50, "model")
    assert slow.percentile(50) > slow.percentile(50, "model")
    assert slow.tokens == plain.tokens == 2 * 16
    assert len(slow.calls) == len(plain.calls) >= len(slow.rounds) == ROUNDS
    assert sorted(slow.faster_than(plain))[ROUNDS // 2] < 1  # a busy machine may stall in one round
    assert plain.faster_than(plain) == [1.0] * ROUNDS


def test_models_take_turns(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def call(self, rows) -> CallTimes:
        order.append(self.name)
        return CallTimes(0.1, 0.1)

    pair = [contender(tiny_run, name) for name in "ab"]
    monkeypatch.setattr(Contender, "call", call)
    measure(pair, Cell(1, 8), 0.0)
    assert "".join(order).startswith("abab" + "ab" + "ba" + "ab")  # to warm up, then each round begins with another


def test_medians_and_spread() -> None:
    times = CellTimes(None, Cell(1, 8), 8, [[CallTimes(s, s / 2) for s in one] for one in ((1, 2, 9), (3, 3), (2,))])
    other = CellTimes(None, Cell(1, 8), 8, [[CallTimes(6, 1)], [CallTimes(6, 1)], [CallTimes(6, 1)]])
    assert times.medians == [2, 3, 2]
    assert times.spread == pytest.approx(0.5)
    assert times.faster_than(other) == [3, 2, 3]
    assert times.percentile(50) == 2.5
    assert times.percentile(50, "model") == 1.25
