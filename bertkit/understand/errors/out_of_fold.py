"""Out-of-fold answers: each row is answered by a model that has trained on the other folds alone, by the Run's recipe.

A tenth of a fold's training rows is held out of it: these rows choose the checkpoint, tune the task's thresholds and
the temperature. Rows of the validation and test splits are never trained on; each is answered by the model of its fold,
so that all answers of a pool are of one kind. A finished fold is kept, and so are the checkpoints of one that was
stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import BaseModel

from bertkit.data.read.folders import visible_files
from bertkit.engine.examples import rows_of
from bertkit.engine.run import Progress
from bertkit.errors import DataError, RunError, Stopped
from bertkit.files.json_file import read_json
from bertkit.files.manifest import sha256
from bertkit.fs import write_json, written_aside
from bertkit.inference.predictor import Predictor
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.run import Run
from bertkit.tasks.task import Encoded, Task
from bertkit.understand.errors.folds import Numbers, held_out
from bertkit.understand.errors.judges.judge import Belief, FoldAnswers, Judge
from bertkit.understand.errors.pool import TRAIN, Pool

log = logging.getLogger("bertkit")

PLAN = "plan.json"


class RowOutcome(NamedTuple):
    """How the model of its fold answered a row."""

    score: float
    """See `Verdict.score`; nan: single rows are not right or wrong."""
    predicted: str
    confidence: float | None


@dataclass(frozen=True)
class FoldPlan:
    """Which rows each model trains on, holds out and answers."""

    pool: Pool
    groups: Numbers
    folds: Numbers
    """`(row,)`."""
    seed: int

    @property
    def count(self) -> int:
        return int(self.folds.max()) + 1

    @property
    def trained(self) -> np.ndarray:
        """`(row,)`: whether a row may be trained on."""
        return np.array([split == TRAIN for split in self.pool.splits])

    def own(self, fold: int) -> Numbers:
        """The rows that a fold's model answers."""
        return np.flatnonzero(self.folds == fold)

    def held(self, fold: int) -> Numbers:
        """The rows that are held out of a fold's training.

        Raises:
            DataError: no two groups of rows are left to train on.
        """
        rows = np.flatnonzero((self.folds != fold) & self.trained)
        if len(np.unique(self.groups[rows])) < 2:
            what = f"only {len(rows)} training rows are left without fold {fold + 1}"
            raise DataError.at("data.train", what, "errors are found in files of hundreds of rows")
        return held_out(self.groups, rows, [self.seed, fold])

    def train(self, fold: int) -> Numbers:
        """The rows that a fold's model is trained on."""
        rows = np.flatnonzero((self.folds != fold) & self.trained)
        return rows[~np.isin(rows, self.held(fold))]


@dataclass
class OutOfFold:
    """What is known of each row of a pool from a model that has not trained on it."""

    beliefs: list[Belief]
    outcomes: list[RowOutcome]
    folds: list[int] = field(default_factory=list)
    """Those that were kept from before, from 1."""


AnswerFold = Callable[[int], tuple[list[Belief], list[RowOutcome]]]
"""Trains a fold and answers its rows."""


class _Plan(BaseModel):
    identity: str
    folds: int


def out_of_fold(plan: FoldPlan, identity: str, folder: Path, answer: AnswerFold) -> OutOfFold:
    """The answers of all folds; each is kept in the folder once it is finished.

    Args:
        identity: a hash of all that the answers depend on.
        answer: of one fold.

    Raises:
        RunError: the folder has folds of something else.
        Stopped: a training was stopped; its fold goes on when this is called again.
        BertkitError: a fold that can not be trained.
    """
    _check(folder, identity, plan)
    beliefs: list[Belief] = [Belief(np.zeros((0, 0)))] * len(plan.pool)
    outcomes: list[RowOutcome] = [RowOutcome(np.nan, "", None)] * len(plan.pool)
    kept = []
    for fold in range(plan.count):
        file = folder / f"fold-{fold + 1}.npz"
        rows = plan.own(fold)
        if (read := _read(file, len(rows))) is not None:
            kept.append(fold + 1)
            log.info("fold %d of %d: kept from before", fold + 1, plan.count)
        else:
            log.info("fold %d of %d: trains without %s rows, and answers these", fold + 1, plan.count, f"{len(rows):,}")
            read = answer(fold)
            _write(file, *read)
            shutil.rmtree(folder / f"fold-{fold + 1}", ignore_errors=True)
        for row, belief, outcome in zip(rows.tolist(), *read, strict=True):
            beliefs[row], outcomes[row] = belief, outcome
    return OutOfFold(beliefs, outcomes, kept)


def identity_of(plan: FoldPlan, recipe: Recipe, quick: bool, code: Path | None = None) -> str:
    """A hash of all that out-of-fold answers depend on: rows, folds, recipe, the weights that each fold starts from,
    the user's own code, and how they are made.

    Args:
        code: the folder of a Run's code, which need not be there.
    """
    from bertkit.training.parts import model_identity

    digest = hashlib.sha256()
    values = recipe.model_dump(mode="json", exclude={"data"})
    files = visible_files(code) if code and code.is_dir() else []
    hashes = [[file.name, sha256(file)] for file in files]
    parts = [values, plan.seed, plan.count, quick, model_identity(recipe), hashes]
    digest.update(json.dumps(parts, sort_keys=True, default=str).encode())
    for row, split in enumerate(plan.pool.splits):
        digest.update(f"{split} {plan.folds[row]} {plan.pool.identity(row)}\n".encode())
    return digest.hexdigest()


def train_fold(run: Run, plan: FoldPlan, judge: Judge, folder: Path, progress: Progress = iter) -> AnswerFold:
    """A function that trains the Run's recipe without a fold, and answers its rows with calibrated beliefs."""

    def answer(fold: int) -> tuple[list[Belief], list[RowOutcome]]:
        from bertkit.training.train import train

        place = folder / f"fold-{fold + 1}"
        data = {"train": plan.train(fold), "validation": plan.held(fold)}
        rows = {name: [_plain(plan.pool, row) for row in numbers.tolist()] for name, numbers in data.items()}
        try:
            made = train(fold_recipe(run, plan.pool), data=rows, output=place, resume=True)
        except Stopped as stop:
            what = stop.problems[0].reason
            raise Stopped.at(f"fold {fold + 1} of {plan.count}", what, "the same command goes on with it") from stop
        predictor = Predictor.open(made)
        held, own = plan.held(fold), plan.own(fold)
        of_held = judge.beliefs(answered(predictor, plan.pool, held, progress))
        of_own = answered(predictor, plan.pool, own, progress)
        beliefs = judge.beliefs(of_own)
        if not beliefs:
            what = f"the answers of {run.recipe.task} tell no probabilities"
            raise RunError.at("errors", what, "its Task needs `candidates` (bertkit/tasks/codec.py)")
        return judge.calibrated(of_held, held.tolist(), beliefs), outcomes_of(of_own)

    return answer


def fold_recipe(run: Run, pool: Pool) -> Recipe:
    """The Run's recipe for rows in memory: with all labels of the pool, and with what the Run settled on where an
    option says `auto`, so that all folds have the same outputs."""
    recipe, state = run.recipe, run.task_state
    settled = {
        name: state[name]
        for name in type(_options(run)).model_fields
        if name in state and getattr(_options(run), name) == "auto"
    }
    known = state.get("labels") or []
    names = pool.label_names if pool.answer.kind in ("label", "labels") else None
    if names and set(names) == set(known):
        names = known
    block = recipe.data
    data = DataBlock(
        label_names=names, label_separator=block.label_separator, allow_empty=block.allow_empty,
        max_characters=max(block.max_characters, 2**31 - 1),
    )  # fmt: skip
    update = {"data": data, "options": {**recipe.options, **settled}, "train": {**recipe.train, "report_to": "none"}}
    return recipe.model_copy(update=update)


def answered(predictor: Predictor, pool: Pool, numbers: Numbers, progress: Progress = iter) -> FoldAnswers:
    """Rows of a pool, answered. Examples that take tokens of neighbouring rows (`Codec.margin`) take those of the
    pool."""
    task = predictor.task
    rows = [pool.rows[number] for number in numbers.tolist()]
    if task.margin(predictor.limit):
        whole = predictor.prepare(pool.rows).encoded
        place = {number: i for i, number in enumerate(numbers.tolist())}
        owners = rows_of(whole.examples)
        own = [i for i, owner in enumerate(owners.tolist()) if owner in place]
        examples = [{**whole.examples[i], "row": place[int(owners[i])]} for i in own]
        encoded: Encoded = replace(whole, examples=sorted(examples, key=lambda example: example["row"]))
    else:
        encoded = predictor.prepare(rows).encoded
    outputs, _ = predictor.compute(predictor.backend, encoded.examples, predictor.collate, progress=progress)
    return FoldAnswers(task, outputs, encoded, task.decode(outputs, encoded, rows), rows)


def outcomes_of(answered: FoldAnswers) -> list[RowOutcome]:
    """How each row was answered."""
    verdicts = answered.task.verdicts(answered.answers, answered.rows)
    if not verdicts:
        return [RowOutcome(np.nan, answered.task.to_text(answer), None) for answer in answered.answers]
    return [RowOutcome(float(one.score), one.predicted, one.confidence) for one in verdicts]


def _options(run: Run) -> Any:
    return _task(run).options


def _task(run: Run) -> Task:
    from bertkit.tasks.task import make_task

    return make_task(run.recipe, run.task_state)


def _plain(pool: Pool, number: int) -> dict[str, Any]:
    """A row as a program passes it: the task's columns."""
    return {column.name: pool.rows[number][column.name] for column in pool.columns}


def _check(folder: Path, identity: str, plan: FoldPlan) -> None:
    file = folder / PLAN
    folder.mkdir(parents=True, exist_ok=True)
    if file.is_file():
        known = read_json(file, _Plan, error=RunError, remedy="name a new folder")
        if known["identity"] != identity:
            what = "has folds of other rows, of another recipe or with other options"
            raise RunError.at(str(folder), what, "name a new folder with --output, or remove this one")
    else:
        write_json(file, {"identity": identity, "folds": plan.count})


def _write(file: Path, beliefs: Sequence[Belief], outcomes: Sequence[RowOutcome]) -> None:
    texts = {"texts": [belief.texts for belief in beliefs], "outcomes": [list(outcome) for outcome in outcomes]}
    blob = json.dumps(texts, ensure_ascii=False).encode("utf-8", "surrogatepass")
    values = np.concatenate([belief.values.ravel() for belief in beliefs]) if beliefs else np.zeros(0)
    shapes = np.array([belief.values.shape for belief in beliefs]).reshape(-1, 2)
    with written_aside(file) as aside, aside.open("wb") as stream:
        np.savez_compressed(stream, values=values, shapes=shapes, texts=np.frombuffer(blob, np.uint8))


def _read(file: Path, count: int) -> tuple[list[Belief], list[RowOutcome]] | None:
    """A fold that was finished before; None: there is none, or it is damaged and is trained again."""
    with contextlib.suppress(FileNotFoundError):
        try:
            with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as kept:
                values, shapes, blob = kept["values"], kept["shapes"], kept["texts"].tobytes()
            texts = json.loads(blob.decode("utf-8", "surrogatepass"))
            parts = np.split(values, np.cumsum(shapes.prod(1))[:-1])
            beliefs = [
                Belief(part.reshape(shape), own)
                for part, shape, own in zip(parts, shapes.tolist(), texts["texts"], strict=True)
            ]
            outcomes = [RowOutcome(*one) for one in texts["outcomes"]]
            if len(beliefs) == len(outcomes) == count:
                return beliefs, outcomes
        except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
            if isinstance(error, FileNotFoundError):
                raise
        log.warning("%s is damaged: the fold is trained again", file)
    return None
