"""The data map of a Run: which rows were easy, ambiguous or hard for it while it was trained.

After Swayamdipta et al. 2020, section 2: confidence is the mean probability of the given answer over the epochs,
variability its standard deviation, correctness the share of epochs in which it was the most probable. The third of the
rows with the highest variability is called ambiguous; of the others, those whose given answer was the most probable in
half of the epochs or more are easy, and the rest hard: among these the paper finds wrong labels (section 5). It divides
easy from hard rows by thirds of the confidence, which calls as many hard in any data. The record is the training's own
(training/watch/dynamics.py), of rows that were trained on: so it is no ground for `bertkit errors` to doubt a label.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bertkit.engine.cache import encode
from bertkit.run import Run
from bertkit.tasks.task import Rows, make_task
from bertkit.training.parts import data_identity
from bertkit.training.watch.dynamics import read_data_map
from bertkit.understand.errors.calibrated import Floats

Region = Literal["easy", "ambiguous", "hard"]
AMBIGUOUS = 1 / 3
"""Share of the rows with the highest variability (the paper's figure 1 shows thirds)."""


@dataclass(frozen=True)
class Mapped:
    """Where the training rows lie on the map."""

    epochs: int
    rows: list[int]
    """Numbers of the rows that were seen, from 0, among the training rows."""
    confidence: Floats
    variability: Floats
    correctness: Floats
    regions: list[Region]

    def counts(self) -> dict[str, int]:
        """Rows by region."""
        return {name: self.regions.count(name) for name in ("easy", "ambiguous", "hard")}


def mapped(probability: Floats, correct: Floats) -> Mapped | None:
    """The map of a record `(epoch, row)` each, nan where a row was not seen; None: no row was."""
    rows = np.flatnonzero(np.isfinite(probability).any(0))
    if not len(rows):
        return None
    with warnings.catch_warnings(action="ignore"):
        confidence, variability = np.nanmean(probability[:, rows], 0), np.nanstd(probability[:, rows], 0)
        correctness = np.nanmean(correct[:, rows], 0)
    limit = np.sort(variability)[::-1][max(0, round(AMBIGUOUS * len(rows)) - 1)]
    varied = (variability >= limit) & (variability > 0)
    regions: list[Region] = [
        "ambiguous" if vary else "easy" if right >= 0.5 else "hard"
        for vary, right in zip(varied.tolist(), correctness.tolist(), strict=True)
    ]
    return Mapped(len(probability), rows.tolist(), confidence, variability, correctness, regions)


def map_of_run(run: Run, rows: Rows) -> Mapped | str:
    """The map of a Run's training rows; or why there is none.

    Args:
        rows: its training rows, as its recipe reads them now.

    Raises:
        RunError: its record is damaged.
    """
    record = read_data_map(run.data_map_file)
    if record is None:
        return "the Run has no record of its training, which its head or its age explains"
    if record.probability.shape[1] > len(rows) or not _same(run, rows):
        return "the training rows have changed since the Run was trained"
    return mapped(*record) or "the record of the training is empty"


def _same(run: Run, rows: Rows) -> bool:
    """Whether these rows give the examples that the Run was trained on."""
    from bertkit.inference.predictor import Predictor
    from bertkit.inference.score import Split

    known: Any = run.environment.get("data", {}).get("train")
    predictor = Predictor.open(run)
    task = make_task(run.recipe, run.task_state)
    encoded = encode(task, rows, predictor.tokenizer, predictor.limit)
    return data_identity({"train": Split("train", rows, encoded)})["train"] == known
