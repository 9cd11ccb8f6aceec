"""Half precision: what is converted, what stays, and how far answers move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bertkit.engine.backends.torch import BertBackend, TorchBackend, open_model
from bertkit.engine.batches import tensors
from bertkit.engine.bert.model import open_bert
from bertkit.engine.precision import is_fast
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from tests.engine.bert.test_model import TASKS, saved


def outputs(task: Any, backend: TorchBackend, block: ModelBlock) -> dict[str, torch.Tensor]:
    """Those of the model, before the head makes less of them."""
    tokenizer = load_tokenizer(block)
    encoded = task.encode(task.tiny_rows(), tokenizer, 64, answers=False)
    batch = tensors(task.collator(tokenizer)(encoded.examples[:4]))
    with torch.inference_mode():
        found: Any = backend.model.eval()(**task.head.inputs(batch))
    names = ("logits", "start_logits", "end_logits", "last_hidden_state")
    return {name: getattr(found, name) for name in names if getattr(found, name, None) is not None}


@pytest.mark.parametrize(("name", "options"), TASKS)
@pytest.mark.parametrize("own", [True, False], ids=["engine/bert", "transformers"])
def test_the_encoder_is_converted_and_answers_move_a_little(
    name: str, options: dict[str, Any], own: bool, tiny_bert: Path, tmp_path: Path
) -> None:
    task, block = saved(name, options, tiny_bert, tmp_path / "model")
    found = {}
    for precision in ("float32", "bf16"):
        model: Any = open_bert(task.head, block) if own else open_model(task.head, block)
        assert model is not None
        backend = (BertBackend if own else TorchBackend)(model, task.head, precision)
        layers = {name: p.dtype for name, p in model.named_parameters() if "encoder.layer" in name}
        assert set(layers.values()) == {torch.float32 if precision == "float32" else torch.bfloat16}
        heads = {p.dtype for name, p in model.named_parameters() if name.startswith(("classifier", "qa_outputs"))}
        assert heads <= {torch.float32}
        found[precision] = outputs(task, backend, block)
    assert found["float32"]
    assert found["float32"].keys() == found["bf16"].keys()
    for name, exact in found["float32"].items():
        half = found["bf16"][name]
        assert half.dtype == torch.float32
        assert 0 < (exact - half).abs().max() < 0.1 * exact.abs().max()


def test_a_gpu_is_fast_in_any_precision_and_a_processor_by_its_instructions(monkeypatch: pytest.MonkeyPatch) -> None:
    has: dict[str, bool] = {}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    cpu, gpu = torch.device("cpu"), torch.device("cuda:0")
    assert [is_fast(cpu, "float32"), is_fast(cpu, "bf16"), is_fast(cpu, "fp16")] == [True, False, False]
    assert is_fast(gpu, "bf16")
    assert is_fast(gpu, "fp16")
    has["avx512_bf16"] = True
    assert is_fast(cpu, "bf16")
