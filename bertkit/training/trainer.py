"""Hugging Face's Trainer with an exact loss, own batches, complete checkpoints, a time limit and layer-wise rates.

The loss of a step is `(sums / weights).sum()` with the loss weights of the whole effective batch: 16x1, 4x4 and two
processes of 8 give the same loss and gradient. Trainer itself counts labels, for a single loss, and does not divide if
the model's forward takes `**kwargs` (BERT's does), because it assumes that such a model scales its loss.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors import SafetensorError
from transformers import Trainer, TrainerState

from bertkit.engine import memory
from bertkit.engine.backends.torch import TorchBackend
from bertkit.engine.examples import lengths_of
from bertkit.engine.linear import fast
from bertkit.engine.run import means
from bertkit.errors import RecipeError, TrainingError
from bertkit.inference.score import Scores, Split, score
from bertkit.models.layers import spread_learning_rates
from bertkit.run import Run
from bertkit.tasks.task import Task
from bertkit.training.batching import COUNTED, ROWS, Loader, StepSampler, train_loader
from bertkit.training.checkpoints import DATA_MAP, RUNNING, STATE, Checkpoints, damage, running_of, wins_tie
from bertkit.training.phases import PhaseSampler
from bertkit.training.step_loss import CACHED, add_cached
from bertkit.training.watch.budget import VIRTUAL, Budget
from bertkit.training.watch.dynamics import Dynamics
from bertkit.training.watch.interrupt import Interrupt
from bertkit.warn import warn

if TYPE_CHECKING:
    from bertkit.metrics import Metric
    from bertkit.tasks.step_head import StepHead


class BertTrainer(Trainer):
    """A Trainer for a task. It takes many arguments because each is a part that train.py has built already.

    Args:
        task: gives losses, loss weights and decoding.
        validation: the split that `evaluate` scores, tuning the task's thresholds; None: no evaluation.
        metrics: the first figure of the first one chooses the best checkpoint.
        layer_decay: the learning rate of a layer divided by that of the layer above it.
        run: where the checkpoints go.
        keep: number of checkpoints to keep, beside the best and the last; None: all.
        interrupt: requests to save or stop at the end of a step.
        phases: see `Encoded.phases`.
        budget: the time limit; None: the training ends by steps or epochs.
        kwargs: Trainer's own.
    """

    # compute_loss divides by the loss weight of the whole accumulated batch already.
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        *,
        task: Task,
        validation: Split | None,
        metrics: Sequence[Metric],
        run: Run,
        interrupt: Interrupt,
        layer_decay: float = 1.0,
        keep: int | None = None,
        phases: Sequence[tuple[int, float]] = (),
        budget: Budget | None = None,
        **kwargs: Any,
    ):
        self.task, self.validation, self.metrics, self.layer_decay = task, validation, metrics, layer_decay
        self.run, self.checkpoints, self.keep = run, Checkpoints(run.checkpoints), keep
        self.interrupt, self.phases, self.budget = interrupt, phases, budget
        self._resumed: Path | None = None
        self._parts, self._parts_since = cast(Any, 0.0), 0  # (part,): sums since the last logged step, and that step
        self.rows: Sequence[dict[str, Any]] = kwargs["train_dataset"]
        self.dynamics = Dynamics(task.head, self.rows)
        super().__init__(**kwargs, eval_dataset=validation.encoded.examples if validation else None)
        for callback in filter(None, (budget, interrupt)):
            self.add_callback(callback)

    def get_train_dataloader(self) -> Loader:
        """Micro-batches of this process; a step takes the same rows for any number of processes."""
        args = self.args
        sampler: StepSampler = StepSampler(
            lengths_of(self.rows), args.per_device_train_batch_size, args.gradient_accumulation_steps,
            rank=args.process_index, world=args.world_size, seed=args.seed, drop_last=args.dataloader_drop_last,
            bucket=not getattr(self.model, "padding_free", False), draws=self.task.draws,
        )  # fmt: skip
        if self.phases:
            sampler = PhaseSampler.of(sampler, self.phases, args.max_steps, args.num_train_epochs, self.budget)
        return train_loader(
            self.rows, self.data_collator, sampler, rows=self.dynamics.records,
            workers=args.dataloader_num_workers, pin_memory=args.dataloader_pin_memory,
            prefetch=args.dataloader_prefetch_factor, persistent=args.dataloader_persistent_workers,
        )  # fmt: skip

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> torch.Tensor:
        """`(part,)`: the loss weight of all batches of this step in all processes.

        The same exchange shares requests to stop or save, and the clock of the first process.
        """
        weights = [self.task.head.loss_weight(batch) * batch.get(COUNTED, True) for batch in batch_samples]
        weight = torch.stack(weights).sum(0)
        seconds = self.budget.now() if self.budget else 0.0
        if self.accelerator.num_processes > 1:
            clock = int(1000 * seconds) if self.is_world_process_zero() else 0
            shared = torch.cat([weight, weight.new_tensor([*self.interrupt.requests, clock])]).to(device)
            shared = self.accelerator.reduce(shared, reduction="sum")
            stop, save, milliseconds = shared[-3:].tolist()
            self.interrupt.all_requests, seconds, weight = (stop > 0, save > 0), milliseconds / 1000, shared[:-3]
        if self.budget:
            self.budget.begin_step(seconds, self.state)
        return weight.to(device)

    def get_batch_samples(self, *args: Any, **kwargs: Any) -> tuple[list[Any], Any]:
        """The micro-batches of a step; where the loss compares all its rows, with what each needs of the others."""
        batches, weights = super().get_batch_samples(*args, **kwargs)
        if self.task.head.whole_step and batches and (len(batches) > 1 or self.accelerator.num_processes > 1):
            batches = [self._prepare_inputs(batch) for batch in batches]
            with self.compute_loss_context_manager(), fast():
                add_cached(self.task.head, self.model_wrapped, batches, weights, self.accelerator)
        return batches, weights

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        memory.tidy()
        with fast():
            return super().training_step(*args, **kwargs)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        counted, step, rows = inputs.pop(COUNTED, True), inputs.pop(CACHED, None), inputs.pop(ROWS, None)
        head, whole = self.task.head, num_items_in_batch
        outputs = model(**head.inputs(inputs))
        self.dynamics.add(outputs, inputs, rows)
        weights = (head.loss_weight(inputs) if whole is None else whole).to(self.args.device)
        if step is not None:
            parts, loss = step.loss(cast("StepHead", head).features(outputs, inputs), weights)
        else:
            sums = head.losses(outputs, inputs)  # (part,); 0: this process has no row in this micro-batch
            parts = means(sums if counted else sums * 0, weights)
            loss = parts.sum()
        if whole is not None:
            loss = loss * self.accelerator.num_processes  # DDP takes the mean of the gradients, but the loss is a sum
            if head.parts:
                self._parts = self._parts + parts.detach().float() * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        try:
            optimizer: torch.optim.Optimizer = super().create_optimizer(model)
        except (ImportError, ValueError, TypeError) as error:
            what = f"{getattr(self.args.optim, 'value', '')}: {error}"
            raise RecipeError.at("train.optim", what, "adamw_torch needs no other package") from error
        if self.layer_decay < 1:
            spread_learning_rates(optimizer, self.model, self.layer_decay)
        return optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        try:
            scheduler = super().create_scheduler(VIRTUAL if self.budget else num_training_steps, optimizer)
        except (ValueError, TypeError) as error:
            what = f"{getattr(self.args.lr_scheduler_type, 'value', '')}: {error}"
            raise RecipeError.at("train.lr_scheduler_kwargs", what, "transformers documents what it takes") from error
        if self.budget:
            self.budget.follow_time(scheduler)
        return scheduler

    def _get_learning_rate(self) -> float:
        """The rate of the head, which is the recipe's; the first group may be that of a lower layer."""
        assert self.optimizer is not None
        return max(group["lr"] for group in self.optimizer.param_groups)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs and self.task.head.parts:
            steps, self._parts_since = self.state.global_step - self._parts_since, self.state.global_step
            parts = (self.accelerator.reduce(self._parts, reduction="mean") / steps).tolist()
            logs |= {f"loss_{name}": part for name, part in zip(self.task.head.parts, parts, strict=True)}
            self._parts = 0.0
        super().log(logs, start_time)

    def score(self, split: Split, *, tune: bool = False, train: Split | None = None, intervals: bool = False) -> Scores:
        """As `inference.score.score`, in full precision; each row once, for any number of processes."""
        model = self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        how: Any = {"tune": tune, "train": train, "intervals": intervals}
        return score(self.task, TorchBackend(model, self.task.head), split, self.data_collator, self.metrics, **how)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Score the validation split, and log the figures as Trainer does."""
        assert self.validation is not None
        figures = self.score(self.validation, tune=True).figures
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        if tied := wins_tie(self.state, metrics, f"eval_{self.args.metric_for_best_model}"):
            self.state.best_global_step = self.state.global_step
        best = super()._determine_best_metric(metrics, trial) or tied
        self.control.should_save |= best and self.args.load_best_model_at_end  # `save_steps` may be many `eval_steps`
        return best

    def resume(self, checkpoint: Path) -> None:
        """Continue from a checkpoint, also within an epoch, without reading the batches before it."""
        self._resumed = checkpoint
        self.train(resume_from_checkpoint=str(checkpoint))

    def restore(self, checkpoint: Path) -> None:
        """Load the state and weights of a training that ended with this checkpoint."""
        self.state = TrainerState.load_from_json(str(checkpoint / STATE))
        self._find_best()
        best = self.state.best_model_checkpoint if self.args.load_best_model_at_end else None
        self._load_from_checkpoint(best or str(checkpoint))
        self.dynamics.load(checkpoint / DATA_MAP)

    def _run_epoch(self, *args: Any, **kwargs: Any) -> None:
        self.dynamics.epoch = kwargs["epoch"]
        if self._resumed:  # steps since the last logged one count in the next
            self.dynamics.load(self._resumed / DATA_MAP)
            running = running_of(self._resumed)
            self._tr_loss += running["loss"]
            self._globalstep_last_logged = self._parts_since = running["since"]
            if self.task.head.parts:
                self._parts = torch.tensor(running["parts"], device=self.args.device)
            if self.budget:
                self.budget.load_state_dict(running["budget"])
            self._resumed = None
        super()._run_epoch(*args, **kwargs)

    def _init_training_state(self, *args: Any, **kwargs: Any) -> tuple[int, int]:
        done = super()._init_training_state(*args, **kwargs)
        if self._resumed:
            self._find_best()
            callbacks = self.callback_handler.callbacks  # Trainer has recreated those with a state, after it
            callbacks.append(callbacks.pop(callbacks.index(self.interrupt)))
        return done

    def _find_best(self) -> None:
        """Set the path of the best checkpoint, as the Run may have been moved; forget it if it is damaged."""
        if self.state.best_global_step is None:
            return
        best = self.checkpoints.path(self.state.best_global_step)
        if lost := damage(best):
            warn(f"{best}, the best so far, is damaged ({lost}): the best of the next ones is used")
            self.state.best_global_step = self.state.best_metric = None
        self.state.best_model_checkpoint = None if lost else str(best)

    def _load_best_model(self) -> None:
        if harm := damage(Path(best := str(self.state.best_model_checkpoint))):
            raise TrainingError.at(best, f"the best checkpoint is damaged: {harm}", self.run.resume_command)
        super()._load_best_model()

    def _get_output_dir(self, trial: Any) -> str:
        return str(self.checkpoints.aside)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint, then move it into place; a full disk leaves the previous one intact.

        Raises:
            TrainingError: it can not be written.
        """
        step = self.state.global_step
        try:
            super()._save_checkpoint(model, trial)
            loss = self.accelerator.gather(self._tr_loss).mean().item()
            running: dict[str, Any] = {"loss": loss, "since": self._globalstep_last_logged}
            if self.task.head.parts:
                parts = torch.zeros(len(self.task.head.parts), device=self.args.device) + self._parts
                running["parts"] = self.accelerator.reduce(parts, reduction="mean").tolist()
            if self.budget:
                running["budget"] = self.budget.state_dict()
            self.dynamics.save(self.checkpoints.unsealed(step) / DATA_MAP)
            if self.args.should_save:
                (self.checkpoints.unsealed(step) / RUNNING).write_text(json.dumps(running), "utf-8")
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                self.checkpoints.seal(step)
            self.accelerator.wait_for_everyone()
            if self.is_local_process_zero() and self.checkpoints.unsealed(step).is_dir():
                self.checkpoints.seal(step)  # this machine does not share the disk
        except (OSError, RuntimeError, SafetensorError) as error:
            if isinstance(error, RuntimeError) and "writ" not in str(error):  # how torch reports a full disk
                raise
            self.checkpoints.sweep()
            last = self.checkpoints.last()
            todo = f"{f'{last} is complete; ' if last else ''}free some space, then {self.run.resume_command}"
            raise TrainingError.at(str(self.checkpoints.path(step)), f"can not be written: {error}", todo) from error
        if self.state.best_global_step:
            self.state.best_model_checkpoint = str(self.checkpoints.path(self.state.best_global_step))
        if self.args.should_save:
            self.checkpoints.rotate(step, self.keep, self.state.best_global_step)
