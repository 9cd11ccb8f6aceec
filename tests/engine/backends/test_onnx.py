"""The ONNX Runtime backend, with graphs that are written by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from bertkit import extras
from bertkit.engine.backends.onnx import OnnxBackend
from bertkit.errors import ExtraError, RunError
from tests.helpers import make

INT, FLOAT = TensorProto.INT64, TensorProto.FLOAT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A graph that returns its ids as `logits`, and for labels, which may be missing, their differences."""
    ids = helper.make_tensor_value_info("input_ids", INT, ["batch", "token"])
    labels = helper.make_tensor_value_info("extra", INT, ["batch", "token"])
    outputs = [helper.make_tensor_value_info(f"reduced.{n}", INT, None) for n in ("logits", "apart")]
    nodes = [
        helper.make_node("Identity", ["input_ids"], ["reduced.logits"]),
        helper.make_node("Sub", ["input_ids", "extra"], ["reduced.apart"]),
    ]
    graph = helper.make_graph(nodes, "test", [ids, labels], outputs)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), tmp_path / "model.onnx"
    )
    shape = [{"input": "input_ids", "axis": 0}, {"input": "input_ids", "axis": 1}]
    about: dict[str, Any] = {"max_tokens": 7, "outputs": ["logits"], "labelled": ["apart"]}
    (tmp_path / "export.json").write_text(
        json.dumps(about | {"fillers": {"extra": {"dtype": "int64", "shape": shape}}})
    )
    np.savez(tmp_path / "constants.npz", crf_start=np.ones(3))
    return tmp_path


@pytest.fixture
def head() -> Any:
    return make("classify", {}).head


def test_it_takes_arrays_and_tensors(folder: Path, head: Any) -> None:
    backend = OnnxBackend(folder, head)
    for ids in (np.arange(6).reshape(2, 3), torch.arange(6).reshape(2, 3)):
        outputs, sums, weights = backend.forward({"input_ids": ids})
        assert list(outputs) == ["logits"]
        assert outputs["logits"].dtype == np.float32
        assert outputs["logits"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert (sums, weights) == (None, None)


def test_a_batch_with_labels_has_other_outputs_and_no_loss(folder: Path, head: Any) -> None:
    ids = np.ones((2, 3), dtype=np.int64)
    done = OnnxBackend(folder, head).forward({"input_ids": ids, "extra": ids, "labels": np.zeros(2)})
    assert list(done.outputs) == ["apart"]
    assert not done.outputs["apart"].any()
    assert done.loss_sums is None


def test_what_it_knows(folder: Path, head: Any) -> None:
    backend = OnnxBackend(folder, head)
    assert (backend.max_tokens, backend.tokens, backend.name) == (7, 512, "onnx")
    assert backend.constants["crf_start"].tolist() == [1, 1, 1]
    (folder / "constants.npz").unlink()
    assert OnnxBackend(folder, head).constants == {}


def test_it_needs_no_torch(folder: Path) -> None:
    code = f"""
import sys, pathlib, types, numpy as np
from bertkit.engine.backends.onnx import OnnxBackend
head = types.SimpleNamespace(targets=("labels",))
OnnxBackend(pathlib.Path({str(folder)!r}), head).forward({{"input_ids": np.zeros((1, 2), dtype=np.int64)}})
assert not {{"torch", "transformers"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_are_those_of_torch(folder: Path, head: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    backend = OnnxBackend(folder, head)
    assert (backend.threads, backend.workers) == (1, 1)
    assert backend._session().get_session_options().intra_op_num_threads == 1


@pytest.mark.parametrize("whole, share, callers, common", [(2, 1, 2, 1), (8, 2, 4, 5), (6, 2, 3, 4), (16, 4, 4, 13)])
def test_callers_and_what_they_share_are_all_threads(
    folder: Path, head: Any, monkeypatch: pytest.MonkeyPatch, whole: int, share: int, callers: int, common: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(whole))
    backend = OnnxBackend(folder, head)
    assert backend.workers == callers and whole // callers == share
    alone = backend._session()
    backend.use_threads(share)
    assert backend._session() is backend._shared is not alone
    assert backend._session().get_session_options().intra_op_num_threads == common == whole - callers + 1
    backend.use_threads(whole)
    assert backend._session() is alone


@pytest.mark.parametrize("file", ["model.onnx", "export.json"])
def test_damaged_files(folder: Path, head: Any, file: str) -> None:
    (folder / file).write_bytes(b"nothing")
    with pytest.raises(RunError, match=file):
        OnnxBackend(folder, head)


def test_without_onnx_runtime(folder: Path, head: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda name: False)
    with pytest.raises(ExtraError, match=r"needs the package onnxruntime.*bertkit\[onnx\]"):
        OnnxBackend(folder, head)


def test_too_little_memory_is_a_memory_error(folder: Path, head: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = OnnxBackend(folder, head)

    class Full:
        def run(self, *_: Any) -> None:
            raise RuntimeError("Failed to allocate memory for requested buffer of size 9")

    monkeypatch.setattr(backend, "_session", Full)
    with pytest.raises(MemoryError):
        backend.forward({"input_ids": np.zeros((1, 2), dtype=np.int64)})
