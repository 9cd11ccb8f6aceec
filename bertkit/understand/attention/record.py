"""Attention as a page holds it: whole numbers, compressed, one block for each layer.

A model of 12 layers and 12 heads has 38 million weights for 512 tokens. Each token's weights are rounded to steps of
its largest one, 255 of them or as few as make the page small enough; how many is said on the page.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from bertkit.understand.attention.attention import Attention

BYTES = 4_500_000
"""Of all blocks, as text; a page is to have less than 5 MB."""
STEPS = (255, 127, 63, 31, 15, 7, 4, 2)
MOST = 512
"""Tokens that are shown."""


def record(found: Attention) -> dict[str, Any]:
    """Plain values, for the page."""
    size = min(MOST, len(found.tokens))
    weights, flow = found.weights[:, :, :size, :size], found.rollout[:, :size, :size]
    blocks, scales, steps = packed(np.concatenate([weights, flow[:, None], weights.mean(1, keepdims=True)], axis=1))
    words = found.words[:size]
    values = found.attributions
    return {
        "tokens": found.tokens[:size],
        "size": len(found.tokens),
        "layers": weights.shape[0],
        "heads": weights.shape[1],
        "blocks": blocks,
        "scales": scales,
        "steps": steps,
        "difference": found.difference,
        "answer": found.answer,
        "windows": found.windows,
        "words": words.tolist(),
        "labels": found.labels,
        "target": found.target,
        "attributions": None if values is None else values.tolist(),
    }


def packed(weights: np.ndarray, most: int = BYTES) -> tuple[list[str], list[str], int]:
    """`(layer, matrix, token, token)` from 0 to 1 -> for each layer a block and its scales, and the number of steps.

    A block is base64 of deflated bytes, one for each weight, in their order: steps of the largest weight of its row.
    The scales are these largest weights, base64 of float32 `(matrix, token)`. The fewest steps are taken even where
    the blocks have more than `most` characters.
    """
    largest = weights.max(-1)  # (layer, matrix, token)
    shares = weights / np.maximum(largest, np.finfo(np.float32).tiny)[..., None]
    scales = [_text(one.astype("<f4").tobytes()) for one in largest]
    for steps in STEPS:
        blocks = [_text(zlib.compress(np.rint(layer * steps).astype(np.uint8).tobytes(), 6)) for layer in shares]
        if sum(map(len, blocks)) + sum(map(len, scales)) <= most:
            break
    return blocks, scales, steps


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
