"""A model that is served: its predictor, whose batches come from the queue of all requests.

`Served.predict` is for the event loop: texts are tokenised and answers decoded in threads, unless they are few and
short; the model computes in a thread of its device. `Served.queued` is a predictor for code that runs in a thread, as a
search does: its batches go through the same queue.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bertkit.engine.backends.backend import Backend
from bertkit.engine.examples import Examples, Outputs, lengths_of, rows_of
from bertkit.engine.run import run
from bertkit.errors import ModelError
from bertkit.inference.bulk.identity import hashes_of_run, model_of
from bertkit.inference.checkpoint import Checkpoint, guess, names_checkpoint
from bertkit.inference.predictor import Predictor, Prepared
from bertkit.inference.vectors import VECTOR, for_embedding
from bertkit.recipe.load import load
from bertkit.run import Run
from bertkit.serve.batcher import Batcher
from bertkit.serve.lane import Late
from bertkit.serve.served.threads import Deadline, Finished, Threads
from bertkit.serve.settings import ServeSettings
from bertkit.tasks.task import Answer

PROCESSOR_TOKENS = 1024
"""Of a batch of torch on a processor, where 1,024 to 16,384 are equally fast (engine/backends/torch.py), and more would
only keep others waiting."""
LEAST = 128
"""Tokens that are not divided among the workers of a processor. 32 clients with short texts, MiniLM on two cores: 96
gives 303 replies a second, 128 gives 310, 192 gives 296 (AMD EPYC, Zen 4)."""
FEW = 4
"""Examples whose answers are made on the event loop, a tenth of a millisecond each."""
SHORT = 512
"""Characters of a row that is tokenised on the event loop: a thread takes as long again, as threads run Python one at a
time."""
QUICK = 0.002
"""Seconds, in the mean of late, that this may take; a task that takes longer prepares its rows in a thread."""


class ModelLane:
    """A model as the batcher knows it (batcher.Lane); on each device the same model.

    Args:
        room: most tokens of a batch; None: see `PROCESSOR_TOKENS`.
    """

    def __init__(self, copies: Sequence[Predictor], threads: Threads, room: int | None):
        self.copies, self.threads = copies, threads
        backend = copies[0].backend
        self.pads = backend.name == "onnx"
        on_processor = getattr(getattr(backend, "device", None), "type", None) == "cpu"
        self.room = room or (min(backend.tokens, PROCESSOR_TOKENS) if on_processor else backend.tokens)
        for one in copies:
            one.backend.compile()
        self.preparing = 0.0
        """Seconds that a short row took to prepare, in the mean of late."""
        self._whole = threads.begin_with(backend.threads)
        backend.use_threads(self._whole)
        self.shares = backend.workers > 1
        self.workers = max(len(copies), backend.workers)
        self.least = LEAST if self.shares else self.room
        for worker in (1, 0):  # what a number of threads needs is opened now, not within a request
            backend.use_threads(self._threads(worker, 1))

    def _threads(self, worker: int, at_once: int) -> int:
        """Threads of a batch of a worker. All of them are for the first worker alone: where the threads that have ever
        computed for several are more than the cores, libgomp lets all of them sleep after each operation, and a short
        text takes twice the time."""
        return max(1, self._whole // ((self.workers if worker else at_once) if self.shares else 1))

    async def compute(self, worker: int, examples: Sequence[Any], at_once: int) -> list[Any]:
        """The outputs of each example, by name."""
        loop = asyncio.get_running_loop()
        predictor = self.copies[worker % len(self.copies)]
        count = self._threads(worker, at_once)
        return await loop.run_in_executor(self.threads.worker(worker), self._outputs, predictor, examples, count)

    def _outputs(self, predictor: Predictor, examples: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
        backend = predictor.backend
        backend.use_threads(count)  # of this thread, which computes for other models too
        room = max(self.room, max(map(_size, examples)) * len(examples))  # the batcher has made the batch already
        outputs, _ = run(backend, examples, predictor.collate, tokens=room)
        names = outputs.keys() - backend.constants.keys()
        return [{name: outputs[name][place] for name in names} for place in range(len(examples))]


def _size(example: dict[str, Any]) -> int:
    return len(example["input_ids"])


class RowReply(NamedTuple):
    """The answer to a row, and what the model has seen of it."""

    answer: Answer
    tokens: int
    windows: int
    cut: int
    """Tokens that the model has not seen."""


@dataclass(frozen=True)
class Served:
    """A model under a name.

    Args:
        identity: equal for equal models (`identity_of`).
        hash: of the identity, for people.
    """

    name: str
    source: str
    identity: str
    run: Run | None
    predictor: Predictor
    lane: ModelLane
    batcher: Batcher
    threads: Threads
    vectors: Predictor | None = field(default=None)
    """The predictor as `bertkit embed` reads texts, if the task's answers are vectors."""

    @property
    def hash(self) -> str:
        return self.identity[:16]

    async def predict(
        self, rows: Any, *, timeout: float | None, reading: Predictor | None = None
    ) -> tuple[Prepared, list[RowReply]]:
        """As `answer`, with the answers as they are."""
        return await self.answer(rows, lambda *found: found, timeout=timeout, reading=reading)

    async def answer(
        self,
        rows: Any,
        finish: Callable[[Prepared, list[RowReply]], Finished],
        *,
        timeout: float | None,
        reading: Predictor | None = None,
    ) -> Finished:
        """What is made of the answers to rows.

        Args:
            rows: see `Predictor.predict`.
            finish: makes it; of more than `FEW` examples in a thread, as a long reply must not stop the event loop.
            timeout: seconds for all of it.
            reading: a predictor with this model, with another task.

        Raises:
            DataError: rows that can not be used.
            Full, Closing, TooMuch, Late: see `Batcher.answer`.
        """
        predictor = reading or self.predictor

        def finished(results: list[dict[str, Any]], prepared: Prepared) -> Finished:
            return finish(prepared, replies_of(prepared, _decoded(predictor, results, prepared)))

        try:
            async with asyncio.timeout(timeout):
                prepared = await self._prepared(predictor, rows)
                results = await self._computed(prepared.encoded.examples, timeout)
                if len(results) <= FEW:  # a thread would take longer to begin than this takes
                    return finished(results, prepared)
                return await self.threads.finish(finished, results, prepared)
        except TimeoutError:
            raise Late from None

    async def _prepared(self, predictor: Predictor, rows: Any) -> Prepared:
        if not (_is_short(rows) and self.lane.preparing < QUICK):
            return await self.threads.work_on_texts(predictor.prepare, rows)
        start = time.perf_counter()
        prepared = predictor.prepare(rows)
        self.lane.preparing += (time.perf_counter() - start - self.lane.preparing) / 10
        return prepared

    async def _computed(self, examples: Examples, timeout: float | None) -> list[dict[str, Any]]:
        lengths = lengths_of(examples).tolist()
        return await self.batcher.answer(self.lane, list(examples), lengths, timeout=timeout)

    def queued(self, predictor: Predictor, deadline: Deadline) -> Predictor:
        """A predictor with this model, for code in a thread: its batches go through the queue, too.

        Args:
            deadline: after it, the thread ends at its next batch.
        """
        other = copy.copy(predictor)
        loop = asyncio.get_running_loop()

        def compute(backend: Backend, examples: Examples, *_: Any, **__: Any) -> tuple[Outputs, dict[str, float]]:
            work = asyncio.run_coroutine_threadsafe(self._computed(examples, deadline.left()), loop)
            return _outputs(work.result(), backend), {}

        other.compute = compute
        return other


def _is_short(rows: Any) -> bool:
    """Whether rows are one short row of nothing but texts. With several, tokenizers waits for threads that may have
    much to do."""
    if not isinstance(rows, list) or len(rows) != 1:
        return False
    row = rows[0]
    if isinstance(row, dict) and len(row) > FEW:
        return False
    texts = list(row.values()) if isinstance(row, dict) else [row]
    return all(isinstance(text, str) for text in texts) and sum(map(len, texts)) <= SHORT


def _decoded(predictor: Predictor, results: list[dict[str, Any]], prepared: Prepared) -> list[Answer]:
    if not prepared.rows:
        return []
    return predictor.task.decode(_outputs(results, predictor.backend), prepared.encoded, prepared.rows)


def _outputs(results: list[dict[str, Any]], backend: Backend) -> Outputs:
    """The outputs of examples, as `engine.run` gives them."""
    names = results[0] if results else ()
    return {name: [one[name] for one in results] for name in names} | backend.constants


def replies_of(prepared: Prepared, answers: list[Answer]) -> list[RowReply]:
    """Answers with what the model has seen of each row."""
    encoded = prepared.encoded
    owners = rows_of(encoded.examples).tolist()
    tokens, windows = [0] * len(answers), [0] * len(answers)
    for row, size in zip(owners, lengths_of(encoded.examples).tolist(), strict=True):
        tokens[row] += size
        windows[row] += 1
    windows = list(encoded.windows) or windows
    cut = list(encoded.lost) or [0] * len(answers)
    return [RowReply(*one) for one in zip(answers, tokens, windows, cut, strict=True)]


# --- opening ----------------------------------------------------------------------------------------------------------


def open_served(name: str, source: str, settings: ServeSettings, batcher: Batcher, threads: Threads) -> Served:
    """Open a model on all devices.

    Raises:
        RunError, ModelError, RecipeError: it can not be used.
    """
    copies = [_opened(source, settings, device) for device in (*settings.devices,) or (None,)]
    run, first = copies[0]
    lane = ModelLane([predictor for _, predictor in copies], threads, settings.batch_tokens)
    identity = digest(model_of(run, first))
    return Served(name, source, identity, run, first, lane, batcher, threads, _vectors(first))


def _opened(source: str, settings: ServeSettings, device: str | None) -> tuple[Run | None, Predictor]:
    if Run(source).is_begun or not names_checkpoint(source):
        run = Run.open(source, trust_code=settings.trust_code)
        return run, Predictor.open(run, device=device, precision=settings.precision)
    try:
        recipe = load(guess(source, "").model_dump(include={"task", "options"}))
    except ModelError:  # no task's: an encoder, which gives vectors, as `bertkit embed` takes it
        recipe = load(guess(source, "embed").model_dump(include={"task", "options"}))
    return None, Checkpoint.adopt(source, recipe, device=device, precision=settings.precision)


def _vectors(predictor: Predictor) -> Predictor | None:
    task = predictor.task
    inputs = [column.name for column in task.columns if column.required and not column.answer]
    if VECTOR not in task.answer_columns or inputs != ["text"]:
        return None
    return for_embedding(predictor)


def identity_of(source: str, settings: ServeSettings) -> str | None:
    """What a Run is now: equal for equal answers. None: no Run, which can not be told without being opened."""
    if not Run(source).is_begun:
        return None
    hashes = hashes_of_run(Run.open(source, trust_code=settings.trust_code))
    return digest(hashes | ({} if settings.precision == "float32" else {"precision": settings.precision}))


def digest(hashes: dict[str, str]) -> str:
    """One hash of several."""
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
