"""What a careful colleague does before a long training: a rehearsal on a few rows, and warnings that save a day."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bertkit.data.check import overlap
from bertkit.engine.backends.torch import TorchBackend
from bertkit.engine.examples import lengths_of, rows_of
from bertkit.engine.run import run as run_model
from bertkit.inference.score import Split
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Encoded, Task

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")

REHEARSED = 8
"""So many of the shortest validation rows go through model, loss and metrics before the training."""


def rehearse(
    task: Task, model: Any, tokenizer: PreTrainedTokenizerBase, metrics: Sequence[Metric], split: Split
) -> None:
    """A few rows through model, loss and metrics: what is wrong with a user's own shows now, not after an epoch.

    Raises:
        PluginError: a user's loss or metric is wrong.
    """
    from bertkit.metrics import try_out

    given: Any = split.encoded.examples
    owners = rows_of(given)
    tokens = np.bincount(owners, weights=lengths_of(given))
    short = [int(row) for row in np.argsort(tokens, kind="stable") if tokens[row]][:REHEARSED]
    rows = cast(Any, split.rows)
    rows = rows.select(short) if hasattr(rows, "select") else [rows[row] for row in short]
    items = [{**given[int(i)], "row": short.index(owners[i])} for i in np.flatnonzero(np.isin(owners, short))]
    encoded, collate = Encoded(items), task.collator(tokenizer)
    outputs, _ = run_model(TorchBackend(model, task.head), encoded.examples, collate)
    answers = task.decode(outputs, encoded, rows)
    for metric in metrics:
        try_out(metric, *task.compare(answers, rows, metric.takes))


def warn(recipe: Recipe, task: Task, splits: dict[str, Split]) -> None:
    """Warnings that save a day, before the first step."""
    rate = recipe.train["learning_rate"]
    if not 1e-6 <= rate <= 1e-3 and recipe.model.scratch is None:
        log.warning("train.learning_rate is %g; fine-tuning an encoder takes 1e-5 to 5e-4 as a rule", rate)
    rows = {name: cast(Any, split.rows) for name, split in splits.items()}
    has = getattr(rows["train"], "column_names", ())
    kinds = ("text", "words", "choices")
    texts = [column.name for column in task.columns if column.kind in kinds and column.name in has]
    for name in ("validation", "test"):
        if texts and name in splits and (shared := overlap(rows["train"], rows[name], texts)):
            share = shared / len(rows[name])
            what = "%d of the %s rows (%.1f%%) stand in the training data too: scores on them flatter"
            log.warning(what, shared, name, 100 * share)
