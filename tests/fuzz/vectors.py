"""Commands of vectors and retrieval: texts to embed, pairs to mine, collections in BEIR's layout, whole and damaged."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz import mutate
from tests.fuzz.case import Case
from tests.fuzz.material import Draw
from tests.fuzz.tables import ENDINGS, some_rows, some_sets, written

OPTIONS = [
    ["--pooling", "cls"], ["--pooling", "last"], ["--layer", "-1"], ["--layer", "-9"], ["--dimensions", "4"],
    ["--dimensions", "99"], ["--dtype", "int8"], ["--dtype", "binary"], ["--dtype", "float8"], ["--no-normalize"],
    ["--prompt", "query"], ["--long-text", "cut"], ["--max-length", "5"], ["--max-length", "9999"], ["--columns", ""],
]  # fmt: skip
MINING = [["--lists"], ["--margin", "0"], ["--margin", "1"], ["--from", "3"], ["--to", "2"], ["--negatives", "9"]]


def embed(draw: Draw) -> Case:
    model = str(draw.one(draw.material.bert, draw.material.run("embed"), draw.material.run("classify")))
    file = _table(draw, "classify")
    output = f"out.{draw.one('npy', 'parquet', 'jsonl')}"
    more = draw.one([], [], *OPTIONS)
    return Case(["embed", model, file, "-o", output, *more, *some_sets(draw)], file if not more else "", output)


def mine(draw: Draw) -> Case:
    file = _table(draw, "embed")
    more = draw.one([], [], *MINING)
    model = str(draw.material.run("embed"))
    return Case(["mine", model, file, "-o", "out.jsonl", "--suspicious", "near.jsonl", *more], output="out.jsonl")


def retrieval(draw: Draw) -> Case:
    rows = draw.material.rows("embed")
    corpus = [{"_id": f"d{n}", "title": "", "text": row["positive"]} for n, row in enumerate(rows)]
    queries = [{"_id": f"q{n}", "text": row["text"]} for n, row in enumerate(rows)]
    qrels = "query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\td{n}\t1\n" for n in range(len(rows)))
    files: dict[str, bytes] = {
        "corpus.jsonl": _lines(draw, corpus),
        "queries.jsonl": _lines(draw, queries),
        "qrels/test.tsv": qrels.encode(),
    }
    if draw.often(0.7):
        name = draw.one(*files)
        files[name] = mutate.damaged(draw.chance, files[name])
    for name, content in files.items():
        if not draw.often(0.03):
            draw.put(f"beir/{name}", content)
    more = draw.one([], ["--rerank", str(draw.material.run("rerank")), "--top", "3"], ["--windows"])
    command = ["bench", "retrieval", "--data", "beir", "--model", str(draw.material.run("embed")), "-o", "out"]
    return Case([*command, *more], folders=("out",))


def _table(draw: Draw, task: str) -> str:
    ending = draw.one(*ENDINGS)
    content = written(some_rows(draw, task), ending, draw)
    if draw.often(0.5):
        content = mutate.damaged(draw.chance, content)
    return draw.put(f"rows.{ending}", content)


def _lines(draw: Draw, rows: list[dict[str, Any]]) -> bytes:
    if draw.often(0.4):
        draw.one(*rows)[draw.one("_id", "text", "title")] = mutate.odd(draw.chance)
    return "".join(json.dumps(row) + "\n" for row in rows).encode("utf-8", "surrogatepass")
