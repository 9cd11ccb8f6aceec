"""Which engine should hold an index: LanceDB, Milvus Lite, or files of usearch or faiss?

Each takes the same random vectors of 384 numbers around 1,000 centres, with an id and a Chinese or English text, in
additions of 1,000 rows that are acknowledged one by one. Measured: time to build, recall@10 against exact search, the
median time of a query, memory, bytes on disk, and what a process that is killed by SIGKILL during an addition leaves:
how many acknowledged rows are gone, and whether the index opens. Full-text search is asked for a Chinese word that 20
documents hold. An engine that is not installed is left out.

    pip install lancedb 'pymilvus[milvus_lite]' usearch faiss-cpu
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import figure, parser, record, say

SIZE, STEP = 384, 1000
WORD = "蜘蛛网"


def vectors(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(1000, SIZE))
    found = centres[rng.integers(0, 1000, count)] + rng.normal(size=(count, SIZE))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def text(number: int) -> str:
    if number % 5000 == 17:
        return f"墙角有一张{WORD}，第{number}号文件"
    return f"第{number}号文件说的是别的事情" if number % 2 else f"document {number} is about another thing"


class Lance:
    name = "LanceDB"

    def __init__(self, folder: Path):
        import lancedb

        self.base = lancedb.connect(folder)
        listed: Any = self.base.list_tables()
        self.table = self.base.open_table("rows") if "rows" in listed.tables else None

    def add(self, numbers: list[int], some: np.ndarray) -> None:
        rows = [{"id": n, "text": text(n), "vector": v} for n, v in zip(numbers, some, strict=True)]
        if self.table is None:
            self.table = self.base.create_table("rows", rows)
        else:
            self.table.add(rows)

    def finish(self) -> None:
        self.table.optimize()
        self.table.create_index(metric="cosine", vector_column_name="vector", index_type="IVF_HNSW_SQ")

    def nearest(self, vector: np.ndarray) -> list[int]:
        search = self.table.search(vector).distance_type("cosine").select(["id"]).limit(10)
        return [row["id"] for row in search.to_list()]

    def ids(self) -> set[int]:
        return set(self.table.to_arrow()["id"].to_pylist()) if self.table is not None else set()

    def words(self, query: str) -> list[int]:
        self.table.create_fts_index("text")
        return [row["id"] for row in self.table.search(query, query_type="fts").limit(100).to_list()]


class LanceExact(Lance):
    name = "LanceDB, without an index of vectors"

    def finish(self) -> None:
        self.table.optimize()


class Milvus:
    name = "Milvus Lite"

    def __init__(self, folder: Path):
        from pymilvus import MilvusClient

        folder.mkdir(exist_ok=True, parents=True)
        self.client = MilvusClient(str(folder / "index.db"))
        if not self.client.has_collection("rows"):
            from pymilvus import DataType

            schema = self.client.create_schema(auto_id=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("text", DataType.VARCHAR, max_length=1000)
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=SIZE)
            kinds = self.client.prepare_index_params()
            kinds.add_index("vector", index_type="FLAT", metric_type="COSINE")
            self.client.create_collection("rows", schema=schema, index_params=kinds)
        self.client.load_collection("rows")

    def add(self, numbers: list[int], some: np.ndarray) -> None:
        rows = [{"id": n, "text": text(n), "vector": v.tolist()} for n, v in zip(numbers, some, strict=True)]
        self.client.insert("rows", rows)

    def finish(self) -> None:
        self.client.flush("rows")

    def nearest(self, vector: np.ndarray) -> list[int]:
        return [hit["id"] for hit in self.client.search("rows", data=[vector.tolist()], limit=10)[0]]

    def ids(self) -> set[int]:
        found = self.client.query("rows", filter="id >= 0", output_fields=["id"], limit=16384 * 100)
        return {row["id"] for row in found}

    def words(self, query: str) -> list[int]:
        found = self.client.query("rows", filter=f'TEXT_MATCH(text, "{query}")', output_fields=["id"])
        return [row["id"] for row in found]


class Usearch:
    name = "usearch, saved after each addition"

    def __init__(self, folder: Path):
        from usearch.index import Index

        folder.mkdir(exist_ok=True, parents=True)
        self.file = folder / "index.usearch"
        self.index = Index(ndim=SIZE, metric="cos")
        if self.file.exists():
            self.index.load(str(self.file))

    def add(self, numbers: list[int], some: np.ndarray) -> None:
        self.index.add(np.array(numbers), some)
        self.index.save(str(self.file))

    def finish(self) -> None:
        pass

    def nearest(self, vector: np.ndarray) -> list[int]:
        return [int(key) for key in self.index.search(vector, 10).keys]

    def ids(self) -> set[int]:
        return {int(key) for key in self.index.keys}

    words = None


class Faiss:
    name = "faiss HNSW, saved after each addition"

    def __init__(self, folder: Path):
        import faiss

        folder.mkdir(exist_ok=True, parents=True)
        self.file = folder / "index.faiss"
        if self.file.exists():
            self.index = faiss.read_index(str(self.file))
        else:
            self.index = faiss.IndexIDMap(faiss.IndexHNSWFlat(SIZE, 32, faiss.METRIC_INNER_PRODUCT))

    def add(self, numbers: list[int], some: np.ndarray) -> None:
        import faiss

        self.index.add_with_ids(some, np.array(numbers))
        faiss.write_index(self.index, str(self.file))

    def finish(self) -> None:
        pass

    def nearest(self, vector: np.ndarray) -> list[int]:
        return self.index.search(vector[None], 10)[1][0].tolist()

    def ids(self) -> set[int]:
        import faiss

        return set(faiss.vector_to_array(self.index.id_map).tolist())

    words = None


ENGINES: dict[str, tuple[Any, str]] = {
    "lance": (Lance, "lancedb"),
    "lance-exact": (LanceExact, "lancedb"),
    "milvus": (Milvus, "milvus_lite"),
    "usearch": (Usearch, "usearch"),
    "faiss": (Faiss, "faiss"),
}


def build(engine: Any, count: int) -> float:
    some = vectors(count)
    start = time.perf_counter()
    for first in range(0, count, STEP):
        engine.add(list(range(first, min(first + STEP, count))), some[first : first + STEP])
        say(f"acknowledged {first + STEP}")
    return time.perf_counter() - start


def measured(kind: Any, folder: Path, count: int) -> dict[str, Any]:
    """In a process of its own, so that its memory is an engine's alone."""
    engine, queries, some = kind(folder), vectors(200, seed=1), vectors(count)
    spent = build(engine, count)
    start = time.perf_counter()
    engine.finish()
    last = time.perf_counter() - start
    exact = [set(np.argsort(-(some @ query))[:10].tolist()) for query in queries]
    times, hits = [], 0
    engine.nearest(queries[0])
    for query, right in zip(queries, exact, strict=True):
        start = time.perf_counter()
        found = engine.nearest(query)
        times.append(time.perf_counter() - start)
        hits += len(right & set(found))
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    right = {n for n in range(count) if WORD in text(n)}
    lexical = "none"
    if engine.words:
        try:
            given = engine.words(WORD)
            lexical = f"{len(right & set(given))} of {len(right)} among {len(given)}"
        except Exception as error:
            lexical = f"{type(error).__name__}: {error}"[:60]
    return {
        "add, s": figure(spent),
        "index, s": figure(last),
        "recall@10": f"{hits / 2000:.3f}",
        "p50, ms": figure(1000 * float(np.median(times))),
        "memory, MB": f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}",
        "disk, MB": f"{size >> 20}",
        f"finds {WORD}": lexical,
    }


def killed(name: str, folder: Path, count: int, moments: int) -> str:
    """Acknowledged rows that are gone, and indexes that do not open, over so many kills."""
    lost = broken = 0
    for number in range(moments):
        home = folder / f"{name}-{number}"
        process = subprocess.Popen(
            [sys.executable, __file__, "--add", name, str(home), str(count)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        done, line = 0, process.stdout.readline()
        deadline = time.monotonic() + random.Random(number).uniform(0.05, 1.5)
        while line.startswith("acknowledged") and time.monotonic() < deadline:
            done, line = int(line.split()[1]), process.stdout.readline()
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        rest = process.communicate()[0].splitlines()
        done = max([done, *(int(one.split()[1]) for one in [line, *rest] if one.startswith("acknowledged"))])
        look = subprocess.run(
            [sys.executable, __file__, "--look", name, str(home)], capture_output=True, text=True, check=False
        )
        try:
            lost += len(set(range(min(done, count))) - set(json.loads(look.stdout.splitlines()[-1])))
        except (ValueError, IndexError):
            broken += 1
        shutil.rmtree(home, ignore_errors=True)
    return f"{lost:,} rows lost, {broken} of {moments} do not open"


def installed() -> Iterator[str]:
    for name, (_, package) in ENGINES.items():
        if importlib.util.find_spec(package):
            yield name
        else:
            say(f"{name}: not installed")


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--rows", type=int, default=100_000)
    given.add_argument("--kills", type=int, default=10)
    for inner in ("--add", "--look", "--measure"):
        given.add_argument(inner, nargs="+", help=argparse.SUPPRESS)
    args = given.parse_args()
    if args.add:
        build(ENGINES[args.add[0]][0](Path(args.add[1])), int(args.add[2]))
        return
    if args.look:
        say(json.dumps(sorted(ENGINES[args.look[0]][0](Path(args.look[1])).ids())))
        return
    if args.measure:
        say(json.dumps(measured(ENGINES[args.measure[0]][0], Path(args.measure[1]), int(args.measure[2]))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as home:
        for name in installed():
            inner = [sys.executable, __file__, "--measure", name, f"{home}/{name}", str(args.rows)]
            out = subprocess.run(inner, capture_output=True, text=True, check=False)
            if out.returncode:
                say(f"{name}: {out.stderr[-500:]}")
                continue
            row = {"engine": ENGINES[name][0].name, **json.loads(out.stdout.splitlines()[-1])}
            row["SIGKILL during an addition"] = killed(name, Path(home), args.rows, args.kills)
            rows.append(row)
            say(str(row))
    record("engines", {f"{args.rows:,} vectors of {SIZE}": rows}, args, __doc__)


if __name__ == "__main__":
    main()
