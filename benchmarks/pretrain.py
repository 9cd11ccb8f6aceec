"""How many tokens per second does `task: pretrain` train on, against transformers' Trainer with BertForMaskedLM?

Both start from the same random weights and see the same packed rows, with the same masks, in the same steps, with the
same schedule, optimizer (fused AdamW), clipping and logging. Trainer's batches are masked and padded in advance,
which costs it nothing; bertkit's are masked during training. Dropout is 0 and losses are compared step by step: the
script stops if a side computes something else. The second table times the masked-language-modelling head by itself,
forward and backward: on the masked tokens only, as bertkit calls it, and on all tokens, as BertForMaskedLM does.
"""

from __future__ import annotations

import copy
import itertools
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import finetune
import gpu
import numpy as np
import torch
from side_by_side import figure, in_turns, parser, record, rows_of, say, table
from transformers import BertForMaskedLM, PrinterCallback, Trainer, TrainingArguments

from bertkit.engine.linear import fast
from bertkit.recipe.load import resolve
from bertkit.recipe.schema import Recipe
from bertkit.run import Run
from bertkit.training import callbacks
from bertkit.training.parts import Parts, prepare
from bertkit.training.train import build_trainer
from bertkit.training.watch import interrupt

SMALL = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
WORDS = 30_522
"""Of BERT's vocabulary: the made-up texts know fewer, but all have a row in the head."""
ROW = 128


@dataclass(frozen=True)
class Setting:
    shape: dict[str, int]
    batch: int
    chunk: int
    """Steps a round."""
    rounds: int
    bf16: bool

    @property
    def steps(self) -> int:
        return self.chunk * (self.rounds + 1)  # the first round warms up


def recipe(setting: Setting, folder: Path) -> Recipe:
    rows = rows_of(None, setting.steps * setting.batch * ROW // 10 + 2000)
    (folder / "train.txt").write_text("\n\n".join(row["text"] for row in rows), "utf-8")
    model = gpu.model_block(folder / "tokenizer", setting.shape)
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "vocab_size": WORDS}
    train = {
        "max_steps": setting.steps, "per_device_train_batch_size": setting.batch, "learning_rate": 1e-4,
        "eval_strategy": "no", "logging_steps": 1, "report_to": "none", "bf16": setting.bf16,
    }  # fmt: skip
    data = {"train": str(folder / "train.txt"), "validation_ratio": 0.02, "limit": {"validation": 16}}
    values = {"task": "pretrain", "model": {**model, "scratch": {**model["scratch"], **still}}, "data": data}
    return resolve(Recipe.model_validate({**values, "options": {"max_length": ROW}, "train": train}))


def dense(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The batch as BertForMaskedLM takes it: a label for every place, -100 where there is none."""
    labels = torch.full_like(batch["input_ids"], -100)
    labels.view(-1)[batch["places"]] = batch["labels"]
    return {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids") if name in batch} | {
        "labels": labels
    }


def plain(parts: Parts, setting: Setting, batches: list[dict[str, torch.Tensor]], folder: Path) -> Trainer:
    """transformers' Trainer with the same weights and batches."""
    model: Any = parts.model
    config = copy.deepcopy(model.config)
    config._attn_implementation = "sdpa"
    twin = BertForMaskedLM(config)
    twin.load_state_dict(model.state_dict())
    cuda = torch.cuda.is_available()
    args = TrainingArguments(
        output_dir=str(folder / "plain"), train_sampling_strategy="sequential", seed=parts.args.seed,
        max_steps=setting.steps, per_device_train_batch_size=1, learning_rate=parts.args.learning_rate,
        warmup_steps=parts.args.warmup_steps, weight_decay=parts.args.weight_decay, logging_steps=1,
        save_strategy="no", report_to="none", disable_tqdm=True, logging_nan_inf_filter=False, bf16=setting.bf16,
        dataloader_pin_memory=cuda, use_cpu=not cuda, remove_unused_columns=False,
    )  # fmt: skip
    given: Any = batches
    trainer = Trainer(model=twin, args=args, train_dataset=given, data_collator=lambda items: items[0])
    trainer.remove_callback(PrinterCallback)
    return trainer


def training(setting: Setting, folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, list[float]]]:
    """Lines of the table, how far the sides are apart, and the seconds of each round."""
    parts = prepare(recipe(setting, folder))
    begin = {name: tensor.clone() for name, tensor in parts.model.state_dict().items()}
    ours: Any = build_trainer(parts, Run.create(folder / "run", parts.recipe))
    ours.remove_callback(callbacks.ShowProgress)
    batches = list(itertools.islice(ours.get_train_dataloader(), setting.steps))
    if len(batches) < setting.steps:
        raise SystemExit(f"too few rows for {setting.steps} steps of {setting.batch}")
    theirs = plain(parts, setting, [dense(batch) for batch in batches], folder)
    sides = {
        "bertkit": finetune.Stepwise(ours, setting.chunk),
        "Trainer, BertForMaskedLM": finetune.Stepwise(theirs, setting.chunk),
    }
    try:
        seconds = in_turns(sides, setting.rounds)
    finally:
        for side in sides.values():
            side.stop()
    timed = batches[setting.chunk :]
    tokens = sum(int(batch["attention_mask"].sum()) for batch in timed)
    apart = dict(finetune.agree(ours, theirs, begin))
    if not setting.bf16:
        assert apart["loss"] < finetune.LOSS, apart
    lines = table(seconds, tokens // setting.rounds, "tokens/s")
    lines[1] |= {"loss differs by": f"{apart['loss']:.1g}", "weights by": f"{apart['weights']:.1g}"}
    if torch.cuda.is_available():
        masked = sum(len(batch["labels"]) for batch in timed)
        hidden = setting.shape["hidden_size"]
        lengths = np.concatenate([batch["attention_mask"].sum(1).numpy() for batch in timed])
        work = gpu.operations(lengths, setting.shape) + 6.0 * masked * hidden * (hidden + WORDS)
        for line in lines:
            rate, most = work / sum(seconds[line["side"]]), gpu.peak()
            line |= {"useful TFLOP/s": figure(rate / 1e12), "of peak": f"{rate / most:.0%}" if most else "unknown card"}
    return lines, apart, seconds


def head(setting: Setting) -> tuple[list[dict[str, Any]], dict[str, list[float]]]:
    """The head alone, on a batch of full rows of which 15% are masked."""
    from transformers import BertConfig

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = {name: value for name, value in setting.shape.items() if name != "vocab_size"}
    module = BertForMaskedLM(BertConfig(**shape, vocab_size=WORDS)).cls.to(device)
    hidden = torch.randn(setting.batch, ROW, setting.shape["hidden_size"], device=device, requires_grad=True)
    labels = torch.full((setting.batch, ROW), -100, device=device)
    for row in range(setting.batch):
        labels[row, torch.randperm(ROW, device=device)[: round(0.15 * ROW)]] = row + 5
    places = (labels.flatten() != -100).nonzero()[:, 0]

    def step(scores: Callable[[], torch.Tensor], right: torch.Tensor) -> None:
        with torch.autocast(device, torch.bfloat16, enabled=setting.bf16):
            loss = torch.nn.functional.cross_entropy(scores().float(), right)
        loss.backward()
        module.zero_grad()
        if device == "cuda":
            torch.cuda.synchronize()

    def sparse() -> None:
        with fast():
            step(lambda: module(hidden.flatten(0, 1).index_select(0, places)[None])[0], labels.flatten()[places])

    seconds = in_turns(
        {
            "bertkit, masked tokens": sparse,
            "BertForMaskedLM, all tokens": lambda: step(lambda: module(hidden).flatten(0, 1), labels.flatten()),
        },
        setting.rounds,
    )
    return table(seconds, setting.batch * ROW, "tokens/s"), seconds


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--rounds", type=int, default=8)
    given.add_argument("--chunk", type=int, default=4, help="steps a round")
    given.add_argument("--batch", type=int, default=32)
    given.add_argument("--base", action="store_true", help="a BERT of base size, in bf16, as on a GPU")
    args = given.parse_args()
    interrupt.EVERY = float("inf")  # no checkpoint by the clock, which also runs while the other trains
    shape = {**(gpu.BASE if args.base else SMALL), "vocab_size": WORDS}
    setting = Setting(shape, args.batch, args.chunk, args.rounds, bf16=args.base)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BERTKIT_CACHE"] = str(Path(folder, "cache"))
        lines, apart, seconds = training(setting, Path(folder))
    alone, spent = head(setting)
    size = f"{shape['num_hidden_layers']} layers of {shape['hidden_size']}, {WORDS:,} words"
    caption = f"Training steps of {args.batch} packed rows of {ROW}: {size}"
    tables = {caption: lines, "The masked-word head alone": alone}
    name = "pretrain-gpu" if torch.cuda.is_available() else "pretrain"
    record(name, tables, args, __doc__, seconds=seconds, head=spent, agreement=apart)
    say(f"losses agree step by step to {finetune.LOSS:g}" if not setting.bf16 else "")


if __name__ == "__main__":
    main()
