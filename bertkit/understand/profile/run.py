"""Profile a training: some of its steps are trained in a temporary folder, and no Run is left."""

from __future__ import annotations

import contextlib
import logging
import pickle
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from bertkit import processes
from bertkit.data.held import GONE, lost
from bertkit.errors import BertkitError, Problem, RecipeError, RunError, Setting
from bertkit.fs import cores
from bertkit.inference.checkpoint import is_checkpoint
from bertkit.recipe import train_block
from bertkit.recipe.load import load, resolve
from bertkit.recipe.local import not_there
from bertkit.recipe.places import with_places
from bertkit.recipe.schema import Recipe
from bertkit.run import Run
from bertkit.training.parts import Parts, prepare
from bertkit.training.train import build_trainer, out_of_memory
from bertkit.training.trainer import BertTrainer
from bertkit.understand.profile.bottlenecks import (
    Bottleneck,
    ProfiledRecipe,
    bottlenecks,
    loader_cost,
    workers_to_try,
)
from bertkit.understand.profile.clock import FORWARD
from bertkit.understand.profile.steps import REMEMBERED, TRACED, MeasuredSteps, StepPlan
from bertkit.understand.profile.trace import Tracer
from bertkit.understand.profile.trials import Variant, variants
from bertkit.understand.profile.watch import measure

log = logging.getLogger("bertkit")

LOADER_STEPS = 10
"""Steps at most of the trial with workers."""
MODEL_SHARE = 0.2
"""Share of a step from which on it is tried how forward and backward become faster."""


@dataclass
class Profile:
    """What was measured."""

    name: str
    recipe: Recipe
    device: str
    before: dict[str, float]
    """Seconds before the first step, by stage of `prepare`."""
    rows: dict[str, int]
    """Of each split."""
    examples: int
    """Of the training rows."""
    padding_free: bool
    steps: MeasuredSteps
    tried: list[Variant] = field(default_factory=list)
    with_workers: MeasuredSteps | None = None
    bottlenecks: list[Bottleneck] = field(default_factory=list)
    trace: Tracer | None = None


def profile(name: str, steps: int, *, sets: Any = (), trace: Path | None = None) -> Profile:
    """Train some steps of a recipe, and say what they cost.

    Args:
        name: a recipe, as `bertkit train` takes it, or a Run.
        steps: those that are measured.
        sets: `KEY=VALUE` texts that change the recipe.
        trace: the file of the trace; None: no trace.

    Raises:
        BertkitError: as `bertkit train`; a Run whose data is gone.
    """
    if processes.count() > 1:
        what = "is for a single process"
        raise RecipeError.at("profile", what, "start it without torchrun or --processes")
    with with_places(name, sets), tempfile.TemporaryDirectory(prefix="bertkit-profile-") as folder:
        recipe = _alone(resolve(_recipe(name, sets)))
        before: dict[str, float] = {}
        parts = prepare(recipe, lambda stage: _stage(before, stage))
        return _Training(name, parts, before, Run(Path(folder, "run"))).profile(steps, trace)


@contextlib.contextmanager
def _stage(spent: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    spent[name] = time.perf_counter() - start


def _recipe(name: str, sets: Any) -> Recipe:
    """The recipe of this name, or of this Run."""
    if is_checkpoint(name):
        what = "a checkpoint, which has no training"
        todo = f"name a recipe: bertkit profile classify -s model.name={name} -s data.train=FILE"
        raise RecipeError.at(name, what, todo)
    run = Run(name)
    if not run.is_begun:
        return load(name, sets)
    if run.backend != "torch":
        todo = "name the Run that it was made from, or time it with bertkit speed"
        raise RunError.at(name, "is an exported Run, which has no training", todo)
    recipe = load(run.recipe_file, sets)
    todo = "name where it is now"
    problems = [Problem(key, "not there any more", todo, path, Setting(key, "PATH")) for key, path in not_there(recipe)]
    gone = [
        Problem(f"data.{split}", GONE, "name a file", "", Setting(f"data.{split}", "FILE"))
        for split in lost(recipe.data)
    ]
    if problems or gone:
        raise RunError(*problems, *gone)
    return recipe


def _alone(recipe: Recipe) -> Recipe:
    """A recipe without what reaches out of the training or ends it: trackers, and limits of its own."""
    limits = (train_block.MAX_MINUTES, train_block.MIN_STEPS)
    train = {key: value for key, value in recipe.train.items() if key not in limits}
    if train_block.MAX_MINUTES in recipe.train:
        train.setdefault("num_train_epochs", train_block.ENDLESS)
    return recipe.model_copy(update={"train": {**train, "report_to": "none"}})


class _Training:
    """The parts of a training, and how their steps are measured."""

    def __init__(self, name: str, parts: Parts, before: dict[str, float], run: Run):
        self.name, self.parts, self.before, self.run = name, parts, before, run
        self.args = parts.args
        self.examples = parts.splits["train"].encoded.examples
        self.phased = bool(parts.splits["train"].encoded.phases)
        self.total = self._total()
        self.logging = self._steps_between_logs()

    def profile(self, steps: int, trace: Path | None) -> Profile:
        parts = self.parts
        tracer = None if trace is None else Tracer(trace, TRACED)
        plan = StepPlan(steps, remembered=REMEMBERED, traced=0 if trace is None else TRACED)
        log.info("measuring %d steps, after %d to warm up", plan.measured, plan.warm)
        trainer = self._trainer(plan)
        try:
            steps_of = measure(trainer, plan, tracer)
        except torch.OutOfMemoryError as error:
            raise out_of_memory(self.args) from error
        found = Profile(
            self.name,
            parts.recipe,
            str(self.args.device),
            self.before,
            {name: len(split.rows) for name, split in parts.splits.items()},
            len(self.examples),
            bool(getattr(parts.model, "padding_free", False)),
            steps_of,
            trace=tracer,
        )
        if tracer is not None and (note := tracer.note()):
            log.warning("%s", note)
        model = 1 - loader_cost(found.steps).share
        if model >= MODEL_SHARE and found.steps.means[FORWARD]:
            log.info("trying other batches")
            found.tried = variants(trainer, min(self.args.train_batch_size, len(self.examples)), trained=self.examples)
        del trainer  # with its optimiser: a second one may not fit beside it
        found.with_workers = self._with_workers(found.steps, min(steps, LOADER_STEPS))
        found.bottlenecks = bottlenecks(found.steps, self._known(found), found.tried, found.with_workers)
        return found

    def _with_workers(self, steps: MeasuredSteps, count: int) -> MeasuredSteps | None:
        """The same training with as many workers as seem to be needed; None: none are."""
        number = workers_to_try(steps, cores())
        if number is None:
            return None
        log.info("trying the loader with %d workers", number)
        self.args.dataloader_num_workers = number
        plan = StepPlan(count)
        try:
            return measure(self._trainer(plan), plan)
        except (BertkitError, OSError, RuntimeError, pickle.PicklingError, AttributeError) as error:
            log.warning("the loader with %d workers could not be tried: %s", number, str(error).partition("\n")[0])
            return None

    def _known(self, found: Profile) -> ProfiledRecipe:
        recipe, args = self.parts.recipe, self.args
        names = [one if isinstance(one, str) else next(iter(one)) for one in recipe.callbacks]
        own = [name for name in names if name != "early_stopping"]
        return ProfiledRecipe(
            batch=args.train_batch_size,
            accumulation=args.gradient_accumulation_steps,
            padding_free=recipe.model.padding_free,
            runs_padded=not found.padding_free,
            callbacks=own,
            logging=self.logging,
        )

    def _trainer(self, plan: StepPlan) -> BertTrainer:
        """The Trainer of the recipe for the steps of a plan, without evaluations and checkpoints."""
        from transformers import EarlyStoppingCallback
        from transformers.integrations import INTEGRATION_TO_CALLBACK
        from transformers.trainer_utils import IntervalStrategy, SaveStrategy

        from bertkit.training.callbacks import ShowProgress

        args = self.args
        args.max_steps = max(plan.total, self.total if self.phased else 0)  # the watch ends it; phases are shares of it
        args.eval_strategy, args.save_strategy = IntervalStrategy.NO, SaveStrategy.NO
        args.eval_on_start = False
        args.load_best_model_at_end = False
        args.logging_steps = self.logging
        trackers = tuple({*INTEGRATION_TO_CALLBACK.values()})
        own = [one for one in self.parts.callbacks if not isinstance(one, (EarlyStoppingCallback, *trackers))]
        trainer = build_trainer(replace(self.parts, callbacks=own), self.run)
        for kind in (ShowProgress, type(trainer.interrupt)):  # Ctrl-C ends a profile at once
            trainer.remove_callback(kind)
        return trainer

    def _total(self) -> int:
        """Steps of the whole training."""
        args = self.args
        per_epoch = max(1, len(self.examples) // (args.train_batch_size * args.gradient_accumulation_steps))
        return int(args.max_steps if args.max_steps > 0 else per_epoch * args.num_train_epochs)

    def _steps_between_logs(self) -> int:
        """Steps between two lines of the log in the whole training: of a few steps, its share would be each of them."""
        every = self.args.logging_steps
        return int(every) if every >= 1 else max(1, round(self.total * every))
