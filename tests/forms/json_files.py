"""JSON in the shapes that tools and data sets write."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from tests.forms import Form

A, B = {"text": "where is it", "label": "parcel"}, {"text": "my money", "label": "refund"}
LABELS = {"parcel": 1, "refund": 1}
NESTED = [{"doc": {"body": one["text"], "n": 1}, "meta": {"kinds": [one["label"]]}} for one in (A, B)]
PATHS = ["data.columns.text=doc.body", "data.columns.label=meta.kinds.0"]
SAID = ["where is it", "my money"]


def _lines(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def _parquet(rows: list[dict]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def _form(name: str, content: str, **more) -> Form:
    return Form(f"JSON, {name}", {"a.json": content}, "a.json", 2, LABELS, inputs=SAID, **more)


FORMS = [
    _form("a list", json.dumps([A, B])),
    _form("the only list in an object", json.dumps({"version": 1, "data": [A, B], "names": ["x"]}),
        warns=["the rows are those of its key data"]),
    _form("pandas' default", json.dumps({k: {"0": A[k], "1": B[k]} for k in A}), warns=["a table by columns, 2 rows"]),
    _form("pandas' split", json.dumps({"columns": [*A], "index": [0, 1], "data": [[*A.values()], [*B.values()]]})),
    _form("pandas' index", json.dumps({"0": A, "1": B})),
    _form("pandas' table", json.dumps({"schema": {"fields": [{"name": "text"}]}, "data": [A, B]})),
    _form("lists of columns", json.dumps({k: [A[k], B[k]] for k in A})),
    _form("an object per line", _lines([A, B]), warns=["an object per line"]),
    _form("objects one after the other", json.dumps(A, indent=2) + "\n" + json.dumps(B, indent=2) + "\n",
        warns=["2 objects, one after the other"]),
    _form("a path into objects", json.dumps({"data": NESTED}), sets=PATHS, warns=["columns not used: doc.n"]),
    Form("JSON lines, a path into objects", {"a.jsonl": _lines(NESTED)}, "a.jsonl", 2, LABELS, sets=PATHS,
        inputs=SAID),
    Form("Parquet, a path into structs", {"a.parquet": _parquet(NESTED)}, "a.parquet", 2, LABELS, sets=PATHS,
        inputs=SAID),
    Form("JSON lines, a name with dots", {"a.jsonl": _lines([{"doc.body": A["text"], "doc": {"body": "no"},
        "label": label} for label in ("x", "y")])}, "a.jsonl", 2, {"x": 1, "y": 1},
        sets=["data.columns.text=doc.body"], inputs=SAID[:1]),
    Form("CLUENER as published", {"a.json": "".join(json.dumps(row, indent=2, ensure_ascii=False) + "\n" for row in [
        {"text": "彭小军在台湾", "label": {"name": {"彭小军": [[0, 2]]}, "address": {"台湾": [[4, 5]]}}},
        {"text": "今天下雨", "label": {}}])}, "a.json", 2, {"name 彭小军": 1, "address 台湾": 1}, task="ner"),
]  # fmt: skip
