"""Commands of vectors and retrieval: texts to embed, texts with keywords, pairs to mine, collections in BEIR's layout,
whole and damaged."""

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
TRACKING = [["--window", "0"], ["--window", "3"], ["--threshold", "9"], ["--threshold", "0"], ["--least", "1"]]
TRACKING += [["--time", "date"], ["--time", "nope"], ["--prompt", "query"], ["-s", "data.bad_rows=skip"]]
MINING = [["--lists"], ["--margin", "0"], ["--margin", "1"], ["--from", "3"], ["--to", "2"], ["--negatives", "9"]]

PHRASES = [
    ["--top", "1"], ["--top", "0"], ["--ngram", "1"], ["--ngram", "9"], ["--diversity", "1"], ["--diversity", "-1"],
    ["--diversity", "nan"], ["--prompt", "query"], ["--columns", ""], ["--bad-rows", "keep"],
]  # fmt: skip


def embed(draw: Draw) -> Case:
    model = str(draw.one(draw.material.bert, draw.material.run("embed"), draw.material.run("classify")))
    file = _table(draw, "classify")
    output = f"out.{draw.one('npy', 'parquet', 'jsonl')}"
    more = draw.one([], [], *OPTIONS)
    return Case(["embed", model, file, "-o", output, *more, *some_sets(draw)], file if not more else "", output)


def keywords(draw: Draw) -> Case:
    model = str(draw.one(draw.material.bert, draw.material.run("embed")))
    file = _table(draw, "classify")
    output = f"out.{draw.one('csv', 'parquet', 'jsonl')}"
    more = draw.one([], [], *PHRASES)
    return Case(
        ["keywords", file, "-m", model, "-o", output, *more, *some_sets(draw)], file if not more else "", output
    )


def mine(draw: Draw) -> Case:
    file = _table(draw, "embed")
    more = draw.one([], [], *MINING)
    model = str(draw.material.run("embed"))
    return Case(["mine", model, file, "-o", "out.jsonl", "--suspicious", "near.jsonl", *more], output="out.jsonl")


def track(draw: Draw) -> Case:
    """Documents with times of many kinds, and a folder that may have been begun, or damaged."""
    times = ["2024-03-05", "2024-03-05 14:00", "2024-03-05T14:00+01:00", 1709640000, "1709640000.5", "20240305"]
    wrong = ["soon", "", None, 17096400000000, True, [1], "0001-01-01", "9999-12-31", -1, "2024-02-30", {"a": 1}]
    name, some = draw.one("time", "time", "date", "when"), draw.often(0.5)
    rows = [
        {**row, name: draw.one(*wrong) if some and draw.often(0.1) else draw.one(*times)}
        for row in some_rows(draw, "classify")
    ]
    file = f"rows.{draw.one('jsonl', 'csv')}"
    content = written(rows, file.rpartition(".")[2], draw)
    draw.put(file, mutate.damaged(draw.chance, content) if draw.often(0.3) else content)
    if draw.often(0.2):
        draw.put("events/state.npz", mutate.damaged(draw.chance, b"PK\x03\x04state"))
    more = draw.one([], [], *TRACKING)
    command = ["track", file, "--model", str(draw.material.bert), "-o", "events"]
    return Case([*command, *more], folders=("events",))


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
