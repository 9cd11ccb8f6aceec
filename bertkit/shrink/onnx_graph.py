"""A task's model as an ONNX graph: the parts of a batch in, the outputs of `Head.reduce` out.

torch's own exporter traces the model and the head's `reduce`, so a task of a user's own is exported as a built-in one.
At opset 23 with sdpa each layer's attention becomes one node `Attention`; an older opset, or eager attention, gives a
dozen small nodes per layer, which ONNX Runtime 1.32 does not fuse. A shape must not depend on what a batch holds.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from bertkit import extras
from bertkit.engine.backends.onnx import REDUCED, Exported, Filler, SizeOf
from bertkit.engine.batches import arrays, tensors
from bertkit.errors import RunError
from bertkit.models.build import position_limit
from bertkit.tasks.head import Head

OPSET = 23
"""The first with a standard Attention."""
LARGEST = 2**31 - 2**24
"""Most bytes of weights in one file: protobuf's 2 GB, less room for the graph. Larger ones lie in a file beside it."""

Batch = dict[str, Any]


class Graph(torch.nn.Module):
    """A model and its head, from batches to the outputs that `Task.decode` takes.

    Args:
        model: without hooks of padding_free.
        fillers: parts that only batches with labels have; None: there is one graph for both.
    """

    def __init__(self, model: Any, head: Head, labelled: Sequence[str] | None):
        super().__init__()
        self.model, self.head, self.labelled = model, head, labelled
        self.eval()  # a module starts in training mode

    def forward(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        outputs = self.model(**self.head.inputs(batch))
        if self.labelled is None:
            return self.head.reduce(outputs, batch)
        plain = {name: tensor for name, tensor in batch.items() if name not in self.labelled}
        return self.head.reduce(outputs, plain) | self.head.reduce(outputs, batch)


def export(model: Any, head: Head, plain: Sequence[Batch], labelled: Sequence[Batch], file: Path) -> Exported:
    """Write a model as an ONNX graph.

    Args:
        model: see `Graph`.
        plain, labelled: batches of two rows or more, without and with labels, of different sizes.
        file: `model.onnx`.

    Returns:
        what the graph does not tell.

    Raises:
        ExtraError: a package of the extra `onnx` is not installed.
        RunError: torch can not trace the model or its head, or it lost the attention.
    """
    for module in extras.EXTRAS["onnx"]:
        extras.need(module, extra="onnx", feature="export to ONNX")
    if getattr(model, "_supports_sdpa", False):
        model.set_attn_implementation("sdpa")
    one, other = tensors(plain[0]), tensors(labelled[0])
    with torch.inference_mode():
        names = [list(Graph(model, head, None)(batch)) for batch in (one, other)]
    both = set(names[0]) != set(names[1])
    extra = [name for name in other if name not in one] if both else None
    graph = Graph(model, head, extra)
    program = _trace(graph, other if both else one, names[0] + [name for name in names[1] if name not in names[0]])
    nodes = Counter(node.op_type for node in program.model_proto.graph.node)
    if model.config._attn_implementation == "sdpa" and not nodes["Attention"]:
        what = f"no attention was found in the graph of {model.config.model_type}"
        raise RunError.at("export", what, "use the versions of torch and onnxscript that bertkit is tested with")
    size = sum(tensor.nbytes for tensor in graph.state_dict().values())
    program.save(str(file), external_data=size > LARGEST)
    fillers = {name: _filler(name, labelled) for name in extra or ()}
    return Exported(max_tokens=position_limit(model), outputs=names[0], labelled=names[1], fillers=fillers)


def _trace(graph: Graph, batch: dict[str, torch.Tensor], outputs: Sequence[str]) -> Any:
    """The graph, with any size for each dimension whose size is not part of the model."""
    sizes = {name: dict.fromkeys(range(one.dim()), torch.export.Dim.AUTO) for name, one in batch.items()}
    try:
        with _quiet(), torch.no_grad():
            return torch.onnx.export(
                graph, (), kwargs={"batch": batch},
                input_names=list(batch), output_names=[REDUCED + name for name in outputs],
                dynamic_shapes={"batch": sizes}, opset_version=OPSET, dynamo=True, verbose=False,
                custom_translation_table={torch.ops.aten.sort.stable: _stable_sort},
            )  # fmt: skip
    except torch.onnx.errors.OnnxExporterError as error:
        what = f"{type(graph.head).__name__} or its model can not be traced: {_reason(error)}"
        todo = "shapes in `reduce` must not depend on the values of a batch"
        raise RunError.at("export", what, todo) from error


def _stable_sort(self: Any, stable: bool | None = None, dim: int = -1, descending: bool = False) -> Any:
    """`Tensor.sort(stable=True)`, which onnxscript does not have. Of equal values TopK takes the lower index first."""
    from onnxscript import opset23

    op: Any = opset23  # its type hints know no graph
    size = op.Gather(op.Shape(self), op.Constant(value_ints=[dim]))
    return op.TopK(self, size, axis=dim, largest=descending, sorted=True)


def _filler(name: str, batches: Sequence[Batch]) -> Filler:
    """Each dimension of an input as that of an input that every batch has, equal in all of these batches."""
    values = [arrays(batch) for batch in batches]
    shape: list[int | SizeOf] = []
    for axis in range(values[0][name].ndim):
        sizes = [value[name].shape[axis] for value in values]
        known = [
            SizeOf(input=other, axis=place)
            for other in values[0]
            if other != name
            for place in range(values[0][other].ndim)
            if [value[other].shape[place] for value in values] == sizes
        ]
        shape.append(known[0] if known else sizes[0])
    return Filler(dtype=str(values[0][name].dtype), shape=shape)


def _reason(error: BaseException) -> str:
    """The innermost cause, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's own progress and warnings, which are about torch's code."""
    loggers = [logging.getLogger(name) for name in ("torch", "torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
