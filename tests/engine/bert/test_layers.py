"""Layers compiled by TorchScript: there, and the same bits."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from bertkit.engine.backends.torch import BertBackend
from bertkit.engine.bert import layers
from bertkit.engine.bert.model import open_bert
from bertkit.models.build import load_tokenizer
from tests.engine.bert.test_model import TASKS, saved

NEWEST = (3, 13)
"""Of Python, that TorchScript supports."""


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


@pytest.mark.skipif(sys.version_info[:2] > NEWEST, reason="this Python has no TorchScript")
def test_they_are_compiled_once() -> None:
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        pytest.skip("this torch has no oneDNN")
    assert isinstance(layers.compiled(), torch.jit.ScriptFunction)
    assert layers.compiled() is layers.compiled()


def test_without_torchscript_they_run_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Any) -> None:
        raise RuntimeError("TorchScript is gone")

    monkeypatch.setattr(torch.jit, "script", missing)
    assert layers.compiled.__wrapped__() is layers.encode


@pytest.mark.skipif(sys.version_info[:2] > NEWEST, reason="this Python has no TorchScript")
def test_python_runs_meanwhile() -> None:
    """A call of the compiled layers lets another thread run Python from its beginning to its end: with a switch of
    threads that comes after ten seconds, nobody else makes it wait."""
    if not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        pytest.skip("this torch has no oneDNN")
    from bertkit.engine.blocks import whole

    wide = 256
    shapes = [(wide, wide)] * 4 + [(wide,)] + [(4 * wide, wide), (wide, 4 * wide)] + [(wide,)]
    one = [tensor for shape in shapes for tensor in (torch.randn(shape) / 16, torch.zeros(shape[0]))]
    hidden = torch.randn(2048, wide)
    run = layers.compiled()
    ticks: list[float] = []
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    with torch.inference_mode():
        run(hidden, [one], [whole(64, 32)], 8, 1e-12)
        thread = threading.Thread(target=tick)
        thread.start()
        start = time.perf_counter()
        run(hidden, [one] * 8, [whole(64, 32)], 8, 1e-12)
        end = time.perf_counter()
        done.set()
        thread.join()
    assert sum(start < at < end for at in ticks) > 10
