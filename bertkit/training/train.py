"""`train(recipe) -> Run`: the steps of a training, from a recipe to a finished Run.

Every mistake a user can make is checked before the Run folder is made and before the first step.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.errors import BertkitError, Parameter, Problem, RecipeError, RunError, Stopped, TrainingError
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
class Start:
    """What to train, and in which folder."""

    folder: Path
    recipe: Recipe
    """Resolved."""
    begun: Run | None
    """The Run that is resumed."""


def train(
    recipe: Recipe | str | Path, *, output: str | Path | None = None, sets: Sequence[str] = (), resume: bool = False
) -> Run:
    """Train a recipe.

    Args:
        recipe: a Recipe, a YAML file, or the name of a recipe that comes with bertkit; with `resume` also a Run.
        output: the Run folder, new or empty; default `runs/<recipe>-<time>`.
        sets: `KEY=VALUE` texts that change the recipe, if `recipe` is a file or a name.
        resume: continue the Run in `output` from its last checkpoint, or start it if there is none.

    Returns:
        the finished Run, scored on the validation rows and, if the recipe names test rows, once on these.

    Raises:
        BertkitError: a mistake in the recipe, the data, the model or the folder, or a training that had to stop.
        Stopped: stopped by SIGTERM or Ctrl-C; the Run can be resumed.
    """
    if not processes.first():
        log.setLevel(logging.ERROR)
    start = _start(recipe, output, sets, resume)
    if start.begun and start.begun.is_finished:
        log.info("%s is already finished: nothing to train", start.folder)
        return start.begun
    parts = prepare(start.recipe)
    run = start.begun or _create(start.folder, parts)
    trainer = None
    try:
        checkpoint = _checkpoint(start, parts) if start.begun else None
        trainer = build_trainer(parts, run, checkpoint)
        _log_summary(parts, trainer)
        _train(trainer, run, checkpoint)
    except BertkitError:
        nothing_trained = trainer is None or not trainer.state.global_step
        if processes.first() and not start.begun and nothing_trained:  # leave the folder free
            run.discard()
        raise
    from bertkit.training.finish import finish

    finish(parts, run, trainer)
    trainer.accelerator.wait_for_everyone()
    return run


def _start(recipe: Recipe | str | Path, output: str | Path | None, sets: Sequence[str], resume: bool) -> Start:
    if resume and not isinstance(recipe, Recipe) and Path(recipe).is_dir():
        if extra := [Parameter(name) for name, value in (("sets", sets), ("output", output)) if value]:
            what = "a resumed Run keeps its own recipe and folder"
            raise RecipeError(*(Problem(name, what, "leave it out") for name in extra))
        run = Run.begun(recipe)
        join_processes(run.recipe)
        return Start(run.path, run.recipe, run)
    folder = Path(output) if output else default_folder("recipe" if isinstance(recipe, Recipe) else recipe)
    if processes.count() == 1 and not (resume or processes.restarted()):
        Run(folder).check_free()  # before anything is loaded
    full = resolve(recipe if isinstance(recipe, Recipe) else load(recipe, sets))
    join_processes(full)
    again = resume or processes.restarted()
    if again and output is None:
        raise RecipeError.at(Parameter("resume"), "which Run?", "name its folder: bertkit train RUN --resume")
    if again and processes.broadcast(Run(folder).is_begun):
        run = Run.begun(folder)
        if changed := differences(with_label_names(full), run.recipe):
            what = f"{folder} was started with a different {', '.join(changed)}"
            raise RunError.at(Parameter("resume"), what, f"{run.resume_command} continues it with its own recipe")
        return Start(folder, run.recipe, run)
    if processes.first():
        Run(folder).check_free()
    return Start(folder, full, None)


def _create(folder: Path, parts: Parts) -> Run:
    """The Run, created by the first process. The others get its folder from there: its default name has the time."""
    with processes.first_goes_first():
        if processes.first():
            run = Run.create(folder, parts.recipe)
            write_json(run.environment_file, {**run.environment, "data": data_identity(parts.splits)})
    run = Run(processes.broadcast(str(folder)))
    if not processes.first() and run.is_begun:
        run.allow_code()  # the user's list on another machine
    return run


def _checkpoint(start: Start, parts: Parts) -> Path | None:
    """The checkpoint to resume from; None if there is none yet.

    Raises:
        RunError: the data has changed, or a machine does not have the checkpoint.
    """
    run = start.begun
    assert run is not None
    known = run.environment.get("data", {})
    if changed := [name for name, now in data_identity(parts.splits).items() if known.get(name) != now]:
        what = f"the {' and '.join(changed)} rows have changed since this Run was started"
        raise RunError.at(str(run.path), what, "restore the data, or train in a new folder")
    checkpoints = Checkpoints(run.checkpoints)
    last = processes.broadcast(checkpoints.last())
    if processes.first():
        checkpoints.sweep()
    if last is None:
        log.info("no checkpoint yet: starting again")
    elif not last.is_dir():
        raise RunError.at(str(last), "not on this machine", "use a folder that all machines share")
    return last


def _train(trainer: BertTrainer, run: Run, checkpoint: Path | None) -> None:
    """Train to the end, from the start or from a checkpoint.

    Raises:
        Stopped: a signal stopped the training; it can be resumed from its last checkpoint.
    """
    import torch

    try:
        with trainer.interrupt:
            if checkpoint is None:
                trainer.train()
            elif is_final(checkpoint):
                log.info("all steps are done: nothing to train")
                trainer.restore(checkpoint)
            else:
                log.info("resuming from step %d", step_of(checkpoint))
                trainer.resume(checkpoint)
    except pickle.UnpicklingError as error:  # torch loads weights and numbers, and no other objects
        what = f"holds something else than the state of a training: {str(error).splitlines()[0]}"
        raise RunError.at(
            str(checkpoint or run.checkpoints), what, "remove it: an older one is taken, if any"
        ) from error
    except torch.OutOfMemoryError as error:
        batch = trainer.args.per_device_train_batch_size
        todo = "halve it and double train.gradient_accumulation_steps (the result is the same), or lower max_length"
        what = f"{batch}: out of memory on {trainer.args.device}"
        raise TrainingError.at("train.per_device_train_batch_size", what, todo) from error
    finally:
        for callback in trainer.callback_handler.callbacks:
            if hasattr(callback, "close"):
                callback.close()
    if trainer.interrupt.stopping:
        state, budget = trainer.state, trainer.budget
        done = f"of {state.max_steps}"
        if budget:
            done = f"after {budget.now() / 60:.1f} of {budget.seconds / 60:g} minutes"
        what = f"stopped at step {state.global_step} {done}, saved"
        raise Stopped.at(str(run.path), what, f"{run.resume_command} continues it")


def build_trainer(parts: Parts, run: Run, checkpoint: Path | None = None) -> BertTrainer:
    """The Trainer for checked parts; it logs into the Run."""
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
            run=run,
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
    except (ValueError, ImportError) as error:  # keys that do not fit this machine or each other
        raise RecipeError.at("train", str(error), "a message of Trainer: change the key that it names") from error
    trainer.remove_callback(PrinterCallback)
    return trainer


def _log_summary(parts: Parts, trainer: BertTrainer) -> None:
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
