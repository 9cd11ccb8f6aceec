"""A tiny collection in BEIR's layout, with angles for vectors, so that each ranking is known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.search.fakes import angle

DOCUMENTS = [
    {"_id": "d1", "title": "parcel", "text": "is late"},
    {"_id": "d2", "title": "", "text": "money back"},
    {"_id": "d3", "title": "man", "text": "plays"},
    {"_id": "d4", "text": "cat sleeps"},
    {"_id": "q3", "title": "hello", "text": "again"},
]
QUERIES = [
    {"_id": "q1", "text": "where is it"},
    {"_id": "q2", "text": "who plays"},
    {"_id": "q3", "text": "hello again"},
    {"_id": "q4", "text": "nobody judged this"},
    {"_id": "q5", "text": "nothing is relevant"},
]
QRELS = ["q1\td1\t2", "q1\td2\t1", "q1\tmissing\t1", "q2\td3\t1", "q2\td4\t0", "q3\td4\t1", "q5\td1\t0"]
ANGLES = {
    "parcel is late": 0,
    "money back": 30,
    "man plays": 60,
    "cat sleeps": 85,
    "hello again": 100,
    "where is it": 40,
    "who plays": 66,
    "nothing is relevant": 0,
}
"""Degrees of each text: q1 finds d2, d3, d1, d4, q3; q2 finds d3, d4, q3, d2, d1."""
VECTORS = {text: angle(degrees) for text, degrees in ANGLES.items()}


def write_beir(
    folder: Path,
    documents: Iterable[Any] = DOCUMENTS,
    queries: Iterable[Any] = QUERIES,
    qrels: Iterable[str] = QRELS,
    split: str = "test",
) -> Path:
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, rows in (("corpus", documents), ("queries", queries)):
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    text = "\n".join(["query-id\tcorpus-id\tscore", *qrels]) + "\n"
    (folder / "qrels" / f"{split}.tsv").write_text(text, "utf-8")
    return folder
