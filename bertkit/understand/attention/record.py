"""Attention as a page holds it: whole numbers, compressed, one block for each layer.

A model of 12 layers and 12 heads has 38 million weights for 512 tokens. They are rounded to steps, 255 of them or as
few as make the page small enough, and most become 0; the size of a step is said on the page.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

from bertkit.understand.attention.attention import Attention

BYTES = 4_500_000
"""Of all blocks, as text; a page is to have less than 5 MB."""
STEPS = (255, 127, 63, 31, 15, 7)
MOST = 512
"""Tokens that are shown."""


def record(found: Attention) -> dict[str, Any]:
    """Plain values, for the page."""
    size = min(MOST, len(found.tokens))
    weights, flow = found.weights[:, :, :size, :size], found.rollout[:, :size, :size]
    blocks, steps = packed(np.concatenate([weights, flow[:, None]], axis=1))
    words = found.words[:size]
    values = found.attributions
    return {
        "tokens": found.tokens[:size],
        "size": len(found.tokens),
        "layers": weights.shape[0],
        "heads": weights.shape[1],
        "blocks": blocks,
        "steps": steps,
        "difference": found.difference,
        "answer": found.answer,
        "windows": found.windows,
        "words": words.tolist(),
        "labels": found.labels,
        "target": found.target,
        "attributions": None if values is None else values.tolist(),
    }


def packed(weights: np.ndarray, most: int = BYTES) -> tuple[list[str], int]:
    """`(layer, head, token, token)` from 0 to 1 -> a block for each layer, and how many steps 1 has.

    A block is base64 of deflated bytes, one for each weight, in their order. The fewest steps are taken even where the
    blocks have more than `most` characters.
    """
    for steps in STEPS:
        blocks = [_block(np.rint(layer * steps).astype(np.uint8)) for layer in weights]
        if sum(map(len, blocks)) <= most:
            break
    return blocks, steps


def _block(values: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(values.tobytes(), 6)).decode("ascii")
