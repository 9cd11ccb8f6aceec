"""The ONNX Runtime backend: a model and its head's `reduce` as one graph on the processor. It needs no torch.

Model folder of an exported Run (written by shrink/export.py):

model.onnx      the graph: parts of a batch in, the outputs of `Head.reduce` out
export.json     what the graph does not tell: see `Exported`
constants.npz   `Head.constants`, if the head has any

ONNX Runtime pads, and is fastest on small batches: rows/s of 1,500 short questions in batches of 512 padded tokens
were 1.4 times those in batches of 4,096 (int8, one thread).
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from bertkit import extras
from bertkit.engine.backends.backend import Backend, Forward
from bertkit.engine.batches import arrays
from bertkit.engine.threads import workers_of
from bertkit.errors import RunError
from bertkit.files.json_file import read_json
from bertkit.fs import processor_threads

if TYPE_CHECKING:
    from bertkit.tasks.head import Head

MODEL, ABOUT, CONSTANTS = "model.onnx", "export.json", "constants.npz"
REDUCED = "reduced."
"""Before the name of an output in the graph, where inputs and outputs share one space of names."""


class SizeOf(BaseModel):
    """The size of a dimension of an input of the graph."""

    input: str
    axis: int


class Filler(BaseModel):
    """The zeros that stand for an input of the graph that a batch lacks."""

    dtype: str
    shape: list[int | SizeOf]


class Exported(BaseModel):
    """The content of `export.json`."""

    max_tokens: int
    outputs: list[str]
    """Outputs for a batch without labels."""
    labelled: list[str]
    """Outputs for a batch with labels."""
    fillers: dict[str, Filler] = {}
    """Inputs that only batches with labels have."""


class OnnxBackend(Backend):
    """The graph of an exported Run.

    Args:
        folder: the Run's model folder.
        head: the head that was exported.

    Raises:
        ExtraError: ONNX Runtime is not installed.
        RunError: the graph can not be used.
    """

    name = "onnx"
    tokens = 512

    def __init__(self, folder: Path, head: Head):
        super().__init__(head)
        self._runtime: Any = extras.need("onnxruntime", extra="onnx", feature=str(folder / MODEL))
        self._about = Exported(**read_json(folder / ABOUT, Exported, error=RunError, remedy="export the Run again"))
        self._constants = dict(np.load(folder / CONSTANTS)) if (folder / CONSTANTS).is_file() else {}
        self._folder, self._own, self._lock = folder, threading.local(), threading.Lock()
        self._most = processor_threads()
        self._alone, self._shared = self._opened(self._most), None
        self._inputs = [one.name for one in self._alone.get_inputs()]

    def _session(self) -> Any:
        """The graph: one for a caller that has all threads, and one for callers that share them."""
        if self.threads >= self._most:
            return self._alone
        with self._lock:
            self._shared = self._shared or self._opened(self._most - self._most // self.threads + 1)
        return self._shared

    def _opened(self, threads: int) -> Any:
        """Args: threads: of a caller, and those that all callers of this session have in common, for its life."""
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        file = self._folder / MODEL
        try:
            return self._runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base
            what = f"ONNX Runtime {self._runtime.__version__} can not load it: {_first_line(error)}"
            raise RunError.at(str(file), what, "install the ONNX Runtime that bertkit is tested with") from error

    @property
    def workers(self) -> int:
        return workers_of(self.threads)

    @property
    def threads(self) -> int:
        """At first, as many as torch takes."""
        return int(getattr(self._own, "threads", self._most))

    def use_threads(self, count: int) -> None:
        """Opens the second session where it is needed: then the graph is in memory twice."""
        self._own.threads = count
        self._session()

    @property
    def max_tokens(self) -> int:
        return self._about.max_tokens

    @property
    def constants(self) -> dict[str, np.ndarray]:
        return self._constants

    def forward(self, batch: dict[str, Any]) -> Forward:
        """Without a loss, even if the batch has labels: it is not in the graph."""
        given = arrays(batch)
        names = self._about.labelled if self.head.targets[0] in given else self._about.outputs
        feeds = {name: given[name] if name in given else self._filler(name, given) for name in self._inputs}
        try:
            outputs = self._session().run([REDUCED + name for name in names], feeds)
        except Exception as error:
            if "alloc" not in str(error):
                raise
            raise MemoryError(str(error)) from error
        return Forward({name: one.astype(np.float32, copy=False) for name, one in zip(names, outputs, strict=True)})

    def _filler(self, name: str, given: dict[str, np.ndarray]) -> np.ndarray:
        filler = self._about.fillers[name]
        shape = [size if isinstance(size, int) else given[size.input].shape[size.axis] for size in filler.shape]
        return np.zeros(shape, filler.dtype)


def _first_line(error: Exception) -> str:
    return f"{str(error).strip().splitlines()[0]:.200}"
