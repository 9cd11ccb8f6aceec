"""Predictions of texts that came one by one, as rows of a table; those of files: bulk/."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from bertkit.fs import written_aside
from bertkit.inference.ask import Answered
from bertkit.inference.bulk.formats import Conll, Csv, Format, Lines
from bertkit.inference.bulk.npy import Npy
from bertkit.inference.bulk.parquet import Parquet
from bertkit.inference.columns import AnswerColumns
from bertkit.tasks.task import Task
from bertkit.warn import warn


def add_answers(
    answered: Answered, task: Task, columns: AnswerColumns | None = None, *, conll: bool = False
) -> list[dict[str, Any]]:
    """The rows with the columns of their answers and shares; for CoNLL only the words and tags of each answer."""
    if conll:
        return [{"tokens": answer["words"], "tags": answer["tags"]} for answer in answered.answers]
    added = [(columns or AnswerColumns()).of(task, answer) for answer in answered.answers]
    if answered.shares:
        added = [{**own, "share": share} for own, share in zip(added, answered.shares, strict=True)]
    return [{**row, **own} for row, own in zip(answered.rows, added, strict=True)]


def format_of(ending: str, *, separator: str | None = ",", excel: bool = False) -> Format:
    """The format of a file with this ending; JSON lines where there is none.

    Args:
        separator, excel: see `Csv`.
    """
    if ending in (".csv", ".tsv"):
        return Csv(separator, "\t" if ending == ".tsv" else ",", excel)
    others: dict[str, type[Format]] = {".conll": Conll, ".npy": Npy, ".parquet": Parquet}
    return others.get(ending, Lines)()


def write(rows: list[dict[str, Any]], output: str, format: Format | None = None) -> None:
    """Write rows that are in memory; `-` is standard output, which gets JSON lines.

    Args:
        format: default: that of the output's ending.

    Raises:
        DataError: words that a CoNLL file can not hold.
        WriteError: the disk is full, or there is no permission.
    """
    if output == "-":
        sys.stdout.write(Lines(screen=True).text(rows))
        return
    format = format or format_of(Path(output).suffix)
    piece = format.piece(rows, list(dict.fromkeys(name for row in rows for name in row)))
    with written_aside(Path(output)) as aside:
        format.join([piece], aside)
    for message in format.messages(piece.counts, len(rows)):
        warn(message)
