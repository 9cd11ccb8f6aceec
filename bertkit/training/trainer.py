"""Hugging Face's Trainer with an exact loss, one way of evaluating, and learning rates by layer.

The loss of a step is `(sums / items).sum()` with the items of the whole effective batch: 16x1, 4x4 and two processes of
8 give the same loss and gradient. Trainer's own count is of label places, knows one kind of item, and its division is
left out for models whose forward takes `**kwargs` (BERT's), which are believed to scale the loss themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import Trainer

from bertkit.errors import RecipeError
from bertkit.models.layers import depths
from bertkit.tasks.scoring import Scores, Split, score
from bertkit.tasks.task import Task

if TYPE_CHECKING:
    from bertkit.metrics import Metric


class BertTrainer(Trainer):
    """Args:
    task: gives losses, items and decoding.
    validation: scored by `evaluate`, tuning the task's thresholds; None evaluates nothing.
    metrics: what is scored; the first figure of the first chooses the best checkpoint.
    layer_decay: factor between the learning rates of a layer and the one above it.
    """

    # compute_loss divides by the items of the whole accumulated batch, so nothing is left to divide.
    loss_is_scaled_for_ga = True

    def __init__(
        self,
        *,
        task: Task,
        validation: Split | None,
        metrics: Sequence[Metric],
        layer_decay: float = 1.0,
        **kwargs: Any,
    ):
        self.task, self.validation, self.metrics, self.layer_decay = task, validation, metrics, layer_decay
        super().__init__(**kwargs, eval_dataset=validation.features.items if validation else None)

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> torch.Tensor:
        """`(part,)`: the items of all batches of this step, in all processes."""
        items = torch.stack([self.task.items(batch) for batch in batch_samples]).sum(0).to(device)
        return self.accelerator.reduce(items, reduction="sum")

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        sums, outputs = self.task.losses(model, inputs)  # (part,)
        if num_items_in_batch is None:
            loss = (sums / self.task.items(inputs).to(sums.device)).sum()
        else:
            # Data parallel takes the mean of the processes' gradients; theirs here are shares of one sum.
            loss = (sums / num_items_in_batch).sum() * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        try:
            optimizer: torch.optim.Optimizer = super().create_optimizer(model)
        except (ImportError, ValueError, TypeError) as error:
            what = f"{getattr(self.args.optim, 'value', '')}: {error}"
            raise RecipeError.at("train.optim", what, "adamw_torch needs nothing more") from error
        if self.layer_decay < 1:
            self._spread_learning_rates(optimizer)
        return optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        try:
            return super().create_scheduler(num_training_steps, optimizer)
        except (ValueError, TypeError) as error:
            what = f"{getattr(self.args.lr_scheduler_type, 'value', '')}: {error}"
            raise RecipeError.at("train.lr_scheduler_kwargs", what, "write what this schedule takes") from error

    def _spread_learning_rates(self, optimizer: torch.optim.Optimizer) -> None:
        """Split each parameter group by depth; embeddings learn slowest, the head at the full rate."""
        assert self.model is not None
        depth_of = {
            id(p): depth
            for (_, p), depth in zip(self.model.named_parameters(), depths(self.model).values(), strict=True)
        }
        top = max(depth_of.values())
        groups = []
        for group in optimizer.param_groups:
            for depth in sorted({depth_of[id(p)] for p in group["params"]}):
                part = [p for p in group["params"] if depth_of[id(p)] == depth]
                rate = group["lr"] * self.layer_decay ** (top - depth)
                groups.append({**group, "params": part, "lr": rate, "initial_lr": rate})
        optimizer.param_groups[:] = groups

    def _get_learning_rate(self) -> float:
        """The rate of the head, which is the recipe's; the first group may be a lower layer's."""
        assert self.optimizer is not None
        return max(group["lr"] for group in self.optimizer.param_groups)

    def score(self, split: Split, *, tune: bool = False, intervals: bool = False) -> Scores:
        """Score the model on a split, in full precision, each row once whatever the number of processes."""
        model = self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        return score(
            self.task, model, split, self.data_collator, self.metrics,
            batch_size=self.args.per_device_eval_batch_size, tune=tune, intervals=intervals,
        )  # fmt: skip

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Score the validation split and report it as Trainer's own evaluation does."""
        assert self.validation is not None
        figures = self.score(self.validation, tune=True).figures
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in figures.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics
