"""Preflight checks, before the first training step: a few rows through the whole pipeline, and warnings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from bertkit.data.check.repeats import overlap
from bertkit.engine.backends.torch import TorchBackend
from bertkit.engine.examples import lengths_of, rows_of
from bertkit.engine.run import run as run_model
from bertkit.inference.score import Split
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Encoded, Task
from bertkit.warn import warn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.metrics import Metric

ROWS = 8
"""Number of validation rows, the shortest, that go through model, loss and metrics."""


def check_batches(
    task: Task, model: Any, tokenizer: PreTrainedTokenizerBase, metrics: Sequence[Metric], split: Split
) -> None:
    """Run a few rows through model, loss and metrics, to find errors in the user's code now, not after an epoch.

    Raises:
        PluginError: an error in a user's loss or metric.
    """
    from bertkit.metrics import try_out

    examples: Any = split.encoded.examples
    owners = rows_of(examples)  # (example,)
    tokens = np.bincount(owners, weights=lengths_of(examples))  # (row,)
    short = [int(row) for row in np.argsort(tokens, kind="stable") if tokens[row]][:ROWS]
    rows = cast(Any, split.rows)
    rows = rows.select(short) if hasattr(rows, "select") else [rows[row] for row in short]
    numbers = np.flatnonzero(np.isin(owners, short))
    encoded = Encoded([{**examples[int(number)], "row": short.index(owners[number])} for number in numbers])
    outputs, _ = run_model(TorchBackend(model, task.head), encoded.examples, task.collator(tokenizer))
    answers = task.decode(outputs, encoded, rows)
    for metric in metrics:
        try_out(metric, *task.compare(answers, rows, metric.takes))


def constant_targets(task: Task, examples: Any) -> list[str]:
    """Names of the targets (`Head.targets`) that are the same in all examples."""
    if len(examples) < 2:
        return []
    first = examples[0]
    names = [name for name in task.head.targets if name in first]
    return [name for name in names if all(np.array_equal(one[name], first[name]) for one in examples)]


def log_warnings(recipe: Recipe, task: Task, splits: dict[str, Split]) -> None:
    """Warn of an unusual learning rate, of targets that are all the same, and of validation or test rows that are also
    in the training data."""
    for name, split in splits.items():
        for target in constant_targets(task, split.encoded.examples):
            effect = "there is nothing to learn from it" if name == "train" else "figures on these rows say little"
            warn(f"all {len(split.encoded.examples):,} examples have the same target ({target}): {effect}", name)
    rate = recipe.train["learning_rate"]
    if not 1e-6 <= rate <= 1e-3 and recipe.model.scratch is None:
        warn(f"train.learning_rate is {rate:g}; 1e-5 to 5e-4 is usual for fine-tuning an encoder")
    train = splits["train"].rows
    for name in ("validation", "test"):
        if name in splits and (shared := overlap(train, splits[name].rows, task.columns)):
            share = shared / len(splits[name].rows)
            warn(f"{shared} rows ({share:.1%}) are also in the training data: their scores are too high", name)
