"""Does an index keep what it has acknowledged, and what does it cost, with 100,000 documents?

`--data FILE` gives texts (a CSV with a column text), over and over with numbers if it has fewer. MiniLM as a table of
tokens' vectors (`bertkit export --to static`) embeds them, so most of the time is the index's own. Half of them are
built; `bertkit index add` with the other half is killed by SIGKILL at random moments, and begun again each time. After
each kill, every document that a reader had seen before must be there, with its text and its vector. At the end the
index must hold what one holds that was left alone. Then 200 queries are timed in each way.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from embed import some_run
from side_by_side import figure, parser, record, rows_of, say

from bertkit.search.index.about import read_about
from bertkit.search.index.index import Index, Query
from bertkit.search.index.store import Store
from bertkit.shrink.export import ExportRequest, export


def files(texts: list[str], folder: Path) -> tuple[Path, Path]:
    half = len(texts) // 2
    names = folder / "first.jsonl", folder / "second.jsonl"
    for name, numbers in zip(names, (range(half), range(half, len(texts))), strict=True):
        rows = (json.dumps({"id": f"d{n}", "text": texts[n], "number": n}) for n in numbers)
        name.write_text("\n".join(rows) + "\n", "utf-8")
    return names


def bertkit(*arguments: Any) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bertkit", *map(str, arguments)], check=True, capture_output=True)
    return time.perf_counter() - start


def killed(index: Path, second: Path, texts: list[str], draw: random.Random, left: int) -> dict[str, Any]:
    """One kill, and what it left.

    Args:
        left: kills to come, this one included: each comes after about an equal share of what is missing.
    """
    before = Store.open(str(index)).count()
    until = before + draw.randint(0, 2 * (len(texts) - before) // (left + 1))
    process = subprocess.Popen(
        [sys.executable, "-m", "bertkit", "index", "add", str(index), str(second)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(draw.uniform(0, 5) if until == before else 0)
    while (seen := Store.open(str(index)).count()) < until and process.poll() is None:
        time.sleep(0.01)
    time.sleep(draw.uniform(0, 0.3))  # anywhere in a commit
    ended = process.poll() is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    store = Store.open(str(index))
    ids, vectors = store.everything()
    known = store.known(ids[:: max(1, len(ids) // 3000)])
    wrong = sum(row["text"] != texts[row["number"]] for row in known.values())
    wrong += len(ids) - len({*ids}) + int((np.abs(np.linalg.norm(vectors, axis=1) - 1) > 1e-3).sum())
    there = set(range(len(texts) // 2)) | {int(name[1:]) for name in ids}
    lost = max(0, seen - len(ids)) + len(there) - len(ids)
    return {"seen before": f"{seen:,}", "after": f"{len(ids):,}", "lost": lost, "wrong": wrong, "had ended": ended}


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--rows", type=int, default=100_000)
    given.add_argument("--kills", type=int, default=10)
    args = given.parse_args()
    texts = [f"{row['text']} {number}" for number, row in enumerate(rows_of(args.data, args.rows))]
    draw, lines = random.Random(0), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = export(ExportRequest(some_run(folder / "run"), folder / "static", to="static")).path
        first, second = files(texts, folder)
        index, alone = folder / "index", folder / "alone"
        spent = bertkit("index", "build", first, "--model", model, "-o", index)
        for number in range(args.kills):
            lines.append({"kill": number + 1, **killed(index, second, texts, draw, args.kills - number)})
            say(str(lines[-1]))
        more = bertkit("index", "add", index, second)
        bertkit("index", "build", first, "--model", model, "-o", alone)
        bertkit("index", "add", alone, second)
        (ids, vectors), (others, same) = (Store.open(str(one)).everything() for one in (index, alone))
        order, theirs = np.argsort(ids), np.argsort(others)
        equal = sorted(ids) == sorted(others) and np.array_equal(vectors[order], same[theirs])
        opened = Index.open(str(index))
        recall = read_about(opened.store.about(), str(index)).recall
        asked = [texts[n] for n in range(0, len(texts), len(texts) // 200)]
        rows = [{"what": "build of the first half, s", "figure": figure(spent)}]
        rows.append({"what": "the last addition, s", "figure": figure(more)})
        rows.append({"what": "equal to one left alone", "figure": str(equal)})
        rows.append({"what": "recall@10", "figure": f"{recall.recall:.4f}" if recall else ""})
        for by in ("vectors", "words", "hybrid"):
            times = []
            for text in asked:
                start = time.perf_counter()
                opened.search(Query(text, by=by))  # type: ignore[arg-type]
                times.append(time.perf_counter() - start)
            rows.append({"what": f"p50 by {by}, ms", "figure": figure(1000 * float(np.median(times)))})
        size = sum(file.stat().st_size for file in index.rglob("*") if file.is_file())
        rows.append({"what": "disk, MB", "figure": str(size >> 20)})
        rows.append({"what": "memory, MB", "figure": str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)})
    record("index_kills", {"SIGKILL during additions": lines, f"{args.rows:,} documents": rows}, args, __doc__)


if __name__ == "__main__":
    main()
