"""The clock of a training: what counts, when it ends, and what goes by it. Trainings: invariant/test_draws.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import get_scheduler

from bertkit.training.watch import budget
from bertkit.training.watch.budget import VIRTUAL, Budget

ARGS: Any = SimpleNamespace(
    logging_strategy="steps", logging_steps=0.25, eval_strategy="steps", eval_steps=0.5, eval_delay=0,
    save_strategy="steps", save_steps=100,
)  # fmt: skip


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    time = SimpleNamespace(now=50.0)
    monkeypatch.setattr(budget, "time", SimpleNamespace(monotonic=lambda: time.now))
    return time


def state() -> Any:
    return SimpleNamespace(global_step=0, max_steps=10**9)


def control() -> Any:
    return SimpleNamespace(should_log=False, should_evaluate=False, should_save=False)


def step(mine: Budget, now: Any, clock: Any, seconds: float) -> Any:
    mine.begin_step(mine.now(), now)
    clock.now += seconds
    now.global_step += 1
    asked = control()
    mine.on_step_end(ARGS, now, asked)
    return asked


def test_the_step_in_which_the_time_ends_is_the_last(clock: Any) -> None:
    mine, now = Budget(1.0), state()
    while now.global_step < now.max_steps:
        step(mine, now, clock, 7.0)
    assert now.global_step == 9
    assert mine.now() == 63.0


def test_a_slow_step_does_not_end_it_early(clock: Any) -> None:
    """A compiler takes its time in the first step."""
    mine, now = Budget(1.0), state()
    for seconds in (40.0, 1.0, 1.0):
        step(mine, now, clock, seconds)
    assert now.max_steps == 10**9
    while now.global_step < now.max_steps:
        step(mine, now, clock, 1.0)
    assert mine.now() == 60.0


def test_only_steps_count(clock: Any) -> None:
    mine, now = Budget(1.0), state()
    clock.now += 500  # loading the model
    assert mine.now() == 0
    step(mine, now, clock, 2.0)
    clock.now += 300
    mine.on_evaluate(ARGS, now, control())
    clock.now += 200
    mine.on_save(ARGS, now, control())
    clock.now += 1  # loading rows counts
    step(mine, now, clock, 2.0)
    assert mine.now() == 5.0


def test_shares_of_the_time_log_and_evaluate(clock: Any) -> None:
    mine, now = Budget(1.0), state()
    asked = []
    while now.global_step < now.max_steps:
        asked.append(step(mine, now, clock, 4.0))
    assert [number for number, each in enumerate(asked) if each.should_log] == [4, 8, 12, 14]
    assert [number for number, each in enumerate(asked) if each.should_evaluate] == [8]
    assert not any(each.should_save for each in asked)  # every 100 steps, which Trainer counts


@pytest.mark.parametrize("name", ["linear", "cosine", "constant", "constant_with_warmup", "polynomial", "inverse_sqrt"])
def test_a_schedule_of_steps_goes_by_the_time(name: str, clock: Any) -> None:
    """With even steps the rates are those of a training by so many steps, but for the first of all."""
    mine, now = Budget(1.0), state()
    timed, counted = (torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0) for _ in range(2))
    given = get_scheduler(name, timed, num_warmup_steps=VIRTUAL // 10, num_training_steps=VIRTUAL)
    expected = get_scheduler(name, counted, num_warmup_steps=6, num_training_steps=60)
    mine.follow_time(given)
    for number in range(60):
        if number > 1:
            assert timed.param_groups[0]["lr"] == pytest.approx(counted.param_groups[0]["lr"], rel=1e-3)
        step(mine, now, clock, 1.0)
        for scheduler, optimizer in ((given, timed), (expected, counted)):
            optimizer.step()
            scheduler.step()


def test_what_is_kept_goes_on(clock: Any) -> None:
    mine, now = Budget(1.0), state()
    for _ in range(5):
        step(mine, now, clock, 4.0)
    again = Budget(1.0)
    again.load_state_dict(mine.state_dict())
    clock.now += 1000
    step(again, now, clock, 4.0)
    step(mine, SimpleNamespace(global_step=5, max_steps=10**9), SimpleNamespace(now=0), 0.0)
    assert again.now() == 24.0
    assert again.elapsed == 20.0


def test_other_processes_are_told_the_time(clock: Any) -> None:
    first, second, now, other = Budget(1.0), Budget(1.0), state(), state()
    while now.global_step < now.max_steps:
        told = first.now()
        for mine, theirs in ((first, now), (second, other)):
            mine.begin_step(told, theirs)
            theirs.global_step += 1
        clock.now += 9.0
        first.on_step_end(ARGS, now, control())
        clock.now += 0.5  # the second's clock goes ahead
        second.on_step_end(ARGS, other, control())
    assert (other.max_steps, other.global_step, second.share) == (now.max_steps, now.global_step, first.share)
