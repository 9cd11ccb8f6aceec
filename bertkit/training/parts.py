"""Load and check everything that a training needs, before the Run folder is made: recipe, rows, examples, model."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.data.columns.labels import read_label_names
from bertkit.engine.cache import encode
from bertkit.engine.examples import highest_of, identity_of
from bertkit.errors import RecipeError, Setting
from bertkit.inference.coverage import coverage
from bertkit.inference.score import Split
from bertkit.models import build
from bertkit.models.vocabulary import fit_to
from bertkit.models.weights import identity
from bertkit.recipe import train_block
from bertkit.recipe.contradictions import of_model
from bertkit.recipe.local import published
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Task, make_task
from bertkit.training.preflight import check_batches, log_warnings
from bertkit.warn import about, warn

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback, TrainingArguments

    from bertkit.metrics import Metric
    from bertkit.training.trainer import BertTrainer

log = logging.getLogger("bertkit")

TENSORBOARD = "tensorboard"
MOST_EPOCHS = 50
"""Most epochs for the sake of `train.min_steps`: each ends with an evaluation and a checkpoint."""


@dataclass(frozen=True)
class Parts:
    """Everything that a training needs, checked."""

    recipe: Recipe
    task: Task
    metrics: list[Metric]
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    splits: dict[str, Split]
    args: TrainingArguments
    callbacks: list[TrainerCallback]
    """Only those of the recipe."""
    unfit: bool = False
    """Whether the training texts do not fit the tokenizer, as a warning has said."""


def prepare(recipe: Recipe) -> Parts:
    """Load and check everything that a resolved recipe names, cheapest first."""
    from transformers import set_seed

    from bertkit.engine.backends.torch import open_model
    from bertkit.metrics import find_metric
    from bertkit.training.callbacks import make_callback

    task = make_task(recipe)
    for (*_, key), reason, remedy in of_model(recipe):
        raise RecipeError.at(f"model.{key}", reason, remedy)
    if recipe.data.train is None:
        raise RecipeError.at("data.train", "the recipe names no training data", setting=Setting("data.train", "FILE"))
    metrics = [find_metric(name, task.takes) for name in recipe.metrics]
    args = _arguments(recipe, metrics[0])
    callbacks = [make_callback(entry, args) for entry in recipe.callbacks]
    recipe = with_label_names(recipe)
    rows = task.read(recipe)
    with about("train"):
        task.prepare(rows["train"], recipe.data)
        task.check_learnable(rows["train"], recipe.data)
    for split, part in rows.items():
        with about(split):
            task.check(part, split)
    for metric in metrics:
        task.check_metric(metric)
    tokenizer = build.load_tokenizer(recipe.model)
    set_seed(recipe.seed)
    model = open_model(task.head, recipe.model)
    if recipe.model.scratch is None:
        fit_to(model, tokenizer)
    task.head.init_head(model)
    limit = build.length_limit(model, tokenizer)
    if (wanted := recipe.options.get("max_length")) and wanted > limit:
        raise RecipeError.at("options.max_length", f"{wanted}: the model takes at most {limit} tokens", "lower it")
    splits, unfit = {}, False
    for split, part in rows.items():
        encoded = encode(task, part, tokenizer, limit)
        for note in encoded.notes:
            log.info("%s: %s", split, note)
        for warning in encoded.warnings:
            warn(warning, split)
        for warning in coverage(task, part, encoded.examples, tokenizer).warnings():
            warn(warning, split)
            unfit = unfit or split == "train"
        splits[split] = Split(split, part, encoded)
    _lengthen(args, recipe, len(splits["train"].encoded.examples))
    build.check_ids(model, max(highest_of(split.encoded.examples) for split in splits.values()))
    log_warnings(recipe, task, splits)
    check_batches(task, model, tokenizer, metrics, splits["validation"])
    return Parts(recipe, task, metrics, model, tokenizer, splits, args, callbacks, unfit)


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


def join_processes(recipe: Recipe) -> None:
    """Join the other processes, on the device that the recipe names."""
    processes.join(cpu=bool(recipe.train.get("use_cpu")))


def data_identity(splits: dict[str, Split]) -> dict[str, str]:
    """SHA-256 of the encoded examples of each split; it changes with the rows, their order and the tokenizer."""
    return {name: identity_of(split.encoded.examples) for name, split in splits.items()}


def model_identity(recipe: Recipe) -> dict[str, str]:
    """Which weights a training starts from: a name without folders, SHA-256 and, from the hub, the commit."""
    known = identity(recipe.model)
    return {**known, "name": published(known["name"])}


def log_summary(parts: Parts, trainer: BertTrainer) -> None:
    """Log the rows, the model and the batch of a training, before it starts."""
    from bertkit.training.callbacks import effective_batch

    args = trainer.args
    rows = ", ".join(f"{len(split.rows)} {name}" for name, split in parts.splits.items())
    parameters = sum(p.numel() for p in parts.model.parameters())
    trained = sum(p.numel() for p in parts.model.parameters() if p.requires_grad)
    frozen = f" ({trained:,} trained)" if trained < parameters else ""
    log.info("rows: %s", rows)
    log.info("model: %s, %s parameters%s, on %s", parts.model.config.model_type, f"{parameters:,}", frozen, args.device)
    model: Any = parts.model
    log.info("padding: %s", "none" if model.padding_free else f"batches of similar lengths ({model.padded_because})")
    log.info(
        "effective batch: %d rows (%d x %d accumulated x %d processes)",
        *(effective_batch(args), args.train_batch_size, args.gradient_accumulation_steps, args.world_size),
    )
