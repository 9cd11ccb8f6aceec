"""`bertkit predict` on files: every row and column of the input, with the answer beside it."""

from __future__ import annotations

import csv
import io
import json
import logging
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bertkit.data.dataset import load
from bertkit.data.read.conll import DOCUMENT
from bertkit.engine.run import Progress
from bertkit.errors import DataError
from bertkit.inference.predictor import Predictor
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.task import Task

log = logging.getLogger("bertkit")

FORMATS = (".csv", ".jsonl", ".parquet", ".conll")
BREAKS = "\t\r\n\0"
"""Characters that a word in a CoNLL file can not hold."""


def check_output(output: str, source: str | None = None) -> None:
    """Raise a DataError for an output whose ending names no format, that can not be written, or is the input."""
    if output == "-":
        return
    if Path(output).suffix not in FORMATS:
        raise DataError.at(
            "--output", f"{output}: the ending must be one of {', '.join(FORMATS)}", "or - for JSON lines"
        )
    if Path(output).is_dir() or not Path(output).parent.is_dir():
        what = "is a folder" if Path(output).is_dir() else f"no such folder: {Path(output).parent}"
        raise DataError.at("--output", f"{output}: {what}", "name a file in a folder that exists")
    if source and Path(source).is_file() and Path(source).resolve() == Path(output).resolve():
        raise DataError.at("--output", f"{output}: is the input, and would be written over", "name another file")


def is_conll(output: str | None, task: Task, *, logits: bool = False) -> bool:
    """Whether words and their tags are to be written, and nothing else.

    Raises:
        DataError: so says the output's ending, but there are no tags, or scores are wanted too.
    """
    if Path(output or "-").suffix != ".conll":
        return False
    if task.takes != "tags":
        raise DataError.at("--output", f"{output}: this task's answers are no tag a word", "name a .csv or .jsonl")
    if logits:
        raise DataError.at("--logits", f"{output}: a CoNLL file holds words and tags alone", "name a .jsonl")
    return True


def predict_file(
    predictor: Predictor, sources: Sequence[str], block: DataBlock, *,
    logits: bool = False, conll: bool = False, progress: Progress = iter,
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows of the sources with all their columns, and the answer's columns added (see `join`).

    Raises:
        DataError: rows that can not be read, or a column of the input that has an answer column's name.
    """
    originals: list[dict[str, Any]] = []
    rows = load(sources, predictor.task.columns, block, answers=False, keep=originals)
    if not conll:
        _check_columns(predictor.task.to_columns(predictor.predict([rows[0]])[0], logits=logits), originals)
    answers = predictor.predict(list(rows), progress=progress)
    return join(predictor, originals, answers, logits=logits, conll=conll)


def join(
    predictor: Predictor, rows: list[dict[str, Any]], answers: list[dict[str, Any]], *,
    logits: bool = False, conll: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """Rows beside their answers' columns; for CoNLL each answer's words and tags alone."""
    if conll:
        return [{"tokens": answer["words"], "tags": answer["tags"]} for answer in answers]
    added = [predictor.task.to_columns(answer, logits=logits) for answer in answers]
    if added:
        _check_columns(added[0], rows)
    return [{**row, **extra} for row, extra in zip(rows, added, strict=True)]


def _check_columns(added: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    if taken := sorted(set(added) & {name for row in rows for name in row}):
        todo = "rename them, or predict from a file without them"
        raise DataError.at("predict", f"the input already has the columns {', '.join(taken)}", todo)


def write(rows: list[dict[str, Any]], output: str, *, joined: bool = True) -> None:
    """Write rows as the output's ending says; `-` writes JSON lines to standard output.

    Args:
        joined: a list of texts in a CSV cell is joined by commas, as labels are; else it is JSON, as words are.
    """
    suffix = Path(output).suffix
    if suffix == ".parquet":
        from pyarrow import parquet

        parquet.write_table(_arrow(_same_columns(rows)), output)
        return
    text = _csv(rows, joined) if suffix == ".csv" else _conll(rows) if suffix == ".conll" else _lines(rows)
    if output == "-":
        sys.stdout.write(text)
    else:
        Path(output).write_text(text, "utf-8", newline="")


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def _conll(rows: list[dict[str, Any]]) -> str:
    """`word<TAB>tag` a line, and an empty line after each sentence."""
    for number, row in enumerate(rows, 1):
        for word in row["tokens"]:
            if word == DOCUMENT or not set(BREAKS).isdisjoint(word):
                raise DataError.at(f"row {number}", f"a word that CoNLL can not hold: {word!r:.40}", "name a .jsonl")
    if empty := sum(not row["tokens"] for row in rows):
        log.warning("%s of %s rows have no words, and no place in a CoNLL file", f"{empty:,}", f"{len(rows):,}")
    written = (map("\t".join, zip(row["tokens"], row["tags"], strict=True)) for row in rows if row["tokens"])
    return "".join("\n".join(words) + "\n\n" for words in written)


def _csv(rows: list[dict[str, Any]], joined: bool) -> str:
    stream = io.StringIO()
    names = list(_same_columns(rows)[0]) if rows else []
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    for row in _same_columns(rows):
        writer.writerow({name: _cell(value, joined) for name, value in row.items()})
    return stream.getvalue()


def _arrow(rows: list[dict[str, Any]]) -> Any:
    """An Arrow table; a column whose values are of different types, which Arrow can not hold, as texts of JSON."""
    import pyarrow as pa

    columns = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            log.warning("column %s: values of different types, written as texts of JSON", name)
            columns[name] = pa.array([json.dumps(value, ensure_ascii=False, default=str) for value in values])
    return pa.table(columns)


def _cell(value: Any, joined: bool) -> Any:
    if joined and isinstance(value, list) and not any(isinstance(item, dict) for item in value):
        return ",".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _same_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in names} for row in rows]
