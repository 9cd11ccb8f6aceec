"""What a loader takes, here and in workers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader
from transformers import AutoTokenizer

from bertkit.understand.profile.clock import COLLATE, DATA, ENCODE, WAITING, PhaseClock
from bertkit.understand.profile.loading import CARRIED, TimedCollate, TimedExamples, tokenizing

READING, BUILDING = 0.01, 0.03


class SlowExamples(list):
    lengths = (1, 2)

    def __getitem__(self, number):
        time.sleep(READING)
        return super().__getitem__(number)


def slowly(examples):
    time.sleep(BUILDING)
    return {"x": torch.tensor(examples)}


def loader(clock: PhaseClock, workers: int) -> DataLoader:
    examples = TimedExamples(SlowExamples([1, 2, 3, 4]), clock)
    return DataLoader(examples, batch_size=2, collate_fn=TimedCollate(slowly, clock), num_workers=workers)


def test_on_the_main_thread_it_counts_here() -> None:
    clock = PhaseClock()
    with clock.phase(WAITING):
        batches = list(loader(clock, 0))
    seconds = clock.take()
    assert seconds[DATA] >= 4 * READING  # a busy machine sleeps longer, never shorter
    assert seconds[COLLATE] >= 2 * BUILDING
    assert seconds[WAITING] < seconds[DATA] + seconds[COLLATE]  # these are not counted twice
    assert [batch[CARRIED].tolist() for batch in batches] == [[2, 0, 0, 0]] * 2


def test_batches_of_workers_carry_what_they_took() -> None:
    clock = PhaseClock()
    with clock.phase(WAITING):
        batches = list(loader(clock, 1))
    examples, data, encode, collate = batches[0][CARRIED].tolist()
    assert (examples, encode) == (2, 0)
    assert data >= 2 * READING and collate >= BUILDING
    assert clock.take()[COLLATE] == 0


def test_the_attributes_of_lazy_examples_stay() -> None:
    assert TimedExamples(SlowExamples([1]), PhaseClock()).lengths == (1, 2)
    assert not hasattr(TimedExamples([1], PhaseClock()), "lengths")


@pytest.mark.parametrize(
    "ask",
    [
        lambda tokenizer: tokenizer(["where is my parcel"]),
        lambda tokenizer: tokenizer.encode("where is my parcel"),
        lambda tokenizer: tokenizer.tokenize("where is my parcel"),
        lambda tokenizer: tokenizer.backend_tokenizer.encode_batch(["where is my parcel"]),
    ],
)
def test_whatever_tokenizes_counts(tokenizer_folder: Path, ask) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    clock = PhaseClock()
    expected = ask(tokenizer)
    with tokenizing(tokenizer, clock):
        found = ask(tokenizer)
        assert clock.take()[ENCODE] > 0
        tokenizer.pad({"input_ids": [[1]]}, padding=True)
        assert tokenizer.backend_tokenizer.token_to_id("[PAD]") is not None
        assert clock.take()[ENCODE] == 0
    assert getattr(found, "data", len(found)) == getattr(expected, "data", len(expected))
    ask(tokenizer)
    assert clock.take()[ENCODE] == 0
