"""From known figures to the sentence, the key and the value."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.understand.profile.bottlenecks import (
    ProfiledRecipe,
    bottlenecks,
    healthy,
    loader_cost,
    ms,
    workers_to_try,
)
from bertkit.understand.profile.clock import LOADING, PHASES
from bertkit.understand.profile.steps import Batches, MeasuredSteps
from bertkit.understand.profile.trials import Variant


def steps(*, workers: int = 0, there: float = 0.0, padded: int = 100, **seconds: float) -> MeasuredSteps:
    """Steps that all took these seconds by phase; `there`: of the collator in workers."""
    every = {phase: seconds.get(phase, 0.0) for phase in PHASES}
    batches = Batches(1, 8, 50, padded, {**dict.fromkeys(LOADING, 0.0), "collate": there})
    return MeasuredSteps([every] * 3, [batches] * 3, workers=workers)


def recipe(**changes: Any) -> ProfiledRecipe:
    return ProfiledRecipe(8, 1, "auto", False, [], 5)._replace(**changes)


MODEL = {"forward": 0.04, "backward": 0.05, "optimiser": 0.01}


def test_nothing_to_say() -> None:
    tried = [Variant(8, 0.01), Variant(16, 0.009), Variant(32, 0.0095)]
    found = steps(**MODEL)
    assert bottlenecks(found, recipe(), tried, None) == []
    assert healthy(found, tried) == (
        "no phase stands out: 90% of a step is forward and backward, "
        "and in batches of 16 a row would take 0.90 times as long"
    )


def test_the_loader() -> None:
    before = steps(collate=0.3, **MODEL)
    assert loader_cost(before).share == pytest.approx(0.75)
    assert workers_to_try(before, cores=8) == 3
    assert workers_to_try(before, cores=1) == 2
    (one,) = bottlenecks(before, recipe(), [], steps(workers=3, **MODEL))
    assert (one.kind, one.key, one.value) == ("loader", "train.dataloader_num_workers", 3)
    assert one.saves == pytest.approx(0.75)
    assert one.sentence == (
        "75% of a step waits for the collator on the main thread (300 ms of 400 ms): "
        "set train.dataloader_num_workers: 3 (with 3 workers a step took 100 ms instead of 400 ms)"
    )


def test_workers_that_do_not_help() -> None:
    before = steps(data=0.3, **MODEL)
    (one,) = bottlenecks(before, recipe(), [], steps(workers=3, waiting=0.3, there=0.3, **MODEL))
    assert (one.key, one.value) == ("task", "collator")
    assert "make its work cheaper; other numbers of workers do not help" in one.sentence
    little = steps(data=0.04, **MODEL)
    assert bottlenecks(little, recipe(), [], steps(workers=3, waiting=0.04, **MODEL)) == []


def test_workers_that_wait_for_more_workers() -> None:
    before = steps(workers=2, waiting=0.1, there=0.4, **MODEL)
    assert workers_to_try(before, cores=8) == 4
    (one,) = bottlenecks(before, recipe(), [], steps(workers=4, there=0.4, **MODEL))
    assert one.value == 4
    assert "50% of a step waits for 2 workers (100 ms of 200 ms), whose work for a step takes 400 ms" in one.sentence


def test_workers_that_cost_more_than_they_do() -> None:
    before = steps(workers=2, waiting=0.1, there=0.001, **MODEL)
    assert workers_to_try(before, cores=8) == 0
    (one,) = bottlenecks(before, recipe(), [], steps(collate=0.001, **MODEL))
    assert (one.key, one.value) == ("train.dataloader_num_workers", 0)
    assert "with no workers a step took 101 ms instead of 200 ms" in one.sentence


def test_the_tokenizer() -> None:
    before = steps(encode=0.3, collate=0.01, **MODEL)
    (one,) = bottlenecks(before, recipe(), [], steps(workers=4, **MODEL))
    assert (one.kind, one.value) == ("tokenizer", 4)
    assert "76% of a step waits for the tokenizer on the main thread (310 ms of 410 ms)" in one.sentence
    assert one.sentence.endswith("better still, tokenize in `encode` of the task, which does it once for each row")
    (one,) = bottlenecks(before, recipe(), [], None)
    assert (one.key, one.value) == ("task", "encode")


TRIED = [Variant(8, 0.010), Variant(16, 0.006), Variant(32, 0.0058)]


@pytest.mark.parametrize(
    ("accumulation", "end"),
    [
        (4, "set train.per_device_train_batch_size: 16 and train.gradient_accumulation_steps: 2, for the same result"),
        (3, "set train.per_device_train_batch_size: 16, and lower train.gradient_accumulation_steps (now 3)"),
        (
            1,
            "set train.per_device_train_batch_size: 16; the step then has 2 times the rows, "
            "so look at train.learning_rate and the score again",
        ),
    ],
)
def test_a_small_batch(accumulation: int, end: str) -> None:
    """The smallest batch that is nearly as fast as the fastest."""
    (one,) = bottlenecks(steps(**MODEL), recipe(accumulation=accumulation), TRIED, None)
    assert (one.kind, one.key, one.value) == ("batch", "train.per_device_train_batch_size", 16)
    assert one.sentence.startswith(
        "batches of 8 rows are too small: forward and backward take 10 ms per row, and 6 ms in batches of 16: "
    )
    assert one.sentence.endswith(end)
    assert one.saves == pytest.approx(0.9 * 0.4 + (0.1 / 2 if accumulation == 1 else 0))


@pytest.mark.parametrize(("seconds", "kinds"), [(0.05, ["loader", "batch"]), (0.03, ["batch", "loader"])])
def test_the_largest_saving_is_the_bottleneck(seconds: float, kinds: list[str]) -> None:
    found = bottlenecks(steps(collate=seconds, **MODEL), recipe(), TRIED, steps(workers=2, **MODEL))
    assert [one.kind for one in found] == kinds


def test_half_precision() -> None:
    tried = [Variant(8, 0.010), Variant(8, 0.004, bf16=True)]
    (one,) = bottlenecks(steps(**MODEL), recipe(), tried, None)
    assert (one.key, one.value) == ("train.bf16", True)
    assert "10 ms per row in float32, and 4 ms in bf16" in one.sentence


def test_padding_that_was_asked_for() -> None:
    found = steps(padded=100, **MODEL)
    (one,) = bottlenecks(found, recipe(padding_free="off", runs_padded=True), [], None)
    assert (one.key, one.value) == ("model.padding_free", "auto")
    assert one.sentence.startswith("50% of the tokens that are computed are padding")
    assert bottlenecks(found, recipe(padding_free="auto", runs_padded=True), [], None) == []


def test_callbacks() -> None:
    found = steps(callbacks=0.1, **MODEL)
    (one,) = bottlenecks(found, recipe(callbacks=["mine:Slow"]), [], None)
    assert one.sentence == "50% of a step goes to callbacks (100 ms of 200 ms): leave out mine:Slow"
    (one,) = bottlenecks(found, recipe(), [], None)
    assert (one.key, one.value) == ("train.logging_steps", 50)


def test_the_optimiser() -> None:
    found = steps(forward=0.02, backward=0.02, optimiser=0.06)
    (one,) = bottlenecks(found, recipe(accumulation=2), [], None)
    assert (one.key, one.value) == ("train.gradient_accumulation_steps", 4)


def test_times_for_people() -> None:
    assert [ms(seconds) for seconds in (0.00123456, 0.5, 2.0)] == ["1.23 ms", "500 ms", "2 s"]
