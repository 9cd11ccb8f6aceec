"""Which rows make up a step: the same for any division, each once an epoch, like lengths together; and their loader."""

from __future__ import annotations

import os
import signal
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import skip_first_batches
from torch.utils.data import get_worker_info

from bertkit.engine.examples import lengths_of
from bertkit.training.batching import COUNTED, StepSampler, train_loader

PLAIN_AND_BUCKETED = pytest.mark.parametrize("bucket", [False, True], ids=["plain", "bucketed"])


def samplers(seed: int, count: int = 150) -> Iterator[tuple[np.random.Generator, dict[str, Any]]]:
    """Random settings of a sampler."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield (
            rng,
            {
                "lengths": rng.integers(1, 40, size=rng.integers(1, 71)),
                "batch_size": int(rng.integers(1, 9)),
                "accumulation": int(rng.integers(1, 5)),
                "seed": int(rng.integers(2**32)),
                "epoch": int(rng.integers(4)),
                "drop_last": bool(rng.integers(2)),
            },
        )


def micro_batches(world: int, **settings: Any) -> list[list[list[int]]]:
    """What each process yields in an epoch."""
    return [list(StepSampler(**settings, rank=rank, world=world)) for rank in range(world)]


def rows_by_step(shares: list[list[list[int]]], accumulation: int) -> list[list[int]]:
    """The rows that all processes take in each step, sorted."""
    steps = []
    for start in range(0, len(shares[0]), accumulation):
        taken = [row for share in shares for batch in share[start : start + accumulation] for row in batch]
        steps.append(sorted(taken))
    return steps


def padded(lengths: np.ndarray, batches: list[Any]) -> int:
    """Places of batches that are padded to their longest row."""
    return sum(len(batch) * int(lengths[batch].max()) for batch in batches)


@PLAIN_AND_BUCKETED
@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_a_step_has_the_same_rows_however_it_is_divided(world: int, bucket: bool) -> None:
    for _, settings in samplers(world):
        shares = micro_batches(world, **settings, bucket=bucket)
        whole = settings["batch_size"] * settings["accumulation"] * world
        alone = micro_batches(1, **{**settings, "batch_size": whole, "accumulation": 1}, bucket=bucket)
        assert rows_by_step(shares, settings["accumulation"]) == rows_by_step(alone, 1)


@PLAIN_AND_BUCKETED
@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_each_row_comes_once_an_epoch(world: int, bucket: bool) -> None:
    for _, settings in samplers(10 + world):
        steps = rows_by_step(micro_batches(world, **settings, bucket=bucket), settings["accumulation"])
        rows = [row for step in steps for row in step]
        whole = settings["batch_size"] * settings["accumulation"] * world
        assert len(rows) == len(set(rows))
        dropped = len(settings["lengths"]) - len(rows)
        assert dropped == (len(settings["lengths"]) % whole if settings["drop_last"] else 0)
        assert all(len(step) == whole for step in steps[:-1])
        assert not settings["drop_last"] or all(len(step) == whole for step in steps)


@PLAIN_AND_BUCKETED
@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_all_processes_take_equally_many_micro_batches_which_len_counts(world: int, bucket: bool) -> None:
    for _, settings in samplers(20 + world):
        shares = micro_batches(world, **settings, bucket=bucket)
        assert {len(share) for share in shares} == {len(StepSampler(**settings, world=world, bucket=bucket))}


@pytest.mark.parametrize("world", [2, 3, 4])
def test_processes_share_a_micro_batch_evenly(world: int) -> None:
    """Their rows differ by one at most, and their tokens by one row's at most."""
    for _, settings in samplers(30 + world):
        lengths = settings["lengths"]
        for batches in zip(*micro_batches(world, **settings), strict=True):
            assert {len(batch) for batch in batches} <= {len(batches[0]), len(batches[0]) - 1}
            assert len(batches[0]) <= settings["batch_size"]
            tokens = [int(lengths[batch].sum()) for batch in batches]
            longest = int(lengths[batches[0]].max())
            assert max(tokens) - min(tokens) <= longest


@PLAIN_AND_BUCKETED
def test_rows_of_like_length_go_together_within_a_step(bucket: bool) -> None:
    """A micro-batch has no row that is longer than any of the one before it: nothing could be padded less."""
    for _, settings in samplers(40):
        (share,) = micro_batches(1, **settings, bucket=bucket)
        for start in range(0, len(share), settings["accumulation"]):
            lengths = [
                settings["lengths"][row] for batch in share[start : start + settings["accumulation"]] for row in batch
            ]
            assert lengths == sorted(lengths, reverse=True)


@PLAIN_AND_BUCKETED
def test_seed_and_epoch_alone_make_the_order(bucket: bool) -> None:
    lengths = np.random.default_rng(0).integers(1, 40, size=64)

    def order(seed: int, epoch: int) -> list[list[int]]:
        sampler = StepSampler(lengths, 4, seed=seed, bucket=bucket)
        sampler.set_epoch(epoch)
        return list(sampler)

    first = order(1, 0)
    np.random.rand()
    torch.rand(1)
    assert order(1, 0) == first
    assert order(1, 1) != first
    assert order(2, 0) != first
    assert order(1, 1) != order(2, 0)


def test_bucketed_steps_waste_little_padding() -> None:
    """What the docstring of POOL says: 7% more than sorting all rows."""
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        words = np.exp(rng.normal(3.0, 0.6, 10_000)).round().clip(1)
        lengths = np.minimum(512, np.ceil(1.3 * words) + 2).astype(np.int64)
        order = np.argsort(lengths)
        ideal = padded(lengths, [order[start : start + 32] for start in range(0, len(order), 32)])
        taken = [padded(lengths, list(StepSampler(lengths, 32, seed=seed, bucket=b))) for b in (True, False)]
        found.append(np.array(taken) / ideal)
    bucketed, plain = np.mean(found, axis=0)
    assert 1.05 < bucketed < 1.09
    assert 2.7 < plain < 3.0


def test_bucketed_steps_of_an_epoch_do_not_go_from_short_to_long() -> None:
    lengths = np.arange(640)
    means = [lengths[step].mean() for step in StepSampler(lengths, 8, bucket=True).steps()]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.4


def test_accumulated_micro_batches_waste_less_than_random_ones() -> None:
    lengths = np.random.default_rng(3).integers(5, 100, size=640)
    together = padded(lengths, list(StepSampler(lengths, 8, accumulation=4)))
    assert together < 0.75 * padded(lengths, list(StepSampler(lengths, 8)))


# The loader

ITEMS = [{"input_ids": list(range(1, 2 + number % 5)), "number": number} for number in range(13)]


def collate(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"numbers": torch.tensor([item["number"] for item in items])}


def signalled(items: list[dict[str, Any]]) -> dict[str, Any]:
    """In a worker: sends itself, once, what a terminal and a cluster send to all, and tells what a next one does."""
    assert get_worker_info() is not None
    if signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    return {number.name: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}


def loader(workers: int = 0, **settings: Any) -> Any:
    sampler = StepSampler(lengths_of(ITEMS), 2, **settings)
    return train_loader(ITEMS, collate, sampler, workers=workers)


def listed(batches: Any) -> list[tuple[list[int], bool]]:
    return [(batch["numbers"].tolist(), batch.get(COUNTED, True)) for batch in batches]


def test_lengths_are_tokens() -> None:
    assert lengths_of([{"input_ids": [7, 7, 7]}, {"input_ids": np.zeros(2, int)}]).tolist() == [3, 2]
    assert lengths_of([]).tolist() == []


def test_a_process_without_rows_gets_a_batch_that_does_not_count() -> None:
    """13 rows in micro-batches of 2 x 6 processes: the second has one row, so five processes have none."""
    shares = [listed(loader(world=6, rank=rank)) for rank in range(6)]
    assert sorted(row for share in shares for rows, counts in share for row in rows if counts) == list(range(13))
    assert [[counts for _, counts in share] for share in shares] == [[True, True]] + [[True, False]] * 5
    assert {tuple(share[1][0]) for share in shares[1:]} == {(0,)}  # the shortest row stands in


def test_workers_load_the_same_batches() -> None:
    for settings in ({}, {"world": 4, "rank": 3}, {"accumulation": 3, "bucket": True}):
        assert listed(loader(2, **settings)) == listed(loader(0, **settings))


@pytest.mark.parametrize("workers", [0, 2])
def test_the_loader_tells_the_sampler_the_epoch(workers: int) -> None:
    mine = loader(workers)
    first = listed(mine)
    mine.set_epoch(1)
    second = listed(mine)
    assert second != first
    assert second == listed(loader(epoch=1))
    mine.set_epoch(0)
    assert listed(mine) == first


def test_the_epoch_reaches_the_sampler_through_accelerates_skipping() -> None:
    """As Trainer does it where it goes on in the middle of an epoch."""
    skipping = skip_first_batches(loader(), 3)
    skipping.batch_sampler.batch_sampler.set_epoch(2)
    assert listed(skipping) == listed(loader(epoch=2))[3:]


@pytest.mark.parametrize("workers", [0, 1])
def test_loading_leaves_the_global_random_states_alone(workers: int) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    listed(loader(workers))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_a_worker_survives_the_signals_that_are_sent_to_all() -> None:
    """Ctrl-C always, and SIGTERM once: the loader's own must still end a worker that hangs."""
    batches = train_loader(ITEMS, signalled, StepSampler(lengths_of(ITEMS), 2), workers=1)
    assert list(batches) == [{"SIGINT": signal.SIG_IGN, "SIGTERM": signal.SIG_DFL}] * 7


# What a collator draws from


def drawn(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"draws": [(item["number"], *item["draw"]) for item in items]}


def draws_of(workers: int = 0, **settings: Any) -> list[tuple[list[tuple[int, int, int]], bool]]:
    sampler = StepSampler(lengths_of(ITEMS), 2, draws=True, **settings)
    loaded = train_loader(ITEMS, drawn, sampler, workers=workers)
    return [(batch["draws"], batch.get(COUNTED, True)) for batch in loaded]


@pytest.mark.parametrize("workers", [0, 2])
def test_each_row_comes_with_seed_and_pass(workers: int) -> None:
    plain = [rows for rows, _ in listed(loader(seed=7, epoch=3))]
    found = draws_of(workers, seed=7, epoch=3)
    assert [rows for rows, _ in found] == [[(row, 7, 3) for row in batch] for batch in plain]


def test_a_row_that_stands_in_has_something_to_draw_from() -> None:
    shares = [draws_of(world=6, rank=rank, seed=7, epoch=1) for rank in range(6)]
    assert sorted(row for share in shares for rows, counts in share for row, *_ in rows if counts) == list(range(13))
    assert [counts for share in shares for _, counts in share].count(False) == 5


def test_two_million_rows_are_ready_in_a_moment() -> None:
    """Without an object a row: an order, and what sorting by length needs."""
    lengths = np.random.default_rng(0).integers(5, 128, size=2_000_000, dtype=np.int32)
    for bucket in (False, True):
        tracemalloc.start()
        begun = time.process_time()
        batches = iter(StepSampler(lengths, 32, draws=True, bucket=bucket))
        assert len(next(batches)) == 32
        assert time.process_time() - begun < 5  # of which a second where nothing else runs
        assert tracemalloc.get_traced_memory()[1] < 120e6
        tracemalloc.stop()


def _parallelism(examples: list[Any]) -> dict[str, Any]:
    return {"parallel": torch.tensor(os.environ["TOKENIZERS_PARALLELISM"] == "true")}


def test_a_collator_that_tokenizes_does_not_hang_in_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line allows threads of `tokenizers`, which a fork does not have: it would wait for them for ever."""
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    sampler = StepSampler(np.array([1, 1]), batch_size=2)
    (batch,) = train_loader([{"row": 0}, {"row": 1}], _parallelism, sampler, workers=1)
    assert not batch["parallel"]
    assert os.environ["TOKENIZERS_PARALLELISM"] == "true"
