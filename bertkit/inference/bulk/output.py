"""Predictions of an input in a format: into a file, a folder of shards, or to standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bertkit import processes
from bertkit.engine.run import Progress
from bertkit.errors import DataError, Parameter
from bertkit.fs import is_stream
from bertkit.inference.ask import best_of
from bertkit.inference.bulk.answering import ERROR, Answering
from bertkit.inference.bulk.formats import Format, Row
from bertkit.inference.bulk.input import opened, said_once
from bertkit.inference.bulk.job import BulkJob
from bertkit.inference.bulk.options import BulkOptions
from bertkit.inference.bulk.ray_parts import RayParts
from bertkit.inference.bulk.run import Bulk, Done, Meter
from bertkit.inference.files import format_of, write
from bertkit.inference.predictor import Predictor
from bertkit.recipe.schema import DataBlock
from bertkit.run import Run
from bertkit.tasks.task import Task
from bertkit.warn import warn


def options_format(options: BulkOptions, task: Task, block: DataBlock) -> Format:
    """The format of the output.

    Raises:
        DataError: a CoNLL file, and the task's answers are not tags.
    """
    if options.ending == ".conll" and task.takes != "tags":
        what = f"{options.output}: the answers of this task are not one tag per word"
        raise DataError.at(Parameter("output"), what, "name a .csv or .jsonl")
    return format_of(options.ending, separator=list_separator(task, block), excel=options.excel)


def list_separator(task: Task, block: DataBlock) -> str | None:
    """What joins a list in a cell, as labels are read again; None: it is JSON, as words and choices are."""
    return (
        None if any(column.kind in ("words", "choices", "texts") for column in task.columns) else block.label_separator
    )


def answering_of(predictor: Predictor, source: str, block: DataBlock, options: BulkOptions) -> Answering:
    """How the rows of an input are answered.

    Raises:
        DataError: see `options_format`.
    """
    format = options_format(options, predictor.task, block)
    conll = options.ending == ".conll"
    return Answering(predictor, format, options.answer_columns, options.kept, options.keeps_bad, conll, source)


def predict_file(
    predictor: Predictor,
    source: str,
    block: DataBlock,
    options: BulkOptions,
    *,
    run: Run | None = None,
    meter: Meter | None = None,
    progress: Progress = iter,
    printing: Callable[[], AbstractContextManager[object]] = nullcontext,
    elsewhere: RayParts | None = None,
) -> Done:
    """Answer all rows of an input, and write or print them.

    Args:
        source: see `sources.expand`.
        block: how the rows are read.
        run: the predictor's; None: a checkpoint.
        meter, progress: see `Bulk`.
        printing: a context in which standard output is written.
        elsewhere: see `Bulk`; for a file or a folder.

    Raises:
        DataError: rows that can not be read, a column of the input that has an answer column's name, or an input that
            changes while it is read.
        RunError: the output is that of another job, or in use.
        WriteError: the disk is full; the same call goes on once it is not.
    """
    block, task = options.block(block), predictor.task
    answering = answering_of(predictor, source, block, options)
    more: dict[str, Any] = {"size": options.part_rows} if options.part_rows else {}
    bulk = Bulk(answering, run, options.rows_of_shard, meter=meter, progress=progress, elsewhere=elsewhere, **more)
    with said_once(), opened(source, task.columns, block, keep_bad=options.keeps_bad) as rows:
        if options.best_of:
            everything = [row for part in bulk.rows(rows) for row in part]
            best = best_of(everything, options.best_of)
            if processes.first():
                with printing() if options.is_printed else nullcontext():
                    write(best, options.output or "-", answering.format)
            return Done(len(best), answered=_answered(everything, options))
        if options.is_printed:
            done = answered = 0
            for part in bulk.rows(rows):
                done, answered = done + len(part), answered + _answered(part, options)
                if processes.first():
                    with printing():
                        write(part, "-", answering.format)
            return Done(done, answered=answered)
        with _job(options) as job:
            written = bulk.write(rows, job)
        if written.bad and processes.first():
            warn(f"rows without an answer: {written.bad:,}; their column {ERROR} says why")
        return written


def _answered(rows: Sequence[Row], options: BulkOptions) -> int:
    """How many have an answer."""
    return sum(row[ERROR] is None for row in rows) if options.keeps_bad else len(rows)


@contextmanager
def _job(options: BulkOptions) -> Iterator[BulkJob]:
    """The job that writes the output. Of a stream, such as a named pipe, the parts lie in a temporary folder."""
    if options.is_folder or not is_stream(options.file):
        yield BulkJob(options.file, folder=options.is_folder, ending=options.ending)
        return
    with TemporaryDirectory() as home:
        yield BulkJob(options.file, ending=options.ending, home=Path(home))
