"""A task's model as an ONNX graph: the parts of a batch in, the outputs of `Head.reduce` out.

torch's own exporter traces the model and the head's `reduce`, so a task of a user's own is exported as a built-in one.
At opset 23 with sdpa each layer's attention becomes one node `Attention`; an older opset, or eager attention, gives a
dozen small nodes per layer, which ONNX Runtime 1.32 does not fuse. A shape must not depend on what a batch holds.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from bertkit.engine.backends.onnx import ABOUT, CONSTANTS, MODEL, REDUCED, Exported, Filler, SizeOf
from bertkit.engine.backends.torch import open_model
from bertkit.engine.batches import arrays, tensors
from bertkit.engine.examples import Examples
from bertkit.engine.run import Collate
from bertkit.errors import RunError
from bertkit.inference.predictor import Predictor
from bertkit.models.build import position_limit
from bertkit.recipe.schema import ModelBlock
from bertkit.run import Run
from bertkit.shrink.quiet import quiet
from bertkit.tasks.head import Head

OPSET = 23
"""The first with a standard Attention."""
LARGEST = 2**31 - 2**24
"""Most bytes of weights in one file: protobuf's 2 GB, less room for the graph. Larger ones lie in a file beside it."""

EXAMPLES = 8
"""Examples with which the graph is traced."""
WEIGHTED = ("MatMul", "Gemm", "Gather")
"""Kinds of nodes that hold weights, and that can be computed in int8."""

Batch = dict[str, Any]


class Written(NamedTuple):
    """A graph that was written."""

    about: Exported
    attention: int
    """Its nodes of the kind `Attention`."""
    layers: dict[str, list[str]]
    """Name of a part of the model -> its nodes with weights, in the order of the graph."""


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


def write(model: Any, head: Head, plain: Sequence[Batch], labelled: Sequence[Batch], file: Path) -> Written:
    """Write a model as an ONNX graph.

    Args:
        model: see `Graph`.
        plain, labelled: batches of two rows or more, without and with labels, of different sizes.
        file: `model.onnx`.

    Raises:
        RunError: torch can not trace the model or its head, or it lost the attention.
    """
    if getattr(model, "_supports_sdpa", False):
        model.set_attn_implementation("sdpa")
    one, other = tensors(plain[0]), tensors(labelled[0])
    with torch.inference_mode():
        names = [list(Graph(model, head, None)(batch)) for batch in (one, other)]
    both = set(names[0]) != set(names[1])
    extra = [name for name in other if name not in one] if both else None
    graph = Graph(model, head, extra)
    program = _trace(graph, other if both else one, names[0] + [name for name in names[1] if name not in names[0]])
    attention = sum(node.op_type == "Attention" for node in program.model.graph)
    if model.config._attn_implementation == "sdpa" and not attention:
        what = f"no attention was found in the graph of {model.config.model_type}"
        raise RunError.at("export", what, "use the versions of torch and onnxscript that bertkit is tested with")
    layers = _layers(program.model)
    _forget_places(program.model)
    size = sum(tensor.nbytes for tensor in graph.state_dict().values())
    program.save(str(file), external_data=size > LARGEST)
    about = Exported(max_tokens=position_limit(model), outputs=names[0], labelled=names[1])
    return Written(
        about.model_copy(update={"fillers": {n: _filler(n, labelled) for n in extra or ()}}), attention, layers
    )


def _trace(graph: Graph, batch: dict[str, torch.Tensor], outputs: Sequence[str]) -> Any:
    """The graph, with any size for each dimension whose size is not part of the model."""
    sizes = {name: dict.fromkeys(range(one.dim()), torch.export.Dim.AUTO) for name, one in batch.items()}
    try:
        with quiet(), torch.no_grad():
            return torch.onnx.export(
                graph, (), kwargs={"batch": batch},
                input_names=list(batch), output_names=[REDUCED + name for name in outputs],
                dynamic_shapes={"batch": sizes}, opset_version=OPSET, dynamo=True, verbose=False,
                custom_translation_table={torch.ops.aten.sort.stable: _stable_sort},
            )  # fmt: skip
    except torch.onnx.errors.OnnxExporterError as error:
        what = f"{type(graph.head).__name__} or its model can not be traced: {_reason(error)}"
        todo = "sizes in `reduce` must be those of shapes, and not depend on values (docs/export.md)"
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


def _layers(model: Any) -> dict[str, list[str]]:
    """See `Written.layers`. A part holds what belongs together: query, key and value; the two halves of a feed-forward
    layer apart."""
    weights = {value.name for value in model.graph.initializers.values()}
    layers = defaultdict(list)
    for node in model.graph:
        if node.op_type in WEIGHTED and any(value is not None and value.name in weights for value in node.inputs):
            scopes = ast.literal_eval(node.metadata_props.get("pkg.torch.onnx.name_scopes", "['']"))
            path = [scope for scope in scopes if scope][-2:-1] or [node.name]
            layers[path[0].removeprefix("model.").rpartition(".")[0] or path[0]].append(node.name)
    return dict(layers)


def _forget_places(model: Any) -> None:
    """Remove where in whose Python files each node was traced: it names folders of this machine."""
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
        for value in node.outputs:
            value.metadata_props.clear()
    model.graph.metadata_props.clear()


def write_model(run: Run, source: Predictor, examples: Examples, folder: Path) -> Written:
    """The graph of a Run with all that the backend and the tokenizer need, in a new model folder.

    Args:
        source: the Run's predictor.
        examples: with labels; a few of them are traced.
    """
    task, tokenizer, collate = source.task, source.tokenizer, source.collate
    model: Any = open_model(task.head, ModelBlock(name=str(run.model), padding_free="off"))
    plain = task.encode(task.tiny_rows(), tokenizer, source.limit, answers=False).examples
    folder.mkdir()
    written = write(model.eval(), task.head, _batches(plain, collate), _batches(examples, collate), folder / MODEL)
    (folder / ABOUT).write_text(written.about.model_dump_json(indent=2) + "\n", "utf-8")
    if constants := task.head.constants(model):
        np.savez(folder / CONSTANTS, **constants)  # type: ignore[arg-type]
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return written


def _batches(examples: Examples, collate: Collate) -> list[Batch]:
    """Two batches of different sizes, neither of them with a single example."""
    some = [examples[number % len(examples)] for number in range(EXAMPLES)]
    return [collate(some), collate(some[: EXAMPLES // 2 - 1])]
