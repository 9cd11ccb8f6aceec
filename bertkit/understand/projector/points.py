"""Rows with their vectors, and the columns that points are coloured by.

Rows come from a file of vectors, as `bertkit embed` writes them, or are read and turned into vectors here. Where a Run
answers them, they get the columns `expected`, `predicted`, `correct` and `confidence` too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.data.stream import stream
from bertkit.engine.run import Progress
from bertkit.errors import BertkitError, DataError, Parameter
from bertkit.inference.coverage import text_of
from bertkit.inference.evaluate import read_rows
from bertkit.inference.predictor import Predictor
from bertkit.inference.vectors import VECTOR, Embedder, open_embedder
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.run import Run
from bertkit.tasks.task import Rows, Task
from bertkit.warn import warn

log = logging.getLogger("bertkit")

FILES = (".npy", ".parquet", ".jsonl")
"""Endings of files of vectors."""
TEXT = "text"


@dataclass(frozen=True)
class Points:
    """Rows with vectors `(row, size)`, and their columns by name."""

    vectors: np.ndarray
    columns: dict[str, list[Any]]


def of_file(file: str, rows: str | None, limit: int | None) -> Points:
    """Vectors of a file of `bertkit embed`, with its other columns or those of another file of the same rows.

    Args:
        rows: a file with a row for each vector.
        limit: take the first so many.

    Raises:
        DataError: no vectors, vectors of several sizes, or another number of rows.
    """
    path = Path(file)
    if path.suffix == ".npy":
        found = _array(path)
        columns: dict[str, list[Any]] = {}
    else:
        values = [one.values for one in _stream(file, limit)]
        if missing := sum(VECTOR not in row for row in values) or not values:
            what = f"{missing} rows have no column {VECTOR}" if values else "no rows"
            raise DataError.at(file, what, "write one with bertkit embed")
        found = _stacked(file, [row[VECTOR] for row in values])
        columns = _columns([{key: value for key, value in row.items() if key != VECTOR} for row in values])
    found = found[:limit]
    if rows is not None:
        others = [one.values for one in _stream(rows, limit)]
        if len(others) != len(found):
            what = f"{len(others):,} rows, and {file} has {len(found):,} vectors"
            raise DataError.at(rows, what, "give the rows that the vectors were made of")
        columns = {**columns, **_columns(others)}
    return Points(found.astype(np.float32), columns)


def _array(path: Path) -> np.ndarray:
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError.at(str(path), f"is no array: {error}"[:200], "write one with bertkit embed") from error
    if found.ndim != 2 or found.dtype.kind not in "fiu" or not found.size:
        raise DataError.at(str(path), f"has the shape {found.shape} of {found.dtype}", "expected (row, size) numbers")
    return np.unpackbits(found, axis=1) if found.dtype == np.uint8 else found


def _stacked(file: str, vectors: Sequence[Any]) -> np.ndarray:
    sizes = {len(one) if isinstance(one, (list, np.ndarray)) else -1 for one in vectors}
    try:
        found: np.ndarray | None = np.array(vectors, dtype=np.float32)
    except (ValueError, TypeError):
        found = None
    if found is None or found.ndim != 2 or not found.size:
        what = f"the column {VECTOR} holds no vectors of one size: {len(sizes)} sizes"
        raise DataError.at(file, what, "write them again with bertkit embed")
    return np.unpackbits(found.astype(np.uint8), axis=1) if _are_bits(found) else found


def _are_bits(vectors: np.ndarray) -> bool:
    """Whether vectors are those of `bertkit embed --dtype binary`, eight dimensions a number: int8 ends at 127."""
    return bool((vectors % 1 == 0).all() and vectors.min() >= 0 and 127 < vectors.max() <= 255)


def _stream(file: str, limit: int | None) -> Iterable[Any]:
    for one in islice(stream([file], (), DataBlock(), answers=False, keep_bad=True), limit):
        if one.problem is not None:  # rows and vectors would no longer belong together
            raise DataError(one.problem)
        yield one


def of_run(
    model: str, source: str | None, split: str | None, limit: int | None, *,
    sets: Sequence[str] = (), device: str | None = None, trust_code: bool = False, progress: Progress = iter,
) -> Points:  # fmt: skip
    """Vectors of rows by a Run or an encoder; of a Run also its answers.

    Args:
        source: rows; None: those of the Run's recipe.
        split: of the recipe; default: test where it names test data, else validation.

    Raises:
        BertkitError: no such model, or rows that can not be read.
    """
    if not Run(model).is_begun:
        if source is None:
            raise DataError.at("projector", f"{model} is no Run, which would name rows", "name a file as INPUT")
        embedder = open_embedder(model, None, sets, device=device, trust_code=trust_code)
        rows, columns = _of_source(source, embedder.predictor.task, embedder.block, limit)
        texts = [text_of(row, embedder.predictor.task.columns).strip() for row in rows]
        return Points(_vectors(embedder, texts, progress), columns)
    run = Run.open(model, trust_code=trust_code)
    predictor = Predictor.open(run, device=device)
    recipe = run.recipe_with(sets)
    rows, columns, known = _answerable(predictor.task, recipe, source, split, limit)
    answers = _answers(predictor, rows, known, progress)
    texts = [text_of(row, predictor.task.columns).strip() for row in rows]
    vectors = _vectors(open_embedder(run, device=device, trust_code=trust_code), texts, progress)
    shown = {TEXT: texts} if TEXT not in columns else {}
    named = {name if name not in columns else f"{name} ({recipe.task})": values for name, values in answers.items()}
    return Points(vectors, {**shown, **columns, **named})


def _answerable(
    task: Task, recipe: Recipe, source: str | None, split: str | None, limit: int | None
) -> tuple[list[dict[str, Any]], dict[str, list[Any]], bool]:
    """Rows with the task's columns, the columns to show, and whether the right answers are known."""
    if source is None:
        _, read = read_rows(task, recipe, split=split)
        return [dict(row) for row in islice(_each(read), limit)], {}, True
    if split is not None:
        raise DataError.at(Parameter("split"), "INPUT names the rows already", "leave one of them out")
    try:
        rows, columns = _of_source(source, task, recipe.data, limit, answers=True)
    except BertkitError as error:
        rows, columns = _of_source(source, task, recipe.data, limit)  # any other mistake is told here
        log.info("no answers to compare with: %s", error.problems[0])
        return rows, columns, False
    return rows, columns, True


def _each(rows: Rows) -> Iterable[dict[str, Any]]:
    return (rows[number] for number in range(len(rows)))


def _of_source(
    source: str, task: Task, block: DataBlock, limit: int | None, *, answers: bool = False
) -> tuple[list[dict[str, Any]], dict[str, list[Any]]]:
    taken = list(islice(_usable(source, task, block, answers=answers), limit))
    if not taken:
        raise DataError.at(source, "no rows", "name a file with rows")
    return [one.row for one in taken if one.row is not None], _columns([one.values for one in taken])


def _usable(source: str, task: Task, block: DataBlock, *, answers: bool) -> Iterator[Any]:
    """Rows up to the first that can not be used, which a reader tells after the last: a limit may end it before."""
    for one in stream([source], task.columns, block, answers=answers, keep_bad=block.bad_rows == "error"):
        if one.problem is not None:
            raise DataError(one.problem)
        if one.row:
            yield one


def _answers(predictor: Predictor, rows: list[dict[str, Any]], known: bool, progress: Progress) -> dict[str, list[Any]]:
    """What the Run says of the rows."""
    task = predictor.task
    hidden = {column.name for column in task.columns if column.answer and column.kind not in ("text", "texts")}
    bare = [{name: value for name, value in row.items() if name not in hidden} for row in rows]
    answers = predictor.answer(predictor.prepare(bare), progress=progress)
    verdicts = task.verdicts(answers, rows) if known else []
    if not verdicts:
        return {"predicted": [task.to_text(answer) for answer in answers]}
    columns: dict[str, list[Any]] = {
        "expected": [one.expected for one in verdicts],
        "predicted": [one.predicted for one in verdicts],
    }
    if all(0 <= one.score <= 1 for one in verdicts):
        names = {0.0: "no", 1.0: "yes"}
        columns["correct"] = [names.get(float(one.score), "partly") for one in verdicts]
    if any(one.confidence is not None for one in verdicts):
        columns["confidence"] = [one.confidence for one in verdicts]
    return columns


def _vectors(embedder: Embedder, texts: Sequence[str], progress: Progress) -> np.ndarray:
    predictor = embedder.predictor
    prepared = predictor.prepare([{TEXT: text} for text in texts])
    for warning in prepared.seen.warnings(predictor.task):
        warn(warning)
    answers = predictor.answer(prepared, progress=progress)
    return np.array([predictor.task.to_columns(answer)[VECTOR] for answer in answers], dtype=np.float32)


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows -> columns; a value that a row lacks is None."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
