"""Tables of texts with labels, scores or choices: csv, tsv, JSON, Parquet, whole and damaged."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.fuzz import mutate
from tests.fuzz.case import Case
from tests.fuzz.material import Draw

ENDINGS = ("csv", "csv", "csv", "tsv", "jsonl", "jsonl", "json", "parquet", "arrow")
OUTPUTS = ("csv", "jsonl", "parquet")
READING = [
    "data.bad_rows=skip", "data.bad_rows=skip", "data.bad_rows=skip", "data.bad_rows=skip", "data.label_ids=true",
    *(f"data.encoding={name}" for name in (*mutate.ENCODINGS, "utf-7", "idna", "base64", "undefined")),
    "data.columns.text=label", "data.columns.text=text_pair", "data.format=tsv", "data.format=csv", "data.format=json",
    "data.format=jsonl", "data.header=[text,label]", "data.limit.train=3", "data.max_characters=20",
    "data.format=csv-semicolon", "data.delimiter=;", 'data.delimiter=" t"', "data.quoting=false", "data.quoting=true",
    "data.header=false", "data.extra_columns=ignore", "data.extra_columns=join", "data.encoding_errors=replace",
    "data.encoding_errors=replace", "data.comment=w", 'data.decimal=","', "data.allow_empty=[text]",
    "data.format=fasttext", "data.label_names=[refund,other,delivery]",
]  # fmt: skip


def table(draw: Draw) -> Case:
    task = draw.one("classify", "classify", "classify", "regress", "choice")
    ending = draw.one(*ENDINGS)
    rows = some_rows(draw, task)
    content = written(rows, ending, draw)
    if ending in ("parquet", "arrow"):
        content = mutate.damaged(draw.chance, content) if draw.often(0.5) else content
    elif draw.often(0.6):
        content = mutate.damaged(draw.chance, content)
    name = f"rows.{ending}"
    if draw.often(0.05) and ending not in ("parquet", "arrow"):
        name, content = f"{name}.gz", mutate.packed(draw.chance, content)
    return used(draw, task, draw.put(name, content), some_sets(draw))


def used(draw: Draw, task: str, file: str, sets: list[str]) -> Case:
    """A command that reads the rows of a file."""
    way = draw.one("check", "check", "predict", "predict", "predict", "eval")
    if way == "check":
        command = ["data", "check", file, "--task", task, "-s", f"model.name={draw.material.bert}", "-o", "out.json"]
        return Case([*command, *sets], file, "out.json")
    run = str(draw.material.run(task))
    if way == "eval":
        return Case(["eval", run, "--data", file, "-o", "out.json", *sets], file, "out.json")
    if draw.often(0.05):
        return Case(["predict", run, "-", *sets], stdin=(draw.folder / file).read_bytes())
    output = f"out.{draw.one(*OUTPUTS)}"
    more = draw.one([], [], ["--logits"])
    return Case(["predict", run, file, "-o", output, *more, *sets], file, output)


def some_sets(draw: Draw) -> list[str]:
    return ["-s", draw.one(*READING)] if draw.often(0.4) else []


def some_rows(draw: Draw, task: str) -> list[dict[str, Any]]:
    """The task's rows with odd values in some cells, and columns that it does not know."""
    rows = draw.material.rows(task) * draw.one(1, 1, 2)
    if draw.often(0.5):
        for _ in range(draw.one(1, 2, 5)):
            row = draw.one(*rows)
            row[draw.one(*row)] = draw.one(*mutate.ODD_TEXTS) if draw.often(0.7) else mutate.odd(draw.chance)
    if draw.often(0.2):
        name, value = draw.one("id", "day", "number", "predicted_label", "", "列"), mutate.odd(draw.chance)
        rows = [{**row, name: value} for row in rows]
    return rows[: draw.one(1, 3, 99, 99)]


def written(rows: list[dict[str, Any]], ending: str, draw: Draw) -> bytes:
    if ending in ("parquet", "arrow"):
        return _columnar(rows, ending)
    if ending == "json":
        value: Any = {"data": rows} if draw.often(0.1) else rows
        return mutate.to_json(draw.chance, mutate.changed(draw.chance, value) if draw.often(0.3) else value, indent=1)
    if ending == "jsonl":
        if draw.often(0.3):
            rows = mutate.changed(draw.chance, rows)
        lines = [mutate.to_json(draw.chance, row) for row in (rows if isinstance(rows, list) else [rows])]
        return b"".join(line + b"\n" for line in lines)
    stream = io.StringIO()
    if ending == "tsv":
        lines = [list(rows[0])] + [[str(value) for value in row.values()] for row in rows]
        return "".join("\t".join(line) + "\n" for line in lines).encode("utf-8", "surrogatepass")
    writer = csv.writer(stream, lineterminator=draw.one("\n", "\n", "\r\n"))
    writer.writerow(rows[0])
    writer.writerows(list(row.values()) for row in rows)
    return stream.getvalue().encode("utf-8", "surrogatepass")


def _columnar(rows: list[dict[str, Any]], ending: str) -> bytes:
    import pyarrow as pa
    from pyarrow import feather, parquet

    stream = io.BytesIO()
    try:
        table = pa.Table.from_pylist(rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
        table = pa.Table.from_pylist([{key: repr(value) for key, value in row.items()} for row in rows])
    try:
        parquet.write_table(table, stream) if ending == "parquet" else feather.write_feather(table, stream)
    except pa.ArrowException:  # an empty struct
        return b""
    return stream.getvalue()
