"""`train(recipe) -> Run`: the steps of a training, from a recipe to a finished Run.

Every mistake a user can make is checked before the Run folder is made and before the first step.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import processes
from bertkit.data.held import held
from bertkit.energy.request import wanted
from bertkit.errors import BertkitError, RecipeError, RunError, Stopped, TrainingError, WriteError
from bertkit.files.lock import one_writer
from bertkit.fs import FULL
from bertkit.recipe import train_block
from bertkit.recipe.places import with_places
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import Sets
from bertkit.run import Run
from bertkit.training.checkpoints import is_final, step_of
from bertkit.training.inputs import TENSORBOARD, reports
from bertkit.training.parts import Parts, data_identity, log_summary, model_identity, prepare
from bertkit.training.resume import last_checkpoint
from bertkit.training.start import Start, start_of
from bertkit.training.watch.energy import TrainingEnergy, training_energy
from bertkit.warn import Warned, collect

if TYPE_CHECKING:
    from bertkit.training.trainer import BertTrainer

log = logging.getLogger("bertkit")


def train(
    recipe: Recipe | str | Path | Mapping[str, Any], *,
    data: Any = None, output: str | Path | None = None, sets: Sets = (), resume: bool = False,
) -> Run:  # fmt: skip
    """Train a recipe.

    Args:
        recipe: a Recipe, a dict of its blocks, a YAML file, or the name of a recipe that comes with bertkit; with
            `resume` also a Run.
        data: rows in place of the recipe's data, `{"train": ..., "validation": ..., "test": ...}`, or the training rows
            alone. Each is a DataFrame (pandas, polars), a Dataset, an Arrow table, a list of dicts or tuples, a dict of
            columns, or the name of a file. The Run keeps a hash of rows in memory, and not the rows: to resume it, pass
            them again.
        output: the Run folder, new or empty; default `runs/<recipe>-<time>`.
        sets: `KEY=VALUE` texts, or a dict, that change the recipe, unless it is a Recipe; of a Run that is resumed,
            only where its data and its model lie now.
        resume: continue the Run in `output` from its last checkpoint, or start it if there is none.

    Returns:
        the finished Run, scored on the validation rows and, if the recipe names test rows, once on these.

    Raises:
        BertkitError: a mistake in the recipe, the data, the model or the folder, or a training that had to stop.
        Stopped: stopped by SIGTERM, SIGHUP or Ctrl-C; the Run can be resumed.
    """
    if not processes.first():
        log.setLevel(logging.ERROR)
    with collect() as warnings, with_places(recipe, sets):
        start = start_of(recipe, data, output, sets, resume=resume)
        with held(start.held):
            return _trained(start, warnings)


def _trained(start: Start, warnings: list[Warned]) -> Run:
    """The finished Run of a training."""
    if not (start.begun and start.begun.is_finished):
        with _one_writer(start) as folder:
            if not (start.begun and processes.broadcast(start.begun.is_finished)):  # by another process, just now
                with training_energy(start.begun, cpu=bool(start.recipe.train.get("use_cpu"))) as energy:
                    return _work(replace(start, folder=folder), warnings, energy)
    log.info("%s is already finished: nothing to train", start.folder)
    run = Run(start.folder)
    if wanted() and "energy" not in run.metrics:
        log.warning("%s: --energy has no effect on a finished Run; train into a new folder", run.path)
    return run


@contextlib.contextmanager
def _one_writer(start: Start) -> Iterator[Path]:
    """Hold the Run's folder, in the first process. The others wait for its name, as it may get a number."""
    with contextlib.ExitStack() as stack:
        folder = start.folder
        if processes.first():
            folder = stack.enter_context(one_writer(folder, numbered=start.numbered))
            if start.begun is None:
                Run(folder).check_free()
        yield Path(processes.broadcast(str(folder)))


def _work(start: Start, warnings: list[Warned], energy: TrainingEnergy | None) -> Run:
    """Train, while this process or the first one holds the folder."""
    parts = prepare(start.recipe)
    run = start.begun or _create(start, parts)
    if energy:
        energy.keep_in(run)
    trainer = None
    try:
        checkpoint = last_checkpoint(start.begun, start.recipe, parts) if start.begun else None
        trainer = build_trainer(parts, run, checkpoint)
        log_summary(parts, trainer)
        with _folder(run):
            _train(trainer, run, checkpoint)
    except BertkitError:
        nothing_trained = trainer is None or not trainer.state.global_step
        if processes.first() and not start.begun and nothing_trained:  # leave the folder free
            run.discard()
        raise
    from bertkit.training.finish import finish

    with _folder(run):
        finish(parts, run, trainer, warnings, energy)
    trainer.accelerator.wait_for_everyone()
    return run


@contextlib.contextmanager
def _folder(run: Run) -> Iterator[None]:
    """Raise a TrainingError where the Run's folder was removed meanwhile, whatever failed by that, or is full."""
    failed: Exception | None = None
    try:
        yield
    except Exception as error:
        failed = error
    if processes.first() and not run.is_begun:
        todo = "train again, into a folder that nothing cleans up"
        raise TrainingError.at(str(run.path), "was removed during the training", todo) from failed
    todo = f"free some space, then {run.resume_command}"
    if isinstance(failed, WriteError):
        raise TrainingError(*(replace(problem, remedy=todo) for problem in failed.problems)) from failed
    if isinstance(failed, OSError) and failed.errno in FULL:
        raise TrainingError.at(str(failed.filename or run.path), f"{failed.strerror}", todo) from failed
    if failed:
        raise failed


def _create(start: Start, parts: Parts) -> Run:
    """The Run, created by the first process."""
    about: dict[str, Any] = {"data": data_identity(parts.splits), "model": model_identity(parts.recipe)}
    if start.rows:
        about["sources"] = {split: str(rows) for split, rows in start.rows.items()}
    with processes.first_goes_first():
        if processes.first():
            Run.create(start.folder, parts.recipe, about)
        else:
            Run(start.folder).allow_code()  # for the user on another machine
    return Run(start.folder)


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
        what = "holds something else than the state of a training"
        raise RunError.at(str(checkpoint), what, "remove it: an older one is taken, if any") from error
    except torch.OutOfMemoryError as error:
        raise out_of_memory(trainer.args) from error
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


def out_of_memory(args: Any) -> BertkitError:
    """A batch of a training does not fit."""
    todo = "halve it and double train.gradient_accumulation_steps (the result is the same), or lower max_length"
    what = f"{args.per_device_train_batch_size}: out of memory on {args.device}"
    return TrainingError.at("train.per_device_train_batch_size", what, todo)


def build_trainer(parts: Parts, run: Run, checkpoint: Path | None = None) -> BertTrainer:
    """The Trainer for checked parts; it logs into the Run."""
    from transformers import PrinterCallback
    from transformers.integrations import TensorBoardCallback

    from bertkit.training.callbacks import LogFile, ShowProgress, StopOnNonFinite, StopWatch
    from bertkit.training.trainer import BertTrainer
    from bertkit.training.watch.budget import Budget
    from bertkit.training.watch.interrupt import Interrupt
    from bertkit.training.watch.trackers import guard

    args, watch = parts.args, StopWatch()
    minutes = parts.recipe.train.get(train_block.MAX_MINUTES)
    budget = Budget(minutes) if minutes else None
    args.output_dir = str(run.checkpoints)
    args.run_name = args.run_name or run.path.resolve().name
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
    guard(trainer)
    return trainer
