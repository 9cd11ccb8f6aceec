"""Answers in half precision: the encoder computes in bfloat16 or float16, the head in float32.

The weights of the encoder are converted once. Its outputs become float32 again, so that logits are not rounded to the
three digits that bfloat16 has. What it costs and gains on processors and a GPU: docs/engine.md.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bertkit.engine.backends.backend import Precision

DTYPES = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def lower(model: Any, precision: Precision) -> None:
    """Convert the encoder of a model, in place. `float32` changes nothing."""
    if precision == "float32":
        return
    if convert := getattr(model, "lower", None):  # of engine/bert
        convert(DTYPES[precision])
        return
    encoder = model.base_model
    encoder.to(DTYPES[precision])
    encoder.register_forward_hook(_raised)


def is_fast(device: torch.device, precision: Precision) -> bool:
    """Whether a device has instructions for a precision; without them it is slower than float32."""
    if precision == "float32" or device.type != "cpu":
        return True
    return precision == "bf16" and any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16"))


def _raised(module: torch.nn.Module, args: Any, outputs: Any) -> Any:
    if isinstance(outputs, Tensor):
        return outputs.float() if outputs.is_floating_point() else outputs
    if isinstance(outputs, tuple):
        return tuple(_raised(module, args, one) for one in outputs)
    if isinstance(outputs, dict):  # a ModelOutput, whose keys are its attributes too
        for name, one in outputs.items():
            outputs[name] = _raised(module, args, one)
    return outputs
