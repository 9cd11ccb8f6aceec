"""Files and commands that tests of the command line share: where a command runs, and how its files are written."""

from __future__ import annotations

import csv
import gzip
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Command = Callable[..., tuple[int, str, str]]


class Place(NamedTuple):
    """Where a command runs, and what it may name: `{bert}`, a tiny model's folder, and `{run}`, a tiny Run."""

    folder: Path
    bert: Path
    run: Path

    def words(self, command: str) -> list[str]:
        return shlex.split(command.replace("{bert}", str(self.bert)).replace("{run}", str(self.run)))


Build = Callable[[Place], Any]


def put(files: dict[str, str | bytes]) -> Build:
    """Writes files; texts as UTF-8."""

    def build(place: Place) -> None:
        for name, content in files.items():
            path = place.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    return build


def put_parquet(name: str, rows: list[dict[str, Any]], metadata: dict[str, str] | None = None) -> Build:
    def build(place: Place) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows).replace_schema_metadata(metadata), place.folder / name)

    return build


def also(*builds: Build) -> Build:
    return lambda place: [build(place) for build in builds]


def jsonl(*rows: Any) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)


A, B = {"text": "where is my parcel", "label": "delivery"}, {"text": "i want my money back", "label": "refund"}
HEAD = "text,label\n"
TWO = "where is my parcel,delivery\ni want my money back,refund\n"
GOOD = put({"train.csv": HEAD + TWO * 4, "dev.csv": HEAD + TWO})
TINY = "-s train.use_cpu=true -s train.num_train_epochs=1 -s train.report_to=none -s model.name={bert}"
SCRATCH = "-s model.name=null -s model.tokenizer={bert} -s 'model.scratch="
TRAIN = f"train classify -o out {TINY} -s data.train=train.csv -s data.validation=dev.csv"


def put_gzip(name: str, content: str) -> Build:
    return put({name: gzip.compress(content.encode())})


TAGGED = "EU B-ORG\nsent O\na O\nletter O\n\nParis B-LOC\nis O\nnice O\n"
ANSWER = {"text": "in the garden", "answer_start": 11}


def question(id: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": id, "question": "where is the cat ?", "answers": [ANSWER], **more}


def squad(*questions: dict[str, Any], context: str = "the cat is in the garden") -> str:
    return json.dumps({"data": [{"title": "t", "paragraphs": [{"context": context, "qas": questions}]}]})


def read_back(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".csv":
        with file.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
    from pyarrow import parquet

    return parquet.read_table(file).to_pylist()
