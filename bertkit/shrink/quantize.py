"""Weights in int8: a quarter of the size, and integer products where the processor is fast at them.

Dynamic quantisation as ONNX Runtime does it: weights per output channel, activations per tensor, with the range that
they have in the batch. So an answer depends a little on the batch that it is computed in. Weights per tensor lose much:
the cosine to float32 sentence vectors was 0.956 instead of 0.992.

If all layers in int8 cost too much, those that change the outputs most stay in float32: each is left out alone, they
are ranked by how much closer the outputs get, and the fewest of them that are enough are found by bisection.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bertkit.engine.backends.onnx import ABOUT, CONSTANTS, MODEL
from bertkit.errors import RunError
from bertkit.shrink.onnx_graph import LARGEST, WEIGHTED
from bertkit.shrink.quiet import quiet

log = logging.getLogger("bertkit")

Cost = Callable[[Path], float]
"""Model folder -> a number, the lower the better."""


def quantize(
    source: Path, folder: Path, layers: Mapping[str, Sequence[str]], *, drop: Cost, change: Cost, most: float
) -> list[str]:
    """Write a model folder in int8.

    Args:
        source: a model folder in float32.
        folder: a new one.
        layers: see `Written.layers`.
        drop: points of the first metric that a model folder costs.
        change: how far its outputs are from those in float32.
        most: points that it may cost.

    Returns:
        layers that stay in float32.

    Raises:
        RunError: it costs more, whichever layers stay.
    """
    folder.mkdir()
    for name in (ABOUT, CONSTANTS):
        if (source / name).is_file():
            shutil.copy(source / name, folder / name)

    def cost(kept: Sequence[str], of: Cost) -> float:
        _write(source / MODEL, folder / MODEL, [node for layer in kept for node in layers[layer]])
        return of(folder)

    all_in_int8 = cost([], drop)
    if all_in_int8 <= most:
        return []
    log.info("int8 costs %.2f points: looking for the layers that lose most", all_in_int8)
    without = {layer: cost([layer], change) for layer in layers}
    ranked = sorted(layers, key=lambda layer: without[layer])
    low, high = 0, len(ranked)  # `low` layers in float32 are too few, `high` are enough: nothing is left in int8
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if cost(ranked[:middle], drop) <= most else (middle, high)
    if high == len(ranked):
        what = f"int8 costs {all_in_int8:.2f} points, and more than {most:g} with any one layer in int8"
        raise RunError.at("--max-drop", what, "allow more, or export without --int8")
    cost(ranked[:high], drop)
    return ranked[:high]


def _write(source: Path, target: Path, kept: Sequence[str]) -> None:
    """Write a graph in int8, all but these nodes."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(source)
    size = model.ByteSize()
    del model.graph.value_info[:]  # shapes of the float32 graph, which stop the conversion
    for file in target.parent.glob(f"{target.name}*"):
        file.unlink()
    with quiet():
        quantize_dynamic(
            model, target, op_types_to_quantize=list(WEIGHTED), per_channel=True, weight_type=QuantType.QInt8,
            nodes_to_exclude=list(kept), use_external_data_format=size > LARGEST,
        )  # fmt: skip
