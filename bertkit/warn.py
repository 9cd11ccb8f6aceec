"""Warnings about data and results: logged at once, and kept for readers who never see the log.

`collect` keeps what is warned of within it: `metrics.json`, the report, the model card, `bench` and `compare` show it.
A message about the work alone (a signal, an incomplete checkpoint that is not used) is only logged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypedDict

log = logging.getLogger("bertkit")


class Warned(TypedDict):
    """A warning as `metrics.json` holds it."""

    split: str
    """What it is about: `train`, `validation`, `test`, a file that was scored; empty: the training as a whole."""
    message: str


_collecting: ContextVar[tuple[list[Warned], ...]] = ContextVar("collecting", default=())
_about: ContextVar[str] = ContextVar("about", default="")


def warn(message: str, split: str = "") -> None:
    """Log a warning, and keep it for whoever collects.

    Args:
        split: what it is about, logged in front of it. Default: that of `about`, which is not logged.
    """
    log.warning("%s", f"{split}: {message}" if split else message)
    warned: Warned = {"split": split or _about.get(), "message": message}
    for kept in _collecting.get():
        if warned not in kept:
            kept.append(warned)


@contextmanager
def collect() -> Iterator[list[Warned]]:
    """The warnings raised within, each once, in their order."""
    kept: list[Warned] = []
    token = _collecting.set((*_collecting.get(), kept))
    try:
        yield kept
    finally:
        _collecting.reset(token)


@contextmanager
def about(split: str) -> Iterator[None]:
    """The split that warnings raised within are about, where they do not name one."""
    token = _about.set(split)
    try:
        yield
    finally:
        _about.reset(token)


def repeats(training: Warned, scoring: Warned) -> bool:
    """Whether scoring rows again warns of what the training did, which may have added what helps."""
    return training["message"].startswith(scoring["message"]) and scoring["split"].endswith(training["split"])


def lines(warnings: Iterable[Any]) -> list[str]:
    """Warnings as text, each with what it is about."""
    return [f"{one['split']}: {one['message']}" if one["split"] else str(one["message"]) for one in warnings]
