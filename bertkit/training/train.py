"""`train(recipe) -> Run`: the page that wires all.

Everything that a user can have got wrong is checked before the Run folder is made and before the first step.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.errors import BertkitError, RecipeError, RunError, Stopped, TrainingError
from bertkit.fs import write_json
from bertkit.recipe import train_block
from bertkit.recipe.load import differences, load, resolve
from bertkit.recipe.schema import Recipe
from bertkit.run import Run, default_folder
from bertkit.training.checkpoints import Checkpoints, is_final, step_of
from bertkit.training.parts import TENSORBOARD, Parts, data_identity, join_processes, prepare, reports, with_label_names

if TYPE_CHECKING:
    from bertkit.training.trainer import BertTrainer

log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class Place:
    """Where a training writes, and what it trains."""

    folder: Path
    recipe: Recipe
    """Resolved."""
    begun: Run | None
    """The Run that it goes on with."""


def train(
    recipe: Recipe | str | Path, *, output: str | Path | None = None, sets: Sequence[str] = (), resume: bool = False
) -> Run:
    """Train a recipe.

    Args:
        recipe: a Recipe, a YAML file, or the name of a recipe that comes with bertkit; with `resume`, a Run folder too.
        output: the Run folder, new or empty; default `runs/<recipe>-<time>`.
        sets: `KEY=VALUE` texts, as of `--set`, where `recipe` is a file or a name.
        resume: go on with the Run in `output` from its last checkpoint; where there is none yet, begin it.

    Returns:
        the finished Run, scored on the validation rows and, where the recipe names them, once on the test rows.

    Raises:
        BertkitError: a mistake in the recipe, the data, the model or the folder, or a training that had to stop.
        Stopped: SIGTERM or Ctrl-C came; the Run can go on.
    """
    if not processes.first():
        log.setLevel(logging.ERROR)
    place = _place(recipe, output, sets, resume)
    if place.begun and place.begun.is_finished:
        log.info("%s is finished: nothing is left to train", place.folder)
        return place.begun
    parts = prepare(place.recipe)
    run = place.begun or _start(place.folder, parts)
    trainer = None
    try:
        checkpoint = _checkpoint(place, parts) if place.begun else None
        trainer = build_trainer(parts, run, checkpoint)
        _announce(parts, trainer)
        _train(trainer, run, checkpoint)
    except BertkitError:
        nothing_trained = trainer is None or not trainer.state.global_step
        if processes.first() and not place.begun and nothing_trained:  # the folder is free for the next try
            run.discard()
        raise
    from bertkit.training.finish import finish

    finish(parts, run, trainer)
    trainer.accelerator.wait_for_everyone()
    return run


def _place(recipe: Recipe | str | Path, output: str | Path | None, sets: Sequence[str], resume: bool) -> Place:
    if resume and not isinstance(recipe, Recipe) and Path(recipe).is_dir():
        if sets or output:
            raise RecipeError.at("--resume", "a Run goes on with its own recipe", "leave --set and --output out")
        run = Run.begun(recipe)
        join_processes(run.recipe)
        return Place(run.path, run.recipe, run)
    folder = Path(output) if output else default_folder("recipe" if isinstance(recipe, Recipe) else recipe)
    if processes.count() == 1 and not (resume or processes.restarted()):
        Run(folder).check_free()  # before anything is loaded
    full = resolve(recipe if isinstance(recipe, Recipe) else load(recipe, sets))
    join_processes(full)
    again = resume or processes.restarted()
    if again and output is None:
        raise RecipeError.at("--resume", "which Run?", "bertkit train RUN --resume, or name it with --output")
    if again and processes.agreed(Run(folder).is_begun):
        run = Run.begun(folder)
        if changed := differences(with_label_names(full), run.recipe):
            what = f"{folder} was begun with another {', '.join(changed)}"
            raise RunError.at("--resume", what, f"bertkit train {folder} --resume takes its own recipe")
        return Place(folder, run.recipe, run)
    if processes.first():
        Run(folder).check_free()
    return Place(folder, full, None)


def _start(folder: Path, parts: Parts) -> Run:
    """The Run, made by the first process; the others are told its folder (a default one is named by the clock)."""
    with processes.first_goes_first():
        if processes.first():
            run = Run.create(folder, parts.recipe)
            write_json(run.environment_file, {**run.environment, "data": data_identity(parts.splits)})
    return Run(processes.agreed(str(folder)))


def _checkpoint(place: Place, parts: Parts) -> Path | None:
    """Where a Run that was begun goes on; None where it has no checkpoint yet.

    Raises:
        RunError: its data is no longer what it was trained on, or a machine does not have the checkpoint.
    """
    run = place.begun
    assert run is not None
    known = run.environment.get("data", {})
    if changed := [name for name, now in data_identity(parts.splits).items() if known.get(name) != now]:
        what = f"the {' and '.join(changed)} rows are not those that this Run was begun with"
        raise RunError.at(str(run.path), what, "restore the data, or train anew in another folder")
    checkpoints = Checkpoints(run.checkpoints)
    last = processes.agreed(checkpoints.last())
    if processes.first():
        checkpoints.sweep()
    if last is None:
        log.info("no checkpoint yet: beginning again")
    elif not last.is_dir():
        raise RunError.at(str(last), "is not on this machine", "several machines need a folder that all of them see")
    return last


def _train(trainer: BertTrainer, run: Run, checkpoint: Path | None) -> None:
    """Train to the end, from the beginning or a checkpoint.

    Raises:
        Stopped: the training was asked to stop; its last checkpoint is the one to go on from.
    """
    import torch

    try:
        with trainer.interrupt:
            if checkpoint is None:
                trainer.train()
            elif is_final(checkpoint):
                log.info("all steps are done: nothing is left to train")
                trainer.restore(checkpoint)
            else:
                log.info("going on from step %d", step_of(checkpoint))
                trainer.resume(checkpoint)
    except torch.OutOfMemoryError as error:
        batch = trainer.args.per_device_train_batch_size
        todo = "halve it and double train.gradient_accumulation_steps (the result is the same), or lower max_length"
        what = f"{batch}: the memory of {trainer.args.device} is too small"
        raise TrainingError.at("train.per_device_train_batch_size", what, todo) from error
    finally:
        for callback in trainer.callback_handler.callbacks:
            if hasattr(callback, "close"):
                callback.close()
    if trainer.interrupt.stopping:
        state, budget = trainer.state, trainer.budget
        of = f"of {state.max_steps}"
        if budget:
            of = f"after {budget.now() / 60:.1f} of {budget.seconds / 60:g} minutes"
        what = f"stopped at step {state.global_step} {of}, saved"
        raise Stopped.at(str(run.path), what, f"bertkit train {run.path} --resume goes on")


def build_trainer(parts: Parts, run: Run, checkpoint: Path | None = None) -> BertTrainer:
    """The Trainer of checked parts, logging into the Run."""
    from transformers import PrinterCallback
    from transformers.integrations import TensorBoardCallback

    from bertkit.training.budget import Budget
    from bertkit.training.callbacks import LogFile, ShowProgress, StopOnNonFinite, StopWatch
    from bertkit.training.interrupt import Interrupt
    from bertkit.training.trainer import BertTrainer

    args, watch = parts.args, StopWatch()
    minutes = parts.recipe.train.get(train_block.MAX_MINUTES)
    budget = Budget(minutes) if minutes else None
    args.output_dir = str(run.checkpoints)
    callbacks: list[Any] = [watch, StopOnNonFinite(), LogFile(run.log_file), ShowProgress(watch, budget)]
    if TENSORBOARD in reports(parts.recipe) and processes.first():
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(str(run.tensorboard), purge_step=checkpoint and step_of(checkpoint) + 1)
        callbacks.append(TensorBoardCallback(writer))
    try:
        trainer = BertTrainer(
            task=parts.task,
            validation=parts.splits["validation"] if args.eval_strategy != "no" else None,
            metrics=parts.metrics,
            checkpoints=Checkpoints(run.checkpoints),
            interrupt=Interrupt(),
            layer_decay=parts.recipe.train.get(train_block.LAYER_DECAY, 1.0),
            keep=parts.recipe.train["save_total_limit"],
            phases=parts.splits["train"].encoded.phases,
            budget=budget,
            model=parts.model,
            args=args,
            train_dataset=parts.splits["train"].encoded.examples,
            data_collator=parts.task.collator(parts.tokenizer),
            processing_class=parts.tokenizer,
            callbacks=callbacks + parts.callbacks,
        )
    except (ValueError, ImportError) as error:  # keys that do not go with this machine, or with each other
        raise RecipeError.at("train", str(error), "these are Trainer's own words; change the key they name") from error
    trainer.remove_callback(PrinterCallback)
    return trainer


def _announce(parts: Parts, trainer: BertTrainer) -> None:
    from bertkit.training.callbacks import effective_batch

    args = trainer.args
    rows = ", ".join(f"{len(split.rows)} {name}" for name, split in parts.splits.items())
    parameters = sum(p.numel() for p in parts.model.parameters())
    trained = sum(p.numel() for p in parts.model.parameters() if p.requires_grad)
    frozen = f" ({trained:,} trained)" if trained < parameters else ""
    log.info("rows: %s", rows)
    log.info("model: %s, %s parameters%s, on %s", parts.model.config.model_type, f"{parameters:,}", frozen, args.device)
    model: Any = parts.model
    log.info("padding: %s", "none" if model.padding_free else f"batches of like lengths ({model.padded_because})")
    log.info(
        "effective batch: %d rows (%d x %d accumulated x %d processes)",
        *(effective_batch(args), args.train_batch_size, args.gradient_accumulation_steps, args.world_size),
    )
