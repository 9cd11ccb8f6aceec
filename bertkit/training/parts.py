"""Load and check everything that a training needs, before the Run folder is made: recipe, rows, examples, model."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.engine.examples import identity_of
from bertkit.inference.score import Split
from bertkit.models import build
from bertkit.models.vocabulary import fit_to
from bertkit.models.weights import identity
from bertkit.recipe.local import published
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import Task
from bertkit.training.inputs import check_rows, encode_rows, set_up
from bertkit.training.preflight import check_batches

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback, TrainingArguments

    from bertkit.metrics import Metric
    from bertkit.training.trainer import BertTrainer

log = logging.getLogger("bertkit")

Stage = Callable[[str], contextlib.AbstractContextManager[Any]]
"""What is around a stage of `prepare`, by its name: `data`, `model`, `encode` or `preflight`."""


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


def prepare(recipe: Recipe, stage: Stage = contextlib.nullcontext) -> Parts:
    """Load and check everything that a resolved recipe names, cheapest first."""
    from transformers import set_seed

    from bertkit.engine.backends.torch import open_model

    setup = set_up(recipe)
    recipe, task = setup.recipe, setup.task
    with stage("data"):
        rows = task.read(recipe)
        check_rows(setup, rows)
    with stage("model"):
        tokenizer = build.load_tokenizer(recipe.model)
        set_seed(recipe.seed)
        model = open_model(task.head, recipe.model)
        if recipe.model.scratch is None:
            fit_to(model, tokenizer)
        task.head.init_head(model)
    with stage("encode"):
        examples = encode_rows(setup, rows, tokenizer, model)
    with stage("preflight"):
        check_batches(task, model, tokenizer, setup.metrics, examples.splits["validation"])
    unfit = bool(examples.coverage["train"].warnings())
    metrics, args, callbacks = setup.metrics, setup.args, setup.callbacks
    return Parts(recipe, task, metrics, model, tokenizer, examples.splits, args, callbacks, unfit)


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
