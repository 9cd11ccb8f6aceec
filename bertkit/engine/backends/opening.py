"""Opens the backend of a model, by the name that `run.json` has for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from bertkit import processes
from bertkit.engine.backends.backend import Precision
from bertkit.engine.backends.static import StaticBackend
from bertkit.errors import Parameter, RunError, did_you_mean
from bertkit.warn import warn

if TYPE_CHECKING:
    import torch

    from bertkit.engine.backends.backend import Backend
    from bertkit.engine.backends.onnx import OnnxBackend
    from bertkit.engine.backends.torch import TorchBackend
    from bertkit.recipe.schema import ModelBlock
    from bertkit.tasks.head import Head

PRECISIONS = get_args(Precision)


class Placement(NamedTuple):
    """Where a model computes, and how exactly.

    Args:
        device: as torch names it (`cpu`, `cuda:1`); None: one GPU per process, else the CPU.
        precision: of the encoder; heads compute in float32.
    """

    device: str | None = None
    precision: Precision = "float32"

    def check(self) -> None:
        """Raise a RunError for a precision that does not exist."""
        if self.precision not in PRECISIONS:
            todo = did_you_mean(self.precision, PRECISIONS)
            raise RunError.at(Parameter("precision"), f"{self.precision}: no such value", todo)


def torch_backend(head: Head, block: ModelBlock, place: Placement) -> TorchBackend:
    """A head's model, loaded by transformers."""
    from bertkit.engine.backends.torch import TorchBackend, open_model

    model: Any = open_model(head, block)
    return TorchBackend(model.to(_device(place)).eval(), head, place.precision)


def of_run(head: Head, block: ModelBlock, place: Placement) -> TorchBackend:
    """As `torch_backend`, but without transformers, whose import takes seconds, where engine/bert has the model."""
    from bertkit.engine.backends.torch import BertBackend
    from bertkit.engine.bert.model import open_bert

    if (model := open_bert(head, block)) is None:
        return torch_backend(head, block, place)
    return BertBackend(model.to(_device(place)), head, place.precision)


def _device(place: Placement) -> torch.device:
    import torch

    from bertkit.engine.precision import is_fast

    card = f"cuda:{processes.local_rank()}" if torch.cuda.is_available() else "cpu"
    device = torch.device(place.device or card)
    if not is_fast(device, place.precision):
        warn(f"--precision {place.precision}: this processor has no instructions for it; float32 is faster")
    return device


def onnx_backend(head: Head, block: ModelBlock, place: Placement) -> OnnxBackend:
    """A head's exported graph. It runs on the processor, in the precision of its export.

    Raises:
        RunError: another device or precision is asked for.
    """
    from bertkit.engine.backends.onnx import OnnxBackend

    if place.device not in (None, "cpu"):
        todo = "leave the device out, or name the Run that it was exported from: torch is faster there"
        raise RunError.at(str(block.name), f"an ONNX Run does not run on {place.device}", todo)
    check_as_it_is(str(block.name), place)
    return OnnxBackend(Path(str(block.name)), head)


def static_backend(head: Head, block: ModelBlock, place: Placement) -> StaticBackend:
    """A head's table of vectors. It is read by the processor, whatever the device.

    Raises:
        RunError: another precision is asked for.
    """
    check_as_it_is(str(block.name), place)
    return StaticBackend(Path(str(block.name)), head)


def check_as_it_is(model: str, place: Placement) -> None:
    """Raise a RunError for another precision than that of an exported model."""
    if place.precision != "float32":
        what = f"an exported model has its own precision, not {place.precision}"
        raise RunError.at(model, what, "leave --precision out, or name the Run that it was exported from")


BACKENDS: dict[str, Callable[[Head, ModelBlock, Placement], Backend]] = {
    "torch": of_run,
    "onnx": onnx_backend,
    "static": static_backend,
}
"""Name in `run.json` -> function that opens a head's model."""
