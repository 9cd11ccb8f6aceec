"""Phases: which rows a step takes follows from the seed and its number alone, and each comes equally often."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any

import numpy as np
import pytest

from bertkit.training.batching import StepSampler
from bertkit.training.phases import PhaseSampler
from bertkit.training.watch.budget import Budget

LENGTHS = np.array([4] * 20 + [9] * 13)
PHASES = [(20, 0.75), (13, 0.25)]


def sampler(epoch: int = 0, batch: int = 4, accumulation: int = 1, steps: int = 40, **settings: Any) -> PhaseSampler:
    plain = StepSampler(LENGTHS, batch, accumulation, epoch=epoch, **settings)
    return PhaseSampler.of(plain, PHASES, steps, 3.0)


def taken(epochs: int = 5, **settings: Any) -> list[list[tuple[int, int]]]:
    """(row, pass) of each step, sorted."""
    steps = chain.from_iterable(sampler(epoch, **settings).taken() for epoch in range(epochs))
    return [sorted(zip(rows.tolist(), passes.tolist(), strict=True)) for rows, passes in steps]


@pytest.mark.parametrize("bucket", [False, True])
def test_steps_are_full_and_of_one_phase(bucket: bool) -> None:
    steps = taken(bucket=bucket)
    assert len(steps) == 5 * 9  # 33 rows in steps of 4, rounded up
    assert {len(step) for step in steps} == {4}
    phases = [{row >= 20 for row, _ in step} for step in steps]
    assert phases == [{False}] * 30 + [{True}] * 15  # 40 steps were asked for; the end of the last epoch goes on


@pytest.mark.parametrize("bucket", [False, True])
def test_each_row_comes_equally_often_and_once_a_pass(bucket: bool) -> None:
    seen = list(chain.from_iterable(taken(bucket=bucket)))
    assert len(set(seen)) == len(seen)
    for rows, steps in ((range(20), 30), (range(20, 33), 15)):
        counts = Counter(row for row, _ in seen if row in rows)
        assert set(counts) == set(rows)
        assert set(counts.values()) <= {steps * 4 // len(rows), steps * 4 // len(rows) + 1}
        passes = Counter(number for row, number in seen if row in rows)
        assert sorted(passes) == list(range(len(passes)))


@pytest.mark.parametrize(("batch", "accumulation", "world"), [(1, 4, 1), (2, 2, 1), (2, 1, 2), (1, 2, 2), (1, 1, 4)])
def test_a_step_has_the_same_rows_however_it_is_divided(batch: int, accumulation: int, world: int) -> None:
    division = {"batch": batch, "accumulation": accumulation, "world": world}
    assert taken(**division) == taken()
    shares = [list(sampler(2, **division, rank=rank, draws=True)) for rank in range(world)]
    assert {len(share) for share in shares} == {len(sampler(2, **division))}
    for step, (rows, passes) in enumerate(sampler(2).taken()):
        mine = [share[step * accumulation : (step + 1) * accumulation] for share in shares]
        got = sorted(draw for share in mine for micro in share for draw in micro)
        assert got == sorted((row, 0, number) for row, number in zip(rows.tolist(), passes.tolist(), strict=True))


def test_seed_alone_makes_the_order() -> None:
    assert taken(seed=1) == taken(seed=1)
    assert taken(seed=1) != taken(seed=2)


def test_steps_larger_than_a_phase_go_through_it_again() -> None:
    (rows, passes), *_ = sampler(0, batch=50, steps=4).taken()
    assert Counter(passes.tolist()) == {0: 20, 1: 20, 2: 10}
    assert Counter(rows.tolist()).most_common()[-1][1] == 2


def test_epochs_count_all_rows() -> None:
    found = PhaseSampler.of(StepSampler(LENGTHS, 4), PHASES, -1, 3.0)
    assert (len(found), found.total, found.starts(0)) == (9, 27, [0, 20])


def test_shares_need_not_add_up_to_one() -> None:
    found = PhaseSampler.of(StepSampler(LENGTHS, 4), [(20, 9), (13, 1)], 100, 3.0)
    assert found.starts(0) == [0, 90]


def test_phases_by_time_begin_with_the_step_drawn_after_their_share() -> None:
    clock = Budget(1.0)
    timed = PhaseSampler.of(StepSampler(LENGTHS, 4), PHASES, -1, 3.0, clock)
    steps, found = timed.taken(), []
    for share in (0.0, 0.3, 0.74, 0.75, 0.9, 0.9, 0.9):
        clock.share = share
        found.append(next(steps))
    assert [{row >= 20 for row in rows.tolist()} for rows, _ in found] == [{False}] * 3 + [{True}] * 4
    counted = PhaseSampler.of(StepSampler(LENGTHS, 4), PHASES, 4, 3.0)  # the second begins with step 3 there too
    for (rows, passes), (expected, numbers) in zip(found, counted.taken(), strict=False):
        assert rows.tolist() == expected.tolist()
        assert passes.tolist() == numbers.tolist()
    again = Budget(1.0)
    again.load_state_dict(clock.state_dict())
    replayed = PhaseSampler.of(StepSampler(LENGTHS, 4), PHASES, -1, 3.0, again).taken()
    for rows, _ in found:  # what was drawn before stays, though the share is that of the end
        assert next(replayed)[0].tolist() == rows.tolist()
