"""How long a loader takes for a batch, in this process or in its workers: examples, tokenizing, building the batch.

A worker can not use this process's clock. It has a copy of it, and each batch carries the seconds that it took.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bertkit.understand.profile.clock import COLLATE, DATA, ENCODE, LOADING, PhaseClock

CARRIED = "profile_seconds"
"""Key of a batch for its number of examples and the seconds of a worker, `(1 + loading phase,)`."""
TOKENIZING = ("_encode_plus", "tokenize")
"""Methods of transformers' tokenizers that all others end in."""
BACKEND = "backend_tokenizer"


class TimedExamples(Sequence[Any]):
    """Examples, whose reading counts as `data`."""

    def __init__(self, examples: Any, clock: PhaseClock):
        self._examples, self._clock = examples, clock

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, number: Any) -> Any:
        self._clock.in_worker()
        with self._clock.phase(DATA):
            return self._examples[number]

    def __getitems__(self, numbers: list[Any]) -> list[Any]:
        """All examples of a batch, as torch's loader asks for them; one phase for all."""
        self._clock.in_worker()
        together = getattr(self._examples, "__getitems__", None)
        with self._clock.phase(DATA):
            return together(numbers) if together else [self._examples[number] for number in numbers]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._examples)

    def __getattr__(self, name: str) -> Any:
        """`lengths`, `rows` and so on of a lazy sequence (see `Encoded.examples`)."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._examples, name)


class TimedCollate:
    """The function of a loader that builds batches, which counts as `collate`."""

    def __init__(self, collate: Callable[[list[Any]], dict[str, Any]], clock: PhaseClock):
        self._collate, self._clock = collate, clock

    def __call__(self, examples: list[Any]) -> dict[str, Any]:
        import torch

        worker = self._clock.in_worker()
        with self._clock.phase(COLLATE):
            batch = self._collate(examples)
        spent = self._clock.take() if worker else dict.fromkeys(LOADING, 0.0)
        seconds = [float(len(examples)), *(spent[phase] for phase in LOADING)]
        return {**batch, CARRIED: torch.tensor(seconds, dtype=torch.float64)}


@contextlib.contextmanager
def tokenizing(tokenizer: Any, clock: PhaseClock) -> Iterator[None]:
    """In the block, whatever a tokenizer's class tokenizes counts as `encode`, whoever holds the tokenizer.

    A tokenizer that transformers did not make is not known: its time stays in the phase that calls it.
    """
    patched: list[tuple[type, str, Any]] = []
    for kind in type(tokenizer).__mro__[:-1]:
        for name in (*TOKENIZING, BACKEND):
            if (own := vars(kind).get(name)) is not None:
                patched.append((kind, name, own))
    try:
        for kind, name, own in patched:
            setattr(kind, name, _timed_backend(own, clock) if name == BACKEND else _timed(own, clock))
        yield
    finally:
        for kind, name, own in patched:
            setattr(kind, name, own)


def _timed(method: Any, clock: PhaseClock) -> Any:
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with clock.phase(ENCODE):
            return method(*args, **kwargs)

    return call


def _timed_backend(own: Any, clock: PhaseClock) -> Any:
    """A property that gives the library's own tokenizer, with its encoding timed."""
    return property(lambda tokenizer: _Backend(own.__get__(tokenizer), clock))


class _Backend:
    """A tokenizer of `tokenizers`, whose class can not be changed."""

    def __init__(self, backend: Any, clock: PhaseClock):
        self._backend, self._clock = backend, clock

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_backend", "_clock"):
            raise AttributeError(name)
        value = getattr(self._backend, name)
        return _timed(value, self._clock) if name.startswith("encode") and callable(value) else value
