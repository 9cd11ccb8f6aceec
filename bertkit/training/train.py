"""`train(recipe) -> Run`: the page that wires all.

Everything that a user can have got wrong is checked before the Run folder is made and before the first step.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bertkit import plugins
from bertkit.data.check import overlap
from bertkit.data.splits import load_splits
from bertkit.errors import RecipeError
from bertkit.models import build
from bertkit.recipe import train_block
from bertkit.recipe.load import load, resolve
from bertkit.recipe.schema import Recipe
from bertkit.run import Run, default_folder, environment, write_json
from bertkit.tasks.scoring import Scores, Split
from bertkit.tasks.task import Task, make_task

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertkit.metrics import Metric
    from bertkit.training.trainer import BertTrainer

log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class Parts:
    """All that a training needs, checked."""

    recipe: Recipe
    task: Task
    metrics: list[Metric]
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    splits: dict[str, Split]


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
    name = "recipe" if isinstance(recipe, Recipe) else recipe
    folder = Path(output) if output else default_folder(name)
    Run(folder).check_free()
    full = resolve(recipe if isinstance(recipe, Recipe) else load(recipe, sets))
    parts = prepare(full)
    run = Run.create(folder, full)
    trainer = build_trainer(parts, run)
    _announce(parts, trainer)
    try:
        trainer.train()
    finally:
        for callback in trainer.callback_handler.callbacks:
            if hasattr(callback, "close"):
                callback.close()
    _finish(parts, run, trainer)
    return run


def prepare(recipe: Recipe) -> Parts:
    """Load and check everything that a resolved recipe names, cheapest first."""
    from transformers import set_seed

    from bertkit.metrics import find_metric

    task = make_task(recipe)
    if recipe.data.train is None:
        raise RecipeError.at("data.train", "the recipe names no training data", "--set data.train=FILE")
    metrics = [find_metric(name, task.takes) for name in recipe.metrics]
    rows = load_splits(recipe.data, task.columns, recipe.seed, stratify_by=task.stratify_by)
    task.prepare(rows["train"], recipe.data)
    for split, part in rows.items():
        task.check(part, split)
    for metric in metrics:
        task.fits(metric)
    tokenizer = build.load_tokenizer(recipe.model)
    set_seed(recipe.seed)
    model = task.build_model(recipe.model)
    limit = build.length_limit(model.config, tokenizer)
    if (wanted := recipe.options.get("max_length")) and wanted > limit:
        raise RecipeError.at("options.max_length", f"{wanted}: the model takes {limit} pieces at most")
    splits = {}
    for split, part in rows.items():
        features = task.encode(part, tokenizer, limit, answers=True)
        for note in features.notes:
            log.info("%s: %s", split, note)
        for warning in features.warnings:
            log.warning("%s: %s", split, warning)
        splits[split] = Split(split, part, features)
    _warn(recipe, task, splits)
    return Parts(recipe, task, metrics, model, tokenizer, splits)


def _warn(recipe: Recipe, task: Task, splits: dict[str, Split]) -> None:
    """Warnings that save a day, before the first step."""
    rate = recipe.train["learning_rate"]
    if not 1e-6 <= rate <= 1e-3 and recipe.model.scratch is None:
        log.warning("train.learning_rate is %g; fine-tuning an encoder takes 1e-5 to 5e-4 as a rule", rate)
    rows = {name: cast(Any, split.rows) for name, split in splits.items()}
    has = rows["train"].column_names
    texts = [column.name for column in task.columns if column.kind == "text" and column.name in has]
    for name in ("validation", "test"):
        if name in splits and (shared := overlap(rows["train"], rows[name], texts)):
            share = shared / len(rows[name])
            log.warning(
                "%d of the %s rows (%.1f%%) stand in the training data too: scores on them flatter",
                shared,
                name,
                100 * share,
            )


def build_trainer(parts: Parts, run: Run) -> BertTrainer:
    """The Trainer of checked parts, logging into the Run."""
    from transformers import PrinterCallback
    from transformers.integrations import TensorBoardCallback

    from bertkit.training.callbacks import LogFile, Progress, StopOnNonFinite, StopWatch
    from bertkit.training.trainer import BertTrainer

    recipe, first = parts.recipe, parts.metrics[0]
    block = {**recipe.train}
    reports = block.pop("report_to")
    reports = [reports] if isinstance(reports, str) else list(reports or [])
    args = train_block.arguments(
        {**block, "report_to": [r for r in reports if r != "tensorboard"] or "none"},
        run.checkpoints, seed=recipe.seed, metric=first.keys[0], greater_is_better=first.greater_is_better,
    )  # fmt: skip
    watch = StopWatch()
    callbacks: list[Any] = [watch, StopOnNonFinite(), LogFile(run.log_file), Progress(watch)]
    if "tensorboard" in reports:
        from torch.utils.tensorboard import SummaryWriter

        callbacks.append(TensorBoardCallback(SummaryWriter(str(run.tensorboard))))
    trainer = BertTrainer(
        task=parts.task,
        validation=parts.splits["validation"] if args.eval_strategy != "no" else None,
        metrics=parts.metrics,
        layer_decay=recipe.train.get(train_block.LAYER_DECAY, 1.0),
        model=parts.model,
        args=args,
        train_dataset=parts.splits["train"].features.items,
        data_collator=parts.task.collator(parts.tokenizer),
        processing_class=parts.tokenizer,
        callbacks=callbacks + [_callback(item, args) for item in recipe.callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _callback(item: str | dict[str, dict[str, Any]], args: Any) -> Any:
    reference, values = (item, {}) if isinstance(item, str) else next(iter(item.items()))
    if reference == "early_stopping" and not args.load_best_model_at_end:
        todo = "set train.eval_strategy to epoch or steps, and leave load_best_model_at_end"
        raise RecipeError.at("callbacks", "early_stopping needs evaluations and the best checkpoint", todo)
    try:
        return plugins.find("callback", reference, where="callbacks")(**values)
    except TypeError as error:
        raise RecipeError.at(f"callbacks.{reference}", str(error)) from error


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
    parts.tokenizer.model_max_length = build.length_limit(parts.model.config, parts.tokenizer)
    parts.tokenizer.save_pretrained(run.model)
    for file in run.model.iterdir():
        file.chmod(0o644)  # safetensors leaves the weights readable by their owner alone
    write_json(run.task_file, task.state)
    before = run.environment
    write_json(run.environment_file, {**environment(), **before, "model": build.identity(parts.recipe.model)})
    run.card_file.write_text(card(parts.recipe, task, scored, run), "utf-8")
    figures = {name: scores.figures for name, scores in scored.items()}
    intervals = {name: scores.intervals for name, scores in scored.items()}
    rows = {name: len(split.rows) for name, split in parts.splits.items()}
    # Last: a Run with its metrics is a finished one.
    write_json(run.metrics_file, {**figures, "intervals": intervals, "rows": rows})
    if parts.recipe.train["save_total_limit"] == 1:  # the best is model/ now; whoever asks for more keeps them
        shutil.rmtree(run.checkpoints, ignore_errors=True)
