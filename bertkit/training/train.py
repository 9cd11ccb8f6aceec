"""`train(recipe) -> Run`: the page that wires all.

Everything that a user can have got wrong is checked before the Run folder is made and before the first step.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.data.labels import read_label_names
from bertkit.data.splits import load_splits
from bertkit.errors import BertkitError, RecipeError, TrainingError
from bertkit.models import build
from bertkit.models.weights import identity
from bertkit.recipe import train_block
from bertkit.recipe.load import load, resolve
from bertkit.recipe.schema import Recipe
from bertkit.run import Run, default_folder, environment, write_json
from bertkit.tasks.scoring import Scores, Split
from bertkit.tasks.task import Task, make_task
from bertkit.training.beforehand import rehearse, warn

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback, TrainingArguments

    from bertkit.metrics import Metric
    from bertkit.training.trainer import BertTrainer

log = logging.getLogger("bertkit")

TENSORBOARD = "tensorboard"


@dataclass(frozen=True)
class Parts:
    """All that a training needs, checked."""

    recipe: Recipe
    task: Task
    metrics: list[Metric]
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    splits: dict[str, Split]
    args: TrainingArguments
    callbacks: list[TrainerCallback]
    """Those that the recipe names."""


def train(recipe: Recipe | str | Path, *, output: str | Path | None = None, sets: Sequence[str] = ()) -> Run:
    """Train a recipe.

    Args:
        recipe: a Recipe, a YAML file, or the name of a recipe that comes with bertkit.
        output: the Run folder, new or empty; default `runs/<recipe>-<time>`.
        sets: `KEY=VALUE` texts, as of `--set`, where `recipe` is a file or a name.

    Returns:
        the finished Run, scored on the validation rows and, where the recipe names them, once on the test rows.

    Raises:
        BertkitError: a mistake in the recipe, the data, the model or the folder, or a training that had to stop.
    """
    folder = Path(output) if output else default_folder("recipe" if isinstance(recipe, Recipe) else recipe)
    if first := first_process():
        Run(folder).check_free()
    else:
        log.setLevel(logging.ERROR)
    full = resolve(recipe if isinstance(recipe, Recipe) else load(recipe, sets))
    parts = prepare(full)
    run = _start(folder, parts)
    trainer = None
    try:
        trainer = build_trainer(parts, run)
        _announce(parts, trainer)
        _train(trainer)
    except BertkitError:
        if first and (
            trainer is None or not trainer.state.global_step
        ):  # nothing was trained: the folder is free for the next try
            run.discard()
        raise
    _finish(parts, run, trainer)
    trainer.accelerator.wait_for_everyone()
    return run


def first_process() -> bool:
    """Whether this process writes and speaks: it is alone, or the first of those that a launcher started."""
    return os.environ.get("RANK", "0") == "0"


def _start(folder: Path, parts: Parts) -> Run:
    """The Run, made by the first process; the others are told its folder (a default one is named by the clock)."""
    from accelerate import PartialState
    from accelerate.utils import broadcast_object_list

    with PartialState().main_process_first():
        run = Run.create(folder, parts.recipe) if first_process() else Run(folder)
    return Run(broadcast_object_list([str(run.path)])[0])


def _train(trainer: BertTrainer) -> None:
    import torch

    try:
        trainer.train()
    except torch.OutOfMemoryError as error:
        batch = trainer.args.per_device_train_batch_size
        todo = "halve it and double train.gradient_accumulation_steps (the result is the same), or lower max_length"
        what = f"{batch}: the memory of {trainer.args.device} is too small"
        raise TrainingError.at("train.per_device_train_batch_size", what, todo) from error
    finally:
        for callback in trainer.callback_handler.callbacks:
            if hasattr(callback, "close"):
                callback.close()


def prepare(recipe: Recipe) -> Parts:
    """Load and check everything that a resolved recipe names, cheapest first."""
    from transformers import set_seed

    from bertkit.metrics import find_metric
    from bertkit.training.callbacks import make

    task = make_task(recipe)
    if recipe.data.train is None:
        raise RecipeError.at("data.train", "the recipe names no training data", "--set data.train=FILE")
    metrics = [find_metric(name, task.takes) for name in recipe.metrics]
    args = _arguments(recipe, metrics[0])
    callbacks = [make(item, args) for item in recipe.callbacks]
    # The names, not the file that lists them: a Run needs nothing that lies outside of it to answer.
    names = read_label_names(recipe.data.label_names)
    recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"label_names": names})})
    rows = load_splits(recipe.data, task.columns, recipe.seed, stratify_by=task.stratify_by)
    task.prepare(rows["train"], recipe.data)
    for split, part in rows.items():
        task.check(part, split)
    for metric in metrics:
        task.fits(metric)
    tokenizer = build.load_tokenizer(recipe.model)
    set_seed(recipe.seed)
    model = task.build_model(recipe.model)
    task.begin(model)
    limit = build.length_limit(model, tokenizer)
    if (wanted := recipe.options.get("max_length")) and wanted > limit:
        raise RecipeError.at("options.max_length", f"{wanted}: the model takes {limit} pieces at most", "lower it")
    splits = {}
    for split, part in rows.items():
        features = task.encode(part, tokenizer, limit, answers=True)
        for note in features.notes:
            log.info("%s: %s", split, note)
        for warning in features.warnings:
            log.warning("%s: %s", split, warning)
        splits[split] = Split(split, part, features)
    build.check_ids(model, max(int(item["input_ids"].max()) for s in splits.values() for item in s.features.items))
    warn(recipe, task, splits)
    rehearse(task, model, tokenizer, metrics, splits["validation"])
    return Parts(recipe, task, metrics, model, tokenizer, splits, args, callbacks)


def build_trainer(parts: Parts, run: Run) -> BertTrainer:
    """The Trainer of checked parts, logging into the Run."""
    from transformers import PrinterCallback
    from transformers.integrations import TensorBoardCallback

    from bertkit.training.callbacks import LogFile, Progress, StopOnNonFinite, StopWatch
    from bertkit.training.trainer import BertTrainer

    args, watch = parts.args, StopWatch()
    args.output_dir = str(run.checkpoints)
    callbacks: list[Any] = [watch, StopOnNonFinite(), LogFile(run.log_file), Progress(watch)]
    if TENSORBOARD in _reports(parts.recipe) and first_process():
        from torch.utils.tensorboard import SummaryWriter

        callbacks.append(TensorBoardCallback(SummaryWriter(str(run.tensorboard))))
    try:
        trainer = BertTrainer(
            task=parts.task,
            validation=parts.splits["validation"] if args.eval_strategy != "no" else None,
            metrics=parts.metrics,
            layer_decay=parts.recipe.train.get(train_block.LAYER_DECAY, 1.0),
            model=parts.model,
            args=args,
            train_dataset=parts.splits["train"].features.items,
            data_collator=parts.task.collator(parts.tokenizer),
            processing_class=parts.tokenizer,
            callbacks=callbacks + parts.callbacks,
        )
    except (ValueError, ImportError) as error:  # keys that do not go with this machine, or with each other
        raise RecipeError.at("train", str(error), "these are Trainer's own words; change the key they name") from error
    trainer.remove_callback(PrinterCallback)
    return trainer


def _reports(recipe: Recipe) -> list[str]:
    reports = recipe.train["report_to"]
    return [reports] if isinstance(reports, str) else list(reports or [])


def _arguments(recipe: Recipe, first: Metric) -> TrainingArguments:
    """The recipe's `TrainingArguments`; their folder is not known yet, and TensorBoard's is the Run's."""
    reports = [report for report in _reports(recipe) if report != TENSORBOARD] or "none"
    return train_block.arguments(
        {**recipe.train, "report_to": reports},
        Path("checkpoints"), seed=recipe.seed, metric=first.keys[0], greater_is_better=first.greater_is_better,
    )  # fmt: skip


def _announce(parts: Parts, trainer: BertTrainer) -> None:
    from bertkit.training.callbacks import effective_batch

    args = trainer.args
    rows = ", ".join(f"{len(split.rows)} {name}" for name, split in parts.splits.items())
    parameters = sum(p.numel() for p in parts.model.parameters())
    trained = sum(p.numel() for p in parts.model.parameters() if p.requires_grad)
    frozen = f" ({trained:,} trained)" if trained < parameters else ""
    log.info("rows: %s", rows)
    log.info("model: %s, %s parameters%s, on %s", parts.model.config.model_type, f"{parameters:,}", frozen, args.device)
    log.info(
        "effective batch: %d rows (%d x %d accumulated x %d processes)",
        *(effective_batch(args), args.train_batch_size, args.gradient_accumulation_steps, args.world_size),
    )


def _finish(parts: Parts, run: Run, trainer: BertTrainer) -> None:
    """Score the chosen model and write what the Run keeps."""
    from bertkit.training.card import card

    task = parts.task
    scored: dict[str, Scores] = {}
    for name in ("validation", "test"):
        if name in parts.splits:
            scored[name] = trainer.score(parts.splits[name], tune=name == "validation", intervals=True)
    for doubt in task.doubts(scored["validation"].answers, parts.splits["validation"].rows):
        log.warning("%s", doubt)
    if not trainer.is_world_process_zero():
        return
    parts.model.save_pretrained(run.model)
    limit = build.length_limit(parts.model, parts.tokenizer)
    parts.tokenizer.model_max_length = min(limit, parts.recipe.options.get("max_length") or limit)
    parts.tokenizer.save_pretrained(run.model)
    for file in run.model.iterdir():
        file.chmod(0o644)  # safetensors leaves the weights readable by their owner alone
    write_json(run.task_file, task.state)
    before = run.environment
    write_json(run.environment_file, {**environment(), **before, "model": identity(parts.recipe.model)})
    run.card_file.write_text(card(parts.recipe, task, scored, run), "utf-8")
    figures = {name: scores.figures for name, scores in scored.items()}
    intervals = {name: scores.intervals for name, scores in scored.items()}
    rows = {name: len(split.rows) for name, split in parts.splits.items()}
    # Last: a Run with its metrics is a finished one.
    write_json(run.metrics_file, {**figures, "intervals": intervals, "rows": rows})
    if parts.recipe.train["save_total_limit"] == 1:  # the best is model/ now; whoever asks for more keeps them
        shutil.rmtree(run.checkpoints, ignore_errors=True)
