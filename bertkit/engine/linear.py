"""Linear layers with oneDNN on AMD processors with AVX-512, where torch's own are slow.

torch multiplies float32 matrices with Intel's MKL, which does not use AVX-512 on other makers' processors. torch also
has oneDNN, which does. Measured on two cores of an AMD EPYC (Zen 5), MiniLM, batches of 32 short texts: a training step
takes 0.21 s instead of 0.28 s, a forward pass 60 ms instead of 89 ms; sums differ in the last bits (1e-6). On an AMD
EPYC with AVX2 alone MKL is the faster one: by 2 to 10% forward, by 10 to 60% backward.

The price: private operators of torch, `mkldnn._linear_pointwise` and `_reorder_linear_weight`, which its compiler uses
for the same purpose; and a Python call for every function of torch within `fast`, about a microsecond each.
"""

from __future__ import annotations

import contextlib
import functools
import platform
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

ROWS = 16
"""With fewer input rows the plain product is as fast."""


def fast() -> contextlib.AbstractContextManager[Any]:
    """Within this context `torch.nn.functional.linear` and its backward pass use oneDNN if that is faster here."""
    return _Fast() if _slow_here() else contextlib.nullcontext()


def packed(weight: Tensor) -> Tensor | None:
    """A weight `(out, in)` in the order in which oneDNN reads it, for `product`; None where torch's is as fast.

    Otherwise oneDNN brings it into this order in each product, which takes long where there are few rows. All products
    of MiniLM's encoder, one thread of an AMD EPYC (Zen 4), without and with it: 16 rows 7.7 and 4.6 ms, 150 rows 34 and
    30 ms, 4,096 rows 0.88 and 0.80 s. It has no gradient; `to_dense` gives the weight back, bit for bit.
    """
    fits = weight.device.type == "cpu" and weight.dtype == torch.float32 and _slow_here()
    return torch.ops.mkldnn._reorder_linear_weight.default(weight) if fits else None


def product(x: Tensor, weight: Tensor, bias: Tensor, gelu: bool = False) -> Tensor:
    """`x @ weight.T + bias`, then GELU if asked for: `(..., in)` -> `(..., out)`. The weight may be packed."""
    if weight.is_mkldnn and x.numel() > 0:
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "gelu" if gelu else "none", [], "none")
    out = torch.nn.functional.linear(x, weight.to_dense() if weight.is_mkldnn else weight, bias)
    return torch.nn.functional.gelu(out) if gelu else out


@functools.cache
def _slow_here() -> bool:
    """Whether torch's products are slow on this processor, and oneDNN is available. This is not measured: a training
    must use the same routines every time."""
    there = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()
    wide = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    named = all(hasattr(torch.ops.mkldnn, name) for name in ("_linear_pointwise", "_reorder_linear_weight"))
    return there and wide and named and _is_amd()


def _is_amd() -> bool:
    cpu = Path("/proc/cpuinfo")
    name = cpu.read_text("utf-8", "replace")[:2000] if cpu.is_file() else platform.processor()
    return "AuthenticAMD" in name or "HygonGenuine" in name


class _Fast(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.nn.functional.linear and not kwargs and _fits(*args):
            return _Linear.apply(args[0], args[1], args[2] if len(args) > 2 else None)
        return func(*args, **(kwargs or {}))


def _fits(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    plain = type(x) is Tensor and x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    following = torch.jit.is_tracing() or torch.compiler.is_compiling() or torch.is_autocast_enabled("cpu")
    return plain and x.numel() >= ROWS * x.shape[-1] > 0 and not following


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`(..., in)`, `(out, in)` -> `(..., out)`."""
    return torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, "none", [], "")


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        needs_x, needs_weight, needs_bias = ctx.needs_input_grad
        flat, rows = grad.reshape(-1, grad.shape[-1]), x.reshape(-1, x.shape[-1])
        for_x = _product(flat, weight.t()).view(x.shape) if needs_x else None
        for_weight = _product(flat.t(), rows.t()) if needs_weight else None
        return for_x, for_weight, flat.sum(0) if needs_bias else None
