"""Layers compiled by TorchScript: there, and the same bits."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bertkit.engine.backends.torch import BertBackend
from bertkit.engine.bert import layers
from bertkit.engine.bert.model import open_bert
from bertkit.engine.blocks import AttentionBlock, attention_blocks, whole
from bertkit.engine.layout import layout
from bertkit.models.build import load_tokenizer
from tests.engine.bert.test_model import TASKS, saved


@pytest.mark.parametrize(("name", "options"), TASKS)
def test_they_give_the_same_bits(name: str, options: dict[str, Any], tiny_bert: Path, tmp_path: Path) -> None:
    task, block = saved(name, options, tiny_bert, tmp_path / "model")
    tokenizer = load_tokenizer(block)
    examples = list(task.encode(task.tiny_rows(), tokenizer, 64, answers=True).examples)
    own = open_bert(task.head, block)
    assert own is not None
    backend = BertBackend(own, task.head)
    batches = [task.collator(tokenizer)(part) for part in (examples, examples[:1], examples * 2)]
    plain = [backend.forward(dict(batch)) for batch in batches]
    backend.compile()
    for _ in range(3):  # the second call of a function of TorchScript may be another program than the first
        for batch, wanted in zip(batches, plain, strict=True):
            for key, array in backend.forward(dict(batch)).outputs.items():
                assert (array == wanted.outputs[key]).all(), key


LENGTHS = {
    "groups": (200, 190, 100, 99, 2, 1),
    "runs": (9, 9, 9, 9, 4, 4, 4, 4),
    "equal": (7, 7, 7),
    "one": (12,),
}
HEADS, WIDE = 4, 32


def weights(dtype: torch.dtype = torch.float32, wide: int = WIDE) -> list[list[Tensor]]:
    """Two layers."""
    draw = torch.Generator().manual_seed(1)
    shapes = [(wide, wide)] * 4 + [(wide,)] + [(64, wide), (wide, 64)] + [(wide,)]
    return [
        [
            tensor.to(dtype)
            for shape in shapes
            for tensor in (torch.randn(shape, generator=draw) / 4, torch.zeros(shape[0]))
        ]
        for _ in range(2)
    ]


def blocks(lengths: Sequence[int], dtype: torch.dtype) -> list[AttentionBlock]:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    where = layout(mask)
    return [whole(*mask.shape)] if where is None else attention_blocks(where, dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_several_threads_get_the_same_bits(dtype: torch.dtype) -> None:
    """Also in the first calls, in which TorchScript watches what comes."""
    layers._compiled.cache_clear()
    own, run = weights(dtype), layers.compiled()
    cases = []
    for lengths in LENGTHS.values():
        hidden = torch.randn(sum(lengths), WIDE).to(dtype)
        with torch.inference_mode():
            case = hidden, own, blocks(lengths, dtype), HEADS, 1e-12
            cases.append((case, layers.encode(*case)))

    def ask(number: int) -> list[bool]:
        with torch.inference_mode():
            return [torch.equal(run(*case), wanted) for case, wanted in cases[number:] + cases[:number]]

    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert all(all(found) for found in pool.map(ask, range(4)))


@pytest.mark.skipif(not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this torch has no oneDNN")
def test_they_are_compiled_once() -> None:
    assert isinstance(layers.compiled(), torch.jit.ScriptFunction)
    assert layers.compiled() is layers.compiled()


def test_without_torchscript_they_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Any) -> None:
        raise RuntimeError("TorchScript is gone")

    monkeypatch.setattr(torch.jit, "script", missing)
    assert layers._compiled.__wrapped__() is layers.encode


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this torch has no oneDNN")
def test_they_wait_for_no_thread_that_runs_python() -> None:
    """A thread that runs Python gives it up after 0.2 s. The plain layers wait for it after each operation, the
    compiled ones at their end."""
    case = torch.randn(1600, 512), weights(wide=512), [whole(40, 40)], HEADS, 1e-12  # operations of some milliseconds
    plain, compiled = (_beside_a_busy_thread(run, case) for run in (layers.encode, layers.compiled()))
    assert compiled < plain / 2


def _beside_a_busy_thread(run: Any, case: Any) -> float:
    """Seconds of a call."""
    done = threading.Event()

    def busy() -> None:
        while not done.is_set():
            pass

    before = sys.getswitchinterval()
    thread = threading.Thread(target=busy)
    with torch.inference_mode():
        for _ in range(3):
            run(*case)
        try:
            sys.setswitchinterval(0.2)
            thread.start()
            start = time.perf_counter()
            run(*case)
            return time.perf_counter() - start
        finally:
            done.set()
            sys.setswitchinterval(before)
            thread.join()


def test_a_compiled_model_can_be_copied(tiny_bert: Path, tmp_path: Path) -> None:
    task, block = saved("embed", {}, tiny_bert, tmp_path / "model")
    own = open_bert(task.head, block)
    assert own is not None
    ids = torch.tensor([[2, 9, 10, 3]])
    with torch.inference_mode():
        wanted = own(ids).last_hidden_state
        own.compile_layers()
        other = pickle.loads(pickle.dumps(copy.deepcopy(own)))
        assert torch.equal(other(ids).last_hidden_state, wanted)


def test_a_model_on_a_gpu_is_not_compiled(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, block = saved("embed", {}, tiny_bert, tmp_path / "model")
    own = open_bert(task.head, block)
    assert own is not None
    backend = BertBackend(own, task.head)
    monkeypatch.setattr(backend, "device", torch.device("cuda"))
    backend.compile()
    assert not own._compiled
    monkeypatch.setattr(backend, "device", torch.device("cpu"))
    backend.compile()
    assert own._compiled
