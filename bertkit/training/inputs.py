"""What a training is given, checked without the model's weights: the recipe's parts, the rows and their examples.

`train` and `bertkit data check` both go through here, so that one has no error that the other has not.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.data.columns.labels import read_label_names
from bertkit.data.tokenizer.coverage import Coverage
from bertkit.engine.cache import encode
from bertkit.engine.examples import highest_of
from bertkit.errors import RecipeError, Setting, together
from bertkit.inference.coverage import coverage
from bertkit.inference.score import Split
from bertkit.models import build
from bertkit.recipe import train_block
from bertkit.recipe.contradictions import of_model
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Rows, Task, make_task
from bertkit.training.preflight import log_warnings
from bertkit.warn import about, warn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, TrainerCallback, TrainingArguments

    from bertkit.metrics import Metric

log = logging.getLogger("bertkit")

TENSORBOARD = "tensorboard"
MOST_EPOCHS = 50
"""Most epochs for the sake of `train.min_steps`: each ends with an evaluation and a checkpoint."""


@dataclass(frozen=True)
class Setup:
    """The parts of a training that its recipe alone decides."""

    recipe: Recipe
    task: Task
    metrics: list[Metric]
    args: TrainingArguments
    callbacks: list[TrainerCallback]
    """Only those of the recipe."""


def set_up(recipe: Recipe) -> Setup:
    """The parts of a resolved recipe's training.

    Raises:
        BertkitError: it names no data, or metrics, callbacks or keys that can not be used.
    """
    from bertkit.metrics import find_metric
    from bertkit.training.callbacks import make_callback

    task = make_task(recipe)
    for (*_, key), reason, remedy, _ in of_model(recipe):
        raise RecipeError.at(f"model.{key}", reason, remedy)
    if recipe.data.train is None:
        raise RecipeError.at("data.train", "the recipe names no training data", setting=Setting("data.train", "FILE"))
    task.adopt_model(recipe.model)
    metrics = [find_metric(name, task.takes) for name in recipe.metrics]
    args = _arguments(recipe, metrics[0])
    callbacks = [make_callback(entry, args) for entry in recipe.callbacks]
    return Setup(with_label_names(recipe), task, metrics, args, callbacks)


def check_rows(setup: Setup, rows: dict[str, Rows]) -> None:
    """Check rows from `Task.read`, and set the task's `state` from the training rows.

    Raises:
        BertkitError: the training rows teach nothing, or some split has answers that can not be used.
    """
    task, data = setup.task, setup.recipe.data
    with about("train"):
        task.prepare(rows["train"], data)
        task.check_learnable(rows["train"], data)

    def check(split: str) -> None:
        with about(split):
            task.check(rows[split], split)

    together(*(partial(check, split) for split in rows), *(partial(task.check_metric, one) for one in setup.metrics))


@dataclass(frozen=True)
class EncodedRows:
    """The examples of all splits."""

    splits: dict[str, Split]
    coverage: dict[str, Coverage]
    """What the tokenizer loses of each split."""


def encode_rows(setup: Setup, rows: dict[str, Rows], tokenizer: PreTrainedTokenizerBase, model: Any) -> EncodedRows:
    """Encode checked rows, and warn of what the model will not see as it is in them.

    Args:
        model: of the recipe; only its sizes are used (`build_model` without weights will do).

    Raises:
        BertkitError: an option or a token that the model can not take.
    """
    recipe, task = setup.recipe, setup.task
    limit = build.length_limit(model, tokenizer)
    if (wanted := recipe.options.get("max_length")) and wanted > limit:
        raise RecipeError.at("options.max_length", f"{wanted}: the model takes at most {limit} tokens", "lower it")
    splits, covered = {}, {}
    for split, part in rows.items():
        encoded = encode(task, part, tokenizer, limit)
        for note in encoded.notes:
            log.info("%s: %s", split, note)
        covered[split] = coverage(task, part, encoded.examples, tokenizer)
        for warning in [*encoded.warnings, *covered[split].warnings()]:
            warn(warning, split)
        splits[split] = Split(split, part, encoded)
    _check_step(setup.args, len(splits["train"].encoded.examples))
    _lengthen(setup.args, recipe, len(splits["train"].encoded.examples))
    build.check_ids(model, max(highest_of(split.encoded.examples) for split in splits.values()))
    log_warnings(recipe, task, splits)
    return EncodedRows(splits, covered)


def with_label_names(recipe: Recipe) -> Recipe:
    """The recipe with the label names in place of the file that lists them: a Run must not depend on other files."""
    names = read_label_names(recipe.data.label_names)
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"label_names": names})})


def reports(recipe: Recipe) -> list[str]:
    value = recipe.train["report_to"]
    return [value] if isinstance(value, str) else list(value or [])


def _arguments(recipe: Recipe, first: Metric) -> TrainingArguments:
    """The recipe's `TrainingArguments`, without folders: the Run, which holds also TensorBoard's, is not there yet."""
    import torch

    others = [report for report in reports(recipe) if report != TENSORBOARD] or "none"
    args = train_block.arguments(
        {**recipe.train, "report_to": others},
        Path("checkpoints"), seed=recipe.seed, metric=first.keys[0], greater_is_better=first.greater_is_better,
    )  # fmt: skip
    if args.fsdp and not torch.cuda.is_available():
        raise RecipeError.at("train.fsdp", "needs GPUs", "leave it out")
    if args.n_gpu > 1:  # Trainer would copy the model to all of them at each step, with other results
        log.info(
            "training on one of %d GPUs; use all of them with bertkit train --processes %d", args.n_gpu, args.n_gpu
        )
        args._n_gpu = 1
    return args


def _check_step(args: TrainingArguments, examples: int) -> None:
    """Raise a RecipeError where an epoch has not one whole step, and others are dropped."""
    size = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
    if args.dataloader_drop_last and examples < size:
        what = f"drops the only step of an epoch: {examples:,} training examples, and {size:,} make a step"
        raise RecipeError.at("train.dataloader_drop_last", what, "leave it out, or lower the batch size")


def _lengthen(args: TrainingArguments, recipe: Recipe, examples: int) -> None:
    """Raise the number of epochs until there are `train.min_steps` steps, but to no more than `MOST_EPOCHS`."""
    if (least := recipe.train.get(train_block.MIN_STEPS)) is None:
        return
    size = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
    steps = max(1, examples // size if args.dataloader_drop_last else math.ceil(examples / size))
    epochs = max(args.num_train_epochs, min(MOST_EPOCHS, math.ceil(least / steps)))
    if epochs > args.num_train_epochs:
        what = "%d epochs instead of %g, as the %s training examples make only %d steps per epoch (train.min_steps: %d)"
        log.info(what, epochs, args.num_train_epochs, f"{examples:,}", steps, least)
        args.num_train_epochs = epochs
