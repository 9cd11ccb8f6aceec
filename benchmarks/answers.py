"""How much better than guessing does a `squad` Run answer questions on another kind of text?

Two baselines ignore the question: random words, as many in a row as some right answer has, and the longest sentence of
the text. Decoding, from the model's outputs to the answers, is timed separately.

    python benchmarks/answers.py runs/shifts --data new_wiki_v1.0.json
"""

from __future__ import annotations

import random
import re
import statistics
import time
from pathlib import Path
from typing import Any

from side_by_side import figure, parser, record

from bertkit import Predictor
from bertkit.data.dataset import load
from bertkit.engine.run import run
from bertkit.metrics import METRICS, intervals

ROUNDS = 3


def words_at_random(rows: Any) -> list[str]:
    draw = random.Random(0)
    lengths = [len(golds[0]["text"].split()) for golds in rows["answers"] if golds]
    picked = []
    for context in rows["context"]:
        words = context.split()
        count = min(draw.choice(lengths), len(words))
        start = draw.randrange(len(words) - count + 1)
        picked.append(" ".join(words[start : start + count]))
    return picked


def longest_sentences(rows: Any) -> list[str]:
    return [max(re.split(r"(?<=[.!?])\s+", context), key=len) for context in rows["context"]]


def line(side: str, predictions: list[str], rows: Any) -> dict[str, str]:
    golds = [[gold["text"] for gold in each] for each in rows["answers"]]
    metric = METRICS["squad_v2"]
    figures, spans = metric(predictions, golds), intervals(metric, predictions, golds)
    columns: dict[str, str] = {"answers": side}
    for name in ("exact", "f1"):
        columns |= {name: f"{figures[name]:.1f}", f"{name}, 95%": "{:.1f} to {:.1f}".format(*spans[name])}
    return columns


def main() -> None:
    ask = parser(__doc__, data=False)
    ask.add_argument("run", type=Path, help="a Run folder of the task squad")
    ask.add_argument("--data", type=Path, required=True, help="questions with answers, as SQuAD's JSON")
    args = ask.parse_args()
    predictor = Predictor.open(args.run)
    task = predictor.task
    rows = load([str(args.data)], task.columns, predictor.recipe.data)
    encoded = task.encode(rows, predictor.tokenizer, predictor.limit, answers=False)
    outputs, _ = run(predictor.backend, encoded.examples, predictor.collate)
    spent = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        answers = task.decode(outputs, encoded, rows)
        spent.append(time.perf_counter() - start)
    lines = [
        line("the Run's", [answer["answer"] for answer in answers], rows),
        line("words at random", words_at_random(rows), rows),
        line("the longest sentence", longest_sentences(rows), rows),
    ]
    seconds = statistics.median(spent)
    decoding = {"questions": len(rows), "windows": len(encoded.examples), "seconds": figure(seconds)}
    tables = {
        f"{len(rows):,} questions, scores in percent.": lines,
        f"Decoding, the median of {ROUNDS} times.": [{**decoding, "questions/s": figure(len(rows) / seconds)}],
    }
    record("answers", tables, args, __doc__)


if __name__ == "__main__":
    main()
