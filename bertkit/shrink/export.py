"""`bertkit export`: a Run whose model is a graph for ONNX Runtime, made from a trained one and proven against it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.engine.backends.onnx import ABOUT, CONSTANTS, MODEL
from bertkit.errors import RunError
from bertkit.fs import folder_aside, settle, write_json
from bertkit.inference.predictor import Predictor
from bertkit.run import Run
from bertkit.tasks.task import Rows

EXAMPLES = 8
"""Examples with which the graph is traced."""


def export(run: Run, output: Path, rows: Rows) -> Run:
    """A Run whose model is an ONNX graph.

    Args:
        rows: with answers, to trace the graph with.
    """
    if run.backend != "torch":
        raise RunError.at(str(run.path), "is an exported Run already", "name the Run that it was made from")
    Run(output).check_free()
    predictor = Predictor.open(run, needs=["transformers"])
    with folder_aside(output) as folder:
        derived = run.derive(folder, kind="export", backend="onnx")
        _write_graph(predictor, rows, derived.model)
        settle(derived.model)
        derived.seal()
        write_json(derived.metrics_file, run.metrics)
    finished = Run(output)
    if finished.local_file.is_file():
        finished.local_file.chmod(0o600)
    finished.allow_code()
    return finished


def _write_graph(predictor: Predictor, rows: Rows, folder: Path) -> None:
    """The graph with all that the backend and the tokenizer need, in a model folder."""
    from bertkit.engine import padding_free
    from bertkit.shrink.onnx_graph import export as write

    backend: Any = predictor.backend
    padding_free.release(backend.model)
    folder.mkdir()
    plain = _batches(predictor, predictor.task.tiny_rows(), answers=False)
    labelled = _batches(predictor, rows, answers=True)
    about = write(backend.model, predictor.task.head, plain, labelled, folder / MODEL)
    (folder / ABOUT).write_text(about.model_dump_json(indent=2) + "\n", "utf-8")
    if constants := backend.constants:
        np.savez(folder / CONSTANTS, **constants)
    backend.model.config.save_pretrained(folder)
    predictor.tokenizer.save_pretrained(folder)


def _batches(predictor: Predictor, rows: Rows, *, answers: bool) -> list[dict[str, Any]]:
    """Two batches of different sizes, neither of them with one example."""
    encoded = predictor.task.encode(rows, predictor.tokenizer, predictor.limit, answers=answers)
    examples: Sequence[dict[str, Any]] = [encoded.examples[i % len(encoded.examples)] for i in range(EXAMPLES)]
    return [predictor.collate(list(examples[:EXAMPLES])), predictor.collate(list(examples[1 : EXAMPLES // 2]))]
