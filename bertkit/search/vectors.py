"""Vectors of queries and documents by any task whose answers have them (a column `vector`).

A task may put another text before documents than before queries (`Codec.for_documents`). Vectors have length 1 here, so
products are cosines. A document that is read in windows has one vector: its task says how those of its windows are
combined.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import ModelError, RecipeError
from bertkit.inference.predictor import Predictor
from bertkit.inference.vectors import fit_overlap
from bertkit.search.exact import unit
from bertkit.search.kept import Kept, Work
from bertkit.tasks.task import Answer, Task

Array = NDArray[Any]

VECTOR = "vector"


def check_vectors(predictor: Predictor, name: str) -> None:
    """Raise a ModelError for a model whose task gives no vectors of single texts."""
    inputs = [column.name for column in predictor.task.columns if column.required and not column.answer]
    if VECTOR not in predictor.task.answer_columns or inputs != ["text"]:
        what = f"its task {predictor.recipe.task} gives no vectors of texts"
        raise ModelError.at(name, what, "name a Run of bertkit train embed, or a model of sentence-transformers")


def in_windows(task: Task) -> Task:
    """The task reading long texts in windows.

    Raises:
        RecipeError: it can not.
    """
    kind: Any = type(task.options)
    if "long_text" not in kind.model_fields:
        raise RecipeError.at("--windows", f"{type(task).__name__} reads no text in windows", "leave it out")
    options = kind.model_validate({**task.options.model_dump(exclude_unset=True), "long_text": "windows"})
    return type(task)(options, task.state)


def for_documents(predictor: Predictor, *, windows: bool = False) -> Predictor:
    """The predictor as it reads documents, long ones in windows or as its options say."""
    found = predictor.with_task(predictor.task.for_documents())
    return windowed(found) if windows else found


def windowed(predictor: Predictor) -> Predictor:
    """The predictor reading long texts in windows, whose overlap fits where its options did not ask for windows."""
    found = predictor.with_task(in_windows(predictor.task))
    if getattr(predictor.task.options, "long_text", None) != "windows":
        fit_overlap(found)
    return found


def vectors(predictor: Predictor, texts: Sequence[str], folder: Path | None, identity: Any, label: str) -> Kept:
    """The vectors `(text, size)` of length 1, to be computed.

    Args:
        folder, identity, label: see `Kept` and `Work`.
    """
    reads = [predictor.task.options.model_dump(mode="json"), predictor.task.state]
    work = Work(predictor, partial(vectors_of, predictor.task), [identity, reads, VECTOR], label)
    return Kept(work, [{"text": text} for text in texts], folder)


def vectors_of(task: Task, answers: Sequence[Answer]) -> Array:
    """The vectors of answers, `(row, size)` with length 1.

    Raises:
        ModelError: vectors with NaN or infinity.
    """
    found = np.array([task.to_columns(answer)[VECTOR] for answer in answers], dtype=np.float32)
    if not np.isfinite(found).all():
        raise ModelError.at("vectors", "some hold NaN or infinity", "the model may have diverged: train it again")
    return unit(found)
