"""Which models on which devices, and which rows per call and lengths: checked, then measured."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bertkit.engine.backends.opening import Placement
from bertkit.errors import DataError, Parameter, RecipeError
from bertkit.inference.checkpoint import Checkpoint, guess, is_table, names_checkpoint
from bertkit.inference.predictor import Predictor
from bertkit.run import Run
from bertkit.understand.speed.measure import BUSY, Cell, CellTimes, Contender, measure

log = logging.getLogger("bertkit")

LENGTHS = (16, 64, 256)
BATCHES = (1, 8, 32)
ALL = "all"
MOST_TOKENS = 2**20
"""Of a call: more take minutes, and gigabytes for their rows alone."""


@dataclass(frozen=True)
class SpeedOptions:
    """What is measured."""

    batches: Sequence[int] = BATCHES
    """Rows per call."""
    lengths: Sequence[int] | None = None
    """Tokens per row; None: those of LENGTHS that all models take. All are checked before the first is measured."""
    seconds: float = 1.0
    """For the calls of each model with each pair of these."""
    device: str = ALL
    precision: Any = "float32"
    task: str | None = None
    """Of checkpoints whose configuration does not tell it."""


@dataclass
class Speeds:
    """What was measured."""

    contenders: list[Contender]
    times: list[CellTimes]
    notes: list[str]


def speed(
    models: Sequence[str],
    options: SpeedOptions,
    *,
    trust_code: bool = False,
    progress: Callable[[list[Any]], Iterable[Any]] = iter,
) -> Speeds:
    """Measure models.

    Args:
        models: Runs, exported Runs, and checkpoints.
        progress: iterates over the pairs of rows per call and tokens.

    Raises:
        BertkitError: a model that can not be opened, or rows that it can not take.
    """
    Placement(None, options.precision).check()
    devices = _devices(options.device)
    contenders = [one for model in models for one in _opened(model, devices, options, trust_code=trust_code)]
    _name_apart(contenders)
    if options.precision != "float32" and all(one.precision != options.precision for one in contenders):
        todo = "leave it out, or name a Run of torch too"
        raise RecipeError.at(Parameter("precision"), f"{options.precision}: no model here has a choice", todo)
    cells, notes = _cells(contenders, options)
    _check_size(cells)
    times = [
        found
        for (cell,) in progress([[cell] for cell in cells])
        for found in measure(contenders, cell, options.seconds)
    ]
    busy = [one for one in times if one.spread > BUSY]
    if busy:
        worst = max(one.spread for one in busy)
        log.warning(
            "other work may have disturbed %d of %d measurements: rounds of one differ by up to %.0f%%",
            *(len(busy), len(times), 100 * worst),
        )
    return Speeds(contenders, times, notes)


def _devices(device: str) -> list[str]:
    """The devices that are asked for."""
    import torch

    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    known = ["cpu", *(f"cuda:{number}" for number in range(cards))]
    if device == ALL:
        return known[:2]
    wanted = "cuda:0" if device == "cuda" else device
    if wanted not in known:
        raise RecipeError.at(Parameter("device"), f"{device}: no such device here", f"there is {', '.join(known)}")
    return [wanted]


def _opened(model: str, devices: Sequence[str], options: SpeedOptions, *, trust_code: bool) -> list[Contender]:
    """A model on each device that it runs on."""
    if Run(model).is_begun or not names_checkpoint(model):
        run = Run.open(model, trust_code=trust_code)
        if options.task:
            raise RecipeError.at(Parameter("task"), f"{model} is a Run, which has its own task", "leave it out")
        found = []
        for device in devices if run.backend == "torch" else _processor(devices):
            precision: Any = options.precision if run.backend == "torch" else "float32"
            predictor = Predictor.open(run, device=device, precision=precision)
            found.append(Contender(run.name, device, _precision(run, precision), predictor))
        return found
    table = is_table(model)
    recipe = None if table and not options.task else guess(model, options.task or "", todo="")
    found = []
    for device in _processor(devices) if table else devices:
        precision = "float32" if table else options.precision
        adopted = Checkpoint.adopt(model, recipe, device=device, precision=precision)
        found.append(Contender(model.rstrip("/").rpartition("/")[2], device, precision, adopted))
    return found


def _processor(devices: Sequence[str]) -> Sequence[str]:
    """Where an exported model runs: on the processor; where only a GPU is asked for, opening it says so."""
    return ["cpu"] if "cpu" in devices else devices


def _precision(run: Run, precision: str) -> str:
    """The precision of a torch Run, or how another one was exported."""
    if run.backend == "torch":
        return precision
    about: dict[str, Any] = run.metrics.get("export") or {}
    return f"{run.backend} {about.get('precision', '')}".strip()


def _name_apart(contenders: Sequence[Contender]) -> None:
    """Number models of one name on one device."""
    seen: dict[tuple[str, str], int] = {}
    for one in contenders:
        key = (one.name, one.device)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            one.name = f"{one.name} ({seen[key]})"


def _cells(contenders: Sequence[Contender], options: SpeedOptions) -> tuple[list[Cell], list[str]]:
    """The pairs to measure, and what is to be said of them."""
    if own := [one.name for one in contenders if not one.maker.filled]:
        names = ", ".join(dict.fromkeys(own))
        note = f"{names}: no texts can be made for its columns, so all models answer their task's own rows"
        if options.lengths is not None:
            raise RecipeError.at(Parameter("lengths"), note, "leave it out")
        return [Cell(batch, None) for batch in options.batches], [note]
    lengths: list[int] = []
    notes: list[str] = []
    for length in LENGTHS if options.lengths is None else options.lengths:
        try:
            for one in contenders:
                _check_length(one, length)
        except DataError as error:
            if options.lengths is not None:
                raise
            notes.append(f"not measured: {error.problems[0].reason}")
        else:
            lengths.append(length)
    if not lengths:
        notes.append("all models answer their task's own rows")
    rows: Sequence[int | None] = lengths or [None]
    return [Cell(batch, length) for length in rows for batch in options.batches], notes


def _check_size(cells: Sequence[Cell]) -> None:
    """Raise a DataError where a call has too many tokens."""
    for batch, length in cells:
        if batch * (length or 1) > MOST_TOKENS:
            what = f"{batch}: rows of {length} tokens" if length else f"{batch}: rows"
            raise DataError.at(
                Parameter("batch_sizes"), f"{what} are more than {MOST_TOKENS:,} tokens in a call", "name fewer"
            )


def _check_length(one: Contender, length: int) -> None:
    """Raise a DataError where rows of a model can not have so many tokens."""
    most = one.predictor.limit * one.maker.texts
    if length > most and not (length <= MOST_TOKENS and one.maker.windows):
        what = f"{length}: {one.name} takes at most {most} tokens"
        raise DataError.at(Parameter("lengths"), what, "name a shorter one")
    one.maker.rows(length, 1)
