"""BERT's layers on packed tokens, in the part of Python that TorchScript compiles.

As a function of TorchScript all layers are one call, in which other threads run Python. Else each of some hundred
operations ends with waiting for the one that does. MiniLM, batches of eight short texts, two at once on two cores of an
AMD EPYC (Zen 4): 500 texts a second, without TorchScript 475; beside a thread that runs Python for two fifths of the
time 395 and 340. The results are the same, bit for bit.

The price: TorchScript is deprecated, without a replacement that needs no compiler of C++. Where it is not there, the
same functions run as they are.
"""

from __future__ import annotations

import functools
import logging
import threading
import warnings
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from bertkit.engine.blocks import AttentionBlock, attend
from bertkit.engine.linear import product

log = logging.getLogger("bertkit")

PARAMETERS = (
    *("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"),
    *("attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"),
)
"""Modules of a layer, each with a weight and a bias, in the order of the list that the functions below take."""


def encode(hidden: Tensor, layers: list[list[Tensor]], blocks: list[AttentionBlock], heads: int, eps: float) -> Tensor:
    """All layers: `(real, hidden)` -> `(real, hidden)`."""
    for layer in layers:
        query, key, value = project(hidden, layer)
        hidden = finish(hidden, attend(query, key, value, blocks, heads), layer, eps)
    return hidden


def project(hidden: Tensor, layer: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values, `(real, hidden)` each."""
    query = product(hidden, layer[0], layer[1])
    key = product(hidden, layer[2], layer[3])
    return query, key, product(hidden, layer[4], layer[5])


def finish(hidden: Tensor, seen: Tensor, layer: list[Tensor], eps: float) -> Tensor:
    """A layer after its attention has `seen` the tokens: `(real, hidden)` -> `(real, hidden)`."""
    size = [hidden.shape[-1]]
    hidden = functional.layer_norm(product(seen, layer[6], layer[7]) + hidden, size, layer[8], layer[9], eps)
    wide = product(hidden, layer[10], layer[11], gelu=True)
    return functional.layer_norm(product(wide, layer[12], layer[13]) + hidden, size, layer[14], layer[15], eps)


_lock = threading.Lock()


def compiled() -> Callable[..., Tensor]:
    """`encode` as a function of TorchScript, made in a fiftieth of a second; `encode` itself where there is none."""
    with _lock:  # catch_warnings is of all threads
        return _compiled()


@functools.cache
def _compiled() -> Callable[..., Tensor]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return torch.jit.script(encode)
        except Exception as error:  # a torch without TorchScript, or without oneDNN
            log.debug("BERT's layers run without TorchScript: %s", error)
            return encode
