"""Attention in the form of a page: what is packed comes out again, within its size."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest

from bertkit.understand.attention.attention import Attention
from bertkit.understand.attention.record import MOST, STEPS, packed, record


def unpacked(block: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(block)), dtype=np.uint8).reshape(shape)


def weights(layers: int, heads: int, size: int) -> np.ndarray:
    drawn = np.random.default_rng(0).random((layers, heads, size, size)).astype(np.float32)
    return drawn / drawn.sum(-1, keepdims=True)


def test_weights_come_out_within_half_a_step_of_their_rows_largest() -> None:
    given = weights(2, 3, 5)
    blocks, scales, steps = packed(given)
    assert (len(blocks), steps) == (2, 255)
    for layer, block, scale in zip(given, blocks, scales, strict=True):
        largest = np.frombuffer(base64.b64decode(scale), dtype="<f4").reshape(3, 5)
        assert largest == pytest.approx(layer.max(-1))
        found = unpacked(block, layer.shape) / steps * largest[..., None]
        assert (np.abs(found - layer) <= 0.51 / steps * largest[..., None]).all()


def test_even_weights_of_many_tokens_do_not_vanish() -> None:
    blocks, _, steps = packed(np.full((1, 1, 600, 600), 1 / 600, dtype=np.float32))
    assert (unpacked(blocks[0], (600, 600)) == steps).all()


def test_fewer_steps_where_it_would_be_too_large() -> None:
    given = weights(2, 4, 32)
    whole = sum(map(len, packed(given)[0]))
    blocks, _, steps = packed(given, most=whole // 2 + 1500)
    assert steps < 255
    assert sum(map(len, blocks)) <= whole // 2 + 1500
    assert packed(given, most=1)[2] == STEPS[-1]


@pytest.mark.parametrize("size", [6, MOST + 8])
def test_the_record_has_as_many_tokens_as_are_shown(size: int) -> None:
    found = Attention(
        tokens=[f"t{n}" for n in range(size)],
        weights=np.full((1, 1, size, size), 1 / size, dtype=np.float32),
        difference=1e-7, answer="a", windows=1, words=np.full(size, -1), labels=[],
    )  # fmt: skip
    made = record(found)
    shown = min(size, MOST)
    assert (len(made["tokens"]), made["size"]) == (shown, size)
    values = unpacked(made["blocks"][0], (3, shown, shown))  # the head, the rollout, and the mean of heads
    assert (values[0] == values[2]).all()
    assert made["attributions"] is None
