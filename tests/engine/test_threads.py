"""Several batches at once: in order, with a share of the threads each, and the same figures as one after the other."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bertkit.engine import run as run_module
from bertkit.engine import threads
from bertkit.engine.backends.backend import Forward
from bertkit.engine.backends.torch import TorchBackend, open_model
from bertkit.engine.run import run
from bertkit.engine.threads import computed, workers_of
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from tests.engine.backends.test_backend import Zeros
from tests.helpers import make


def backend_of(
    name: str, model: Path, options: dict[str, Any] | None = None, repeat: int = 1
) -> tuple[TorchBackend, Any, Any]:
    """A new model, examples with labels, and what collates them."""
    task, block = make(name, options or {}), ModelBlock(name=str(model))
    rows = [*task.tiny_rows()] * repeat
    task.prepare(rows, DataBlock())
    tokenizer = load_tokenizer(block)
    backend = TorchBackend(open_model(task.head, block), task.head)
    return backend, task.encode(rows, tokenizer, 64, answers=True), task.collator(tokenizer)


class Meeting(Zeros):
    """Two batches meet: each waits for the other. It notes how many threads each has."""

    workers, threads = 2, 6  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(make("classify", {}).head)
        self.barrier = threading.Barrier(2)
        self.given = threading.local()
        self.used: list[int] = []
        self.last = 0

    def use_threads(self, count: int) -> None:
        self.given.count = self.last = count

    def forward(self, batch: dict[str, Any]) -> Forward:
        self.used.append(getattr(self.given, "count", self.threads))
        if batch["number"]:
            self.barrier.wait(10)
        if batch["number"] == 3:
            raise MemoryError
        return Forward({"number": np.array([batch["number"]])})


def test_the_first_is_alone_and_the_others_two_at_a_time() -> None:
    backend, numbers = Meeting(), [0, 1, 2, 4, 5, 6, 7]
    found = computed(backend, ((f"batch {n}", {"number": n}) for n in numbers), several=True)
    assert [(name, int(result().outputs["number"][0])) for name, result in found] == [
        (f"batch {n}", n) for n in numbers
    ]
    assert backend.used == [6, *[3] * 6]
    assert backend.last == 6, "as before"


def test_what_went_wrong_is_raised_where_the_result_is_asked_for() -> None:
    given = []
    for number, result in computed(Meeting(), ((n, {"number": n}) for n in range(5)), several=True):
        if number == 3:
            with pytest.raises(MemoryError):
                result()
        else:
            given.append(int(result().outputs["number"][0]))
    assert given == [0, 1, 2, 4]


def test_a_thread_that_begins_meanwhile_has_all_threads_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Meeting(), Meeting()
    monkeypatch.setattr(threads, "SWITCH", sys.getswitchinterval() / 2)
    first = computed(one, ((n, {"number": 0}) for n in range(9)), several=True)
    interval = sys.getswitchinterval()
    for _ in range(2):
        next(first)[1]()
    assert sys.getswitchinterval() < interval
    other.given.count = 3  # as a new thread of torch begins
    second = computed(other, ((n, {"number": 0}) for n in range(9)), several=True)
    for _ in range(2):
        next(second)[1]()
    first.close()
    assert sys.getswitchinterval() < interval
    second.close()
    assert (other.last, sys.getswitchinterval()) == (6, interval)


def test_who_stops_asking_leaves_no_thread() -> None:
    found = computed(Meeting(), ((n, {"number": n}) for n in (0, 1, 2, 4, 5, 6, 7)), several=True)
    for _ in range(3):
        next(found)[1]()
    before = threading.active_count()
    found.close()
    assert threading.active_count() == before - 2


def test_one_after_the_other_only_what_is_asked_for_is_computed() -> None:
    backend = Meeting()
    found = computed(backend, ((n, {"number": 0}) for n in range(3)), several=False)
    next(found)
    name, result = next(found)
    assert (name, backend.used) == (1, [])
    result()
    assert len(backend.used) == 1


@pytest.fixture
def two_threads() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_torch_has_its_threads_again(two_threads: None, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, *_ = backend_of("classify", tiny_bert)
    assert (backend.threads, backend.workers) == (2, 2)
    seen = []
    forward = backend.forward

    def noted(batch: dict[str, Any]) -> Forward:
        seen.append(torch.get_num_threads())
        return forward(batch)

    monkeypatch.setattr(backend, "forward", noted)
    batch = {"input_ids": np.full((2, 4), 7), "attention_mask": np.ones((2, 4), dtype=np.int64)}
    assert len([result() for _, result in computed(backend, [(n, batch) for n in range(5)], several=True)]) == 5
    assert seen == [2, 1, 1, 1, 1]
    fresh: list[int] = []
    thread = threading.Thread(target=lambda: fresh.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert (torch.get_num_threads(), fresh) == (2, [2])


@pytest.mark.parametrize("name", ["classify", "out of scope", "ner", "squad", "choice", "embed"])
def test_figures_are_those_of_one_batch_after_the_other(
    two_threads: None, name: str, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, options = ("classify", {"out_of_scope": "other"}) if name == "out of scope" else (name, {})
    backend, encoded, collate = backend_of(name, tiny_bert, options, repeat=20)
    forward = backend.model.forward

    def slow(*args: Any, **kwargs: Any) -> Any:
        outputs = forward(*args, **kwargs)
        time.sleep(0.002)  # the other thread is in the middle of its batch
        return outputs

    monkeypatch.setattr(backend.model, "forward", slow)
    several = run(backend, encoded.examples, collate, tokens=64)
    monkeypatch.setattr(run_module, "MANY", 10**6)
    alone = run(backend, encoded.examples, collate, tokens=64)
    assert several[1] == pytest.approx(alone[1], rel=1e-6)
    assert several[0].keys() == alone[0].keys()
    for key, values in several[0].items():
        for one, other in zip(values, alone[0][key], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_batch_too_large_in_a_thread_becomes_smaller(
    two_threads: None, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, encoded, collate = backend_of("classify", tiny_bert, repeat=20)
    expected, _ = run(backend, encoded.examples, collate, tokens=48)
    forward, sizes = backend.forward, []

    def small(batch: dict[str, Any]) -> Forward:
        sizes.append(len(batch["input_ids"]))
        if len(sizes) > 3 and sizes[-1] > 2:
            raise torch.OutOfMemoryError
        return forward(batch)

    monkeypatch.setattr(backend, "forward", small)
    found, _ = run(backend, encoded.examples, collate, tokens=48)
    for one, other in zip(found["logits"], expected["logits"], strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert max(sizes[-5:]) <= 2


def test_models_that_may_keep_something_compute_one_batch_at_a_time(two_threads: None, tiny_bert: Path) -> None:
    backend, *_ = backend_of("ner", tiny_bert)
    assert backend.workers == 2
    crf, *_ = backend_of("ner", tiny_bert, options={"crf": True})
    assert crf.workers == 1


def test_all_workers_have_equally_many_threads() -> None:
    assert [workers_of(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 16, 64)] == [1, 2, 3, 4, 2, 3, 3, 4, 4, 4]
