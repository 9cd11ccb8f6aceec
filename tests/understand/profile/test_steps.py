from __future__ import annotations

import pytest

from bertkit.understand.profile.clock import COLLATE, FORWARD, LOADING, PHASES
from bertkit.understand.profile.steps import Batches, MeasuredSteps, StepPlan


def test_all_steps_of_a_plan() -> None:
    assert StepPlan(20).total == 23
    assert StepPlan(20, warm=1, remembered=2, traced=3).total == 1 + 20 + 2 + 3 + 2


def test_means_median_and_padding() -> None:
    each = [dict.fromkeys(PHASES, 0.0) | {FORWARD: seconds, COLLATE: 0.5} for seconds in (1.0, 2.0, 9.0)]
    batches = [Batches(2, 8, tokens, 100, dict.fromkeys(LOADING, 0.25)) for tokens in (50, 75, 100)]
    steps = MeasuredSteps(each, batches)
    assert steps.means[FORWARD] == 4.0 and steps.means[COLLATE] == 0.5
    assert steps.each == [1.5, 2.5, 9.5]
    assert (steps.step, steps.typical) == (4.5, 2.5)
    assert steps.per_step("tokens") == 75
    assert steps.in_workers[COLLATE] == 0.25
    assert steps.padding == pytest.approx(0.25)


def test_without_batches_nothing_is_padding() -> None:
    assert MeasuredSteps().padding == 0.0
