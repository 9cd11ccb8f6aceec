"""Predictions for files: every row and column of the input, and the answer's columns beside it."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bertkit.data.columns.label_cells import joined
from bertkit.data.read.conll import DOCUMENT
from bertkit.data.stream import stream
from bertkit.display import visible
from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter
from bertkit.fs import write_text, written_aside
from bertkit.inference.ask import Answered
from bertkit.inference.predictor import Predictor
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.task import Task

log = logging.getLogger("bertkit")

FORMATS = (".csv", ".jsonl", ".parquet", ".conll")
HALF = re.compile("[\ud800-\udfff]")
"""Half of a character, as JSON may have it: no encoding can write it."""
BREAKS = "\t\r\n\0"
"""Characters that a word in a CoNLL file can not hold."""


def is_conll(output: str | None, task: Task, *, logits: bool = False) -> bool:
    """Whether the output is a CoNLL file: words and their tags, nothing else.

    Raises:
        DataError: it is one, but the task's answers are not tags, or logits are to be written too.
    """
    if Path(output or "-").suffix != ".conll":
        return False
    if task.takes != "tags":
        what = f"{output}: the answers of this task are not one tag per word"
        raise DataError.at(Parameter("output"), what, "name a .csv or .jsonl")
    if logits:
        what = f"{output}: a CoNLL file holds only words and tags"
        raise DataError.at(Parameter("logits"), what, "name a .jsonl")
    return True


def predict_file(
    predictor: Predictor, sources: Sequence[str], block: DataBlock, *,
    logits: bool = False, conll: bool = False, progress: Progress = iter,
) -> Answered:  # fmt: skip
    """The rows of the sources with all their columns, and their answers.

    Args:
        logits, conll: what `add_answers` will be called with: columns that it would overwrite are an error before the
            work and not after it.

    Raises:
        DataError: rows that can not be read, or a column of the input that has an answer column's name.
    """
    taken = list(stream(sources, predictor.task.columns, block, answers=False))
    originals, rows = [one.values for one in taken], [one.row for one in taken]
    if not conll:
        first = predictor.predict(rows[:1], quiet=True)[0]
        _check_columns(predictor.task.to_columns(first, logits=logits), originals, ", ".join(sources))
    return Answered(originals, predictor.predict(rows, progress=progress))


def add_answers(answered: Answered, task: Task, *, logits: bool = False, conll: bool = False) -> list[dict[str, Any]]:
    """The rows with the columns of their answers and shares; for CoNLL only the words and tags of each answer."""
    if conll:
        return [{"tokens": answer["words"], "tags": answer["tags"]} for answer in answered.answers]
    added = [task.to_columns(answer, logits=logits) for answer in answered.answers]
    if answered.shares:
        added = [{**columns, "share": share} for columns, share in zip(added, answered.shares, strict=True)]
    if added:
        _check_columns(added[0], answered.rows, "the input")
    return [{**row, **columns} for row, columns in zip(answered.rows, added, strict=True)]


def _check_columns(added: dict[str, Any], rows: list[dict[str, Any]], place: str) -> None:
    if taken := sorted(set(added) & {name for row in rows for name in row}):
        todo = "rename them, or predict from a file without them"
        raise DataError.at(place, f"already has the columns {', '.join(taken)}", todo)


def list_separator(task: Task, block: DataBlock) -> str | None:
    """What joins a list in a CSV cell, as labels are read again; None: it is JSON, as words and choices are."""
    return None if any(column.kind in ("words", "choices") for column in task.columns) else block.label_separator


def write(rows: list[dict[str, Any]], output: str, *, separator: str | None = ",") -> None:
    """Write rows in the format of the output's ending; `-` writes JSON lines to standard output.

    Args:
        separator: see `list_separator`.
    """
    suffix = Path(output).suffix
    if suffix in (".csv", ".conll", ".parquet"):
        rows = _whole_characters(rows)
    if suffix == ".parquet":
        from pyarrow import parquet

        table = _arrow(_same_columns(rows))
        with written_aside(Path(output)) as aside:
            parquet.write_table(table, aside)
        return
    screen = output == "-"
    text = _csv(rows, separator) if suffix == ".csv" else _conll(rows) if suffix == ".conll" else _lines(rows, screen)
    if screen:
        sys.stdout.write(text)
    else:
        write_text(Path(output), text)


def _lines(rows: Iterable[dict[str, Any]], screen: bool) -> str:
    """JSON lines; a row that can not be written as it is has `\\u` escapes.

    Args:
        screen: they go to standard output, which may have another encoding, or be a terminal that obeys characters.
    """
    encoding = (getattr(sys.stdout, "encoding", None) if screen else None) or "utf-8"
    texts = []
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, default=str)
        try:
            text.encode(encoding)
            plain = not screen or visible(text) == text
        except UnicodeEncodeError:
            plain = False
        texts.append(text if plain else json.dumps(row, default=str))
    return "".join(f"{text}\n" for text in texts)


def _whole_characters(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, with a replacement for each half of a character (a lone surrogate), which only JSON can hold."""

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {whole(key): whole(item) for key, item in value.items()}
        if isinstance(value, list):
            return [whole(item) for item in value]
        return HALF.sub("\ufffd", value) if isinstance(value, str) and not value.isascii() else value

    changed = [whole(row) for row in rows]
    if lost := sum(one != other for one, other in zip(changed, rows, strict=True)):
        log.warning("%s rows hold half a character, written as \ufffd; a .jsonl keeps it", f"{lost:,}")
    return changed


def _conll(rows: list[dict[str, Any]]) -> str:
    """One `word<TAB>tag` per line, and an empty line after each sentence."""
    for number, row in enumerate(rows, 1):
        for word in row["tokens"]:
            if word == DOCUMENT or not set(BREAKS).isdisjoint(word):
                raise DataError.at(f"row {number}", f"a word that CoNLL can not hold: {word!r:.40}", "write a .jsonl")
    if empty := sum(not row["tokens"] for row in rows):
        log.warning("%s of %s rows have no words: they are left out of the CoNLL file", f"{empty:,}", f"{len(rows):,}")
    written = (map("\t".join, zip(row["tokens"], row["tags"], strict=True)) for row in rows if row["tokens"])
    return "".join("\n".join(words) + "\n\n" for words in written)


def _csv(rows: list[dict[str, Any]], separator: str | None) -> str:
    stream = io.StringIO()
    names = list(_same_columns(rows)[0]) if rows else []
    plain, quoted = (
        csv.DictWriter(stream, names, lineterminator="\n", quoting=how) for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    for row in [dict(zip(names, names, strict=True)), *_same_columns(rows)]:
        cells = {name: _cell(value, separator) for name, value in row.items()}
        # Python quotes a cell for its own line ends alone (until 3.13), but a CR ends a line for every reader.
        (quoted if any("\r" in str(cell) for cell in cells.values()) else plain).writerow(cells)
    return stream.getvalue()


def _arrow(rows: list[dict[str, Any]]) -> Any:
    """An Arrow table. A column with values of different types, which Arrow can not hold, or with objects without keys,
    which Parquet can not hold, becomes texts of JSON."""
    import pyarrow as pa

    columns = {}
    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        reason = ""
        try:
            columns[name] = pa.array(values)
            if "struct<>" in str(columns[name].type):
                reason = "objects without keys"
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            reason = "values of different types"
        if reason:
            log.warning("column %s: %s, written as JSON texts", name, reason)
            columns[name] = pa.array([json.dumps(value, ensure_ascii=False, default=str) for value in values])
    return pa.table(columns)


def _cell(value: Any, separator: str | None) -> Any:
    if separator and isinstance(value, list) and not any(isinstance(item, dict) for item in value):
        return joined(value, separator)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _same_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in names} for row in rows]
