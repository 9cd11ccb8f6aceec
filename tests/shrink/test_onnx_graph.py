"""Tracing: what can be, what can not, and weights beside the graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bertkit.engine.backends.onnx import ABOUT, OnnxBackend
from bertkit.engine.backends.torch import TorchBackend, open_model
from bertkit.errors import RunError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.shrink import onnx_graph
from bertkit.shrink.proof import check_equal
from tests.helpers import make


class Parts:
    """A task with its model, and batches with labels and without."""

    def __init__(self, folder: Path):
        block = ModelBlock(name=str(folder), padding_free="off")
        self.task = make("classify", {})
        rows = self.task.tiny_rows()
        self.task.prepare(rows, DataBlock())
        self.model: Any = open_model(self.task.head, block).eval()
        tokenizer = load_tokenizer(block)
        collate = self.task.collator(tokenizer)
        self.batches = []
        for answers in (False, True):
            examples = self.task.encode(rows, tokenizer, 64, answers=answers).examples
            self.batches.append([collate(list(examples[:4])), collate(list(examples[1:4]))])

    def write(self, folder: Path) -> Any:
        return onnx_graph.write(self.model, self.task.head, *self.batches, folder / "model.onnx")


@pytest.fixture
def parts(tiny_bert: Path) -> Parts:
    return Parts(tiny_bert)


@pytest.mark.slow
def test_weights_lie_beside_a_graph_that_is_too_large(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_graph, "LARGEST", 1000)
    written = parts.write(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"model.onnx", "model.onnx.data"}
    (tmp_path / ABOUT).write_text(written.about.model_dump_json())
    expected = TorchBackend(parts.model, parts.task.head).forward(parts.batches[1][1]).outputs["logits"]
    found = OnnxBackend(tmp_path, parts.task.head).forward(parts.batches[1][1]).outputs["logits"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_layers_hold_what_belongs_together(parts: Parts, tmp_path: Path) -> None:
    layers = parts.write(tmp_path).layers
    assert len(layers["bert.encoder.layer.0.attention.self"]) == 3
    assert len(layers["bert.encoder.layer.1.output"]) == 1
    assert len(layers["bert.embeddings"]) == 3


def test_a_head_that_looks_at_values_is_refused(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def reduce(outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"logits": outputs.logits if batch["attention_mask"].sum() > 9 else -outputs.logits}

    monkeypatch.setattr(parts.task.head, "reduce", reduce)
    with pytest.raises(RunError, match=r"ClassifyHead or its model can not be traced.*docs/export\.md"):
        parts.write(tmp_path)


@pytest.mark.slow
def test_a_size_taken_by_len_is_found_out(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's exporter takes it for a constant without a word; other batches then have other outputs, or none."""

    def reduce(outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"logits": outputs.logits + len(batch["input_ids"])}

    monkeypatch.setattr(parts.task.head, "reduce", reduce)
    written = parts.write(tmp_path)
    (tmp_path / ABOUT).write_text(written.about.model_dump_json())
    one, other = (
        backend.forward(parts.batches[0][1]).outputs
        for backend in (TorchBackend(parts.model, parts.task.head), OnnxBackend(tmp_path, parts.task.head))
    )
    with pytest.raises(RunError, match="other outputs than the model"):
        check_equal({"logits": list(one["logits"])}, {"logits": list(other["logits"])})


@pytest.mark.slow
def test_a_graph_without_attention_is_refused(parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_graph, "OPSET", 20)
    with pytest.raises(RunError, match="no attention was found in the graph of bert"):
        parts.write(tmp_path)
