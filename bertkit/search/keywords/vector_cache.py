"""Vectors of phrases, each computed once for all texts, in bounded memory.

A phrase of a corpus occurs in many texts. Its vector is kept until others that were asked for later take its place
(least recently used goes first), so a phrase that comes again after a long time may be computed once more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bertkit.engine.run import Progress
from bertkit.inference.predictor import Predictor
from bertkit.search.vectors import vectors_of

Array = NDArray[np.float32]

BYTES = 256 * 2**20
"""Of all vectors that are kept: 174,762 of 384 numbers. The phrases themselves take about a fifth of that again."""
BLOCK = 8192
"""Phrases whose answers are in memory at once: Python's numbers take eight times the memory of an array's."""


class VectorCache:
    """Vectors of length 1, by phrase.

    Args:
        predictor: gives them; phrases are read as its task reads texts.
        limit: most bytes of the vectors that are kept.
    """

    def __init__(self, predictor: Predictor, limit: int = BYTES):
        self.predictor, self.limit = predictor, limit
        self._kept: OrderedDict[str, Array] = OrderedDict()
        self.computed = 0
        """How many vectors were computed so far."""

    def of(self, phrases: Iterable[str], progress: Progress = iter) -> dict[str, Array]:
        """The vectors `(size,)` of these phrases, also where they are more than are kept.

        Raises:
            ModelError: vectors with NaN or infinity.
        """
        found: dict[str, Array] = {}
        missing: dict[str, None] = {}
        for phrase in phrases:
            if (vector := self._kept.get(phrase)) is not None:
                self._kept.move_to_end(phrase)
                found[phrase] = vector
            else:
                missing[phrase] = None
        todo = list(missing)
        for start in range(0, len(todo), BLOCK):
            block = todo[start : start + BLOCK]
            found.update(zip(block, self._compute(block, progress), strict=True))
        self._keep(found, todo)
        return found

    def _compute(self, phrases: Sequence[str], progress: Progress) -> Array:
        prepared = self.predictor.prepare([{"text": phrase} for phrase in phrases])
        answers = self.predictor.answer(prepared, progress=progress)
        self.computed += len(phrases)
        return vectors_of(self.predictor.task, answers)

    def _keep(self, found: dict[str, Array], new: Sequence[str]) -> None:
        for phrase in new:
            self._kept[phrase] = found[phrase].copy()  # a row of a block would keep the whole block
        while self._kept and len(self._kept) * next(iter(self._kept.values())).nbytes > self.limit:
            self._kept.popitem(last=False)
