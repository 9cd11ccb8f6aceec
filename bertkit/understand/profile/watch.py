"""A Trainer whose phases are timed: its own methods, each within a phase of the clock.

Nothing of the training is changed: the methods of this one object are wrapped, and the steps are those of `StepPlan`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from bertkit.errors import TrainingError
from bertkit.training.trainer import BertTrainer
from bertkit.understand.profile import clock as phases
from bertkit.understand.profile.clock import LOADING, PhaseClock
from bertkit.understand.profile.loading import CARRIED, TimedCollate, TimedExamples, tokenizing
from bertkit.understand.profile.memory import MemoryPeak
from bertkit.understand.profile.steps import Batches, MeasuredSteps, StepPlan
from bertkit.understand.profile.trace import Tracer


def measure(trainer: BertTrainer, plan: StepPlan, tracer: Tracer | None = None) -> MeasuredSteps:
    """Train the steps of a plan; the trainer's `max_steps` are at least these.

    Args:
        tracer: records the last steps, where the plan has some for it.

    Raises:
        TrainingError: something ended the training before.
    """
    watch = _Watch(trainer, plan, tracer)
    with tokenizing(trainer.processing_class, watch.clock):
        try:
            trainer.train()
        finally:
            if tracer is not None:
                tracer.close()
    if watch.done < plan.warm + plan.measured + plan.remembered or (tracer is not None and not tracer.written):
        what = f"the training ended after {watch.done} steps, before all were measured"
        raise TrainingError.at("profile", what, "a callback may have stopped it: leave that out, or lower --steps")
    return watch.measured


class _Watch:
    """Wraps the methods of a trainer, and divides its steps."""

    def __init__(self, trainer: BertTrainer, plan: StepPlan, tracer: Tracer | None):
        self.trainer, self.plan, self.tracer = trainer, plan, tracer
        self.device = trainer.args.device.type
        self.clock = PhaseClock(_synchronize(self.device))
        self.measured = MeasuredSteps(workers=trainer.args.dataloader_num_workers)
        self.done = 0
        self.now = Batches()
        self._wrap_loading()
        self._within("_prepare_inputs", phases.TRANSFER)
        self._within("compute_loss", phases.FORWARD)
        for name in ("_clip_grad_norm", "_get_grad_norm"):
            self._within(name, phases.OPTIMISER)
        self._within("backward", phases.BACKWARD, of=trainer.accelerator)
        self._wrap_steps()

    def _within(self, name: str, phase: str, of: Any = None) -> None:
        """Make a method count as a phase."""
        of = self.trainer if of is None else of
        method = getattr(of, name)

        @functools.wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self.clock.phase(phase):
                return method(*args, **kwargs)

        setattr(of, name, call)

    def _wrap_loading(self) -> None:
        trainer, clock = self.trainer, self.clock
        trainer.rows = TimedExamples(trainer.rows, clock)
        loader_of, batches_of = trainer.get_train_dataloader, trainer.get_batch_samples
        # a loss over all rows of a step runs the model once more, right after the batches are there
        around = phases.FORWARD if trainer.task.head.whole_step else phases.OTHER

        def get_train_dataloader() -> Any:
            loader: Any = loader_of()
            loader.collate_fn = TimedCollate(loader.collate_fn, clock)
            return loader

        def get_batch_samples(batches: Iterator[Any], *args: Any, **kwargs: Any) -> Any:
            with clock.phase(around):
                return batches_of(self._timed(batches), *args, **kwargs)

        setattr(trainer, "get_train_dataloader", get_train_dataloader)  # noqa: B010 - of this object alone
        setattr(trainer, "get_batch_samples", get_batch_samples)  # noqa: B010

    def _timed(self, batches: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        while True:
            with self.clock.phase(phases.WAITING):
                batch = next(batches, None)
            if batch is None:
                return
            with self.clock.uncounted():
                self._count(batch)
            yield batch

    def _count(self, batch: dict[str, Any]) -> None:
        examples, *seconds = batch.pop(CARRIED).tolist()
        now = self.now
        now.micro += 1
        now.examples += int(examples)
        for phase, spent in zip(LOADING, seconds, strict=True):
            now.workers[phase] += spent
        tokens, padded = tokens_of(batch)
        now.tokens += tokens
        now.padded += padded

    def _wrap_steps(self) -> None:
        handler: Any = self.trainer.callback_handler
        call_event, training_step = handler.call_event, self.trainer.training_step

        def call(event: str, *args: Any, **kwargs: Any) -> Any:
            if event == "on_step_end":
                self.clock.end()  # the optimiser
            with self.clock.phase(phases.CALLBACKS):
                control = call_event(event, *args, **kwargs)
            if event == "on_pre_optimizer_step":
                self.clock.begin(phases.OPTIMISER)
            elif event == "on_step_end":
                self._end_step(control)
            return control

        def step(*args: Any, **kwargs: Any) -> Any:
            loss = training_step(*args, **kwargs)
            if self.tracer is not None and self.tracer.probing:
                self.tracer.end_micro_batch()
            return loss

        handler.call_event = call
        setattr(self.trainer, "training_step", step)  # noqa: B010

    def _end_step(self, control: Any) -> None:
        """Put away what was measured in this step, and prepare for the next."""
        seconds, batches = self.clock.take(), self.now
        self.now = Batches()
        self.done += 1
        plan = self.plan
        first, last = plan.warm, plan.warm + plan.measured
        if first < self.done <= last:
            self.measured.seconds.append(seconds)
            self.measured.batches.append(batches)
        end = last + plan.remembered
        if self.done == last and plan.remembered:
            self._remember()
        elif self.done == end:
            self.clock.memory = None
        control.should_evaluate = control.should_save = False  # a callback may ask for both
        if self.done >= end:
            finished = True
            if plan.traced and self.tracer is not None:
                finished = self.tracer.end_step(batches.micro, self.clock)
            control.should_training_stop |= finished
        self.clock.take()

    def _remember(self) -> None:
        memory = MemoryPeak(self.device)
        memory.take()
        self.clock.memory, self.clock.peaks = memory, self.measured.peaks
        self.measured.memory = memory.what


def tokens_of(batch: dict[str, Any]) -> tuple[int, int]:
    """Tokens of a batch, without padding and with it."""
    ids = batch.get("input_ids")
    mask = batch.get("attention_mask")
    one = mask if mask is not None else ids
    if one is None:
        return 0, 0
    return int(mask.sum()) if mask is not None else one.numel(), one.numel()


def _synchronize(device: str) -> Any:
    """What waits for a device to finish its work; None for the processor, which computes at once."""
    import torch

    return None if device == "cpu" else torch.accelerator.synchronize
