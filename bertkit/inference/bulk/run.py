"""Predict any number of rows: read, answered and written in parts, with the memory of a part.

An input of one part is answered and written at once. A larger one is a job (job.py), which goes on where it was killed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from bertkit import processes
from bertkit.data.read.rows import leave_out
from bertkit.engine.run import Progress
from bertkit.errors import DataError, RunError
from bertkit.files.lock import one_writer
from bertkit.fs import written_aside
from bertkit.inference.bulk.answering import Answering
from bertkit.inference.bulk.formats import Row
from bertkit.inference.bulk.identity import Watch, input_of, model_of
from bertkit.inference.bulk.input import BulkInput, Look, ahead, look_of
from bertkit.inference.bulk.job import BulkJob, JobManifest
from bertkit.inference.bulk.parts import SIZE, AnsweredPart, BulkPart, PartPlan, parts, read_part, write_part
from bertkit.inference.bulk.ray_parts import RayParts
from bertkit.inference.predictor import Prepared
from bertkit.inference.seen import Seen
from bertkit.run import Run
from bertkit.warn import warn

log = logging.getLogger("bertkit")

Meter = Callable[[str, int, int], AbstractContextManager[Callable[[int, int], None]]]
"""Shows how far the work is: `(label, rows, rows done before)` -> a function that takes the rows that are done and the
tokens that were answered."""
NOT_COMPARED = ("train", "validation", "test", "validation_ratio", "limit")
"""Keys of the data block that rows to answer do not depend on."""
POLL = 0.2
"""Seconds between two looks for what another process does."""


class Done(NamedTuple):
    """What was written."""

    rows: int
    bad: int = 0
    """Of them those that could not be answered (`keep_bad`)."""
    answered: int = 0
    """Those that the model answered in this call, also if they were not kept."""


@dataclass(frozen=True)
class Bulk:
    """How an input is answered.

    Args:
        run: the Run of the predictor; None: a checkpoint.
        shard_rows: rows of a file, where the output is a folder.
        size: rows of a part.
        meter, progress: show how far parts, and the batches of a single part, are.
        elsewhere: what answers the parts of a job, in place of this process.
    """

    answering: Answering
    run: Run | None = None
    shard_rows: int = 0
    size: int = SIZE
    meter: Meter | None = None
    progress: Progress = iter
    elsewhere: RayParts | None = None

    # --- rows in memory, for what is printed and what needs all of them -----------------------------------------------

    def rows(self, source: BulkInput) -> Iterator[list[Row]]:
        """The rows of the output, part by part. With several processes all of them share each part."""
        few = source.few(self.size)
        look = source.look() if few is None else look_of(few)
        self._check(look)
        seen = Seen()
        if few is not None:
            part = BulkPart(0, few, [], [])
            prepared = self.answering.prepare(part)
            yield self.answering.rows(part, prepared, progress=self.progress)
            self._warn(prepared.seen, {}, len(few))
            return
        plan = PartPlan(look.rows, size=self.size)
        with self._metered(plan.rows, 0) as show:
            for part, prepared in self._parts(source, plan, lambda _: True):
                yield self.answering.rows(part, prepared)
                seen += prepared.seen
                show(plan.rows_of(part.number).stop, seen.tokens)
        leave_out(**look.left_out)
        self._warn(seen, {}, look.rows)

    # --- files --------------------------------------------------------------------------------------------------------

    def write(self, source: BulkInput, job: BulkJob) -> Done:
        """Answer all rows and write them; with several processes each answers parts of its own.

        Raises:
            DataError: rows that can not be used, or an input that changes while it is read.
            RunError: the output is that of another job, or in use.
            WriteError: the disk is full; the same call goes on once it is not.
        """
        few = None if job.is_begun or job.is_folder else source.few(self.size)
        if few is not None:
            return self._write_few(few, job)
        with processes.alone():
            return self._write_job(source, job)

    def _write_few(self, rows: list[Any], job: BulkJob) -> Done:
        look = look_of(rows)
        self._check(look)
        part = BulkPart(0, rows, [], [])
        prepared = self.answering.prepare(part)
        piece, seen = self.answering.piece(part, prepared, look.columns, progress=self.progress)
        if processes.first():
            with written_aside(job.output) as aside:
                self.answering.format.join([piece], aside)
        self._warn(seen, piece.counts, len(rows))
        return Done(len(rows), len(rows) - seen.rows, seen.rows)

    def _write_job(self, source: BulkInput, job: BulkJob) -> Done:
        rank, count = processes.launched()
        with ExitStack() as stack:
            if rank == 0:
                if not job.is_begun:
                    job.check_free()
                stack.enter_context(one_writer(job.home))
            manifest = self._begin(source, job, first=rank == 0)
            plan = PartPlan(manifest.rows, self.shard_rows if job.is_folder else 0, self.size)
            before = self._answer(source, job, manifest, plan, rank, count)
            if rank > 0:
                return Done(manifest.rows)
            job.finish()
        if not job.is_folder and job.home.is_dir():
            job.home.rmdir()
        seen = Seen(**manifest.seen)
        leave_out(**manifest.left_out)
        self._warn(seen, manifest.counts, manifest.rows)
        return Done(manifest.rows, manifest.rows - seen.rows, seen.rows - before)

    def _begin(self, source: BulkInput, job: BulkJob, *, first: bool) -> JobManifest:
        """The manifest of a job that goes on, or of a new one, which the first process makes."""
        while not first and not job.is_begun:
            _wait(job)
        begun = job.read() if job.is_begun else None
        inputs = [input_of(one, begun.input if begun else ()) for one in source.sources]
        model = model_of(self.run, self.answering.predictor)
        now = JobManifest(model=model, input=inputs, options=self._options(source, job), rows=0, columns=[])
        if begun:
            job.check_same(begun, now)
            for known, new in zip(begun.input, inputs, strict=True):
                known.modified = new.modified
            return begun
        look = source.look()
        self._check(look)
        Watch(source.sources, inputs).check()
        manifest = now.model_copy(update={"rows": look.rows, "columns": look.columns, "left_out": look.left_out})
        job.discard_parts()
        job.write(manifest)  # before all else: by it, the folder of a job that was killed here is known
        return manifest

    def _options(self, source: BulkInput, job: BulkJob) -> dict[str, Any]:
        """What the output depends on, besides the input and the model."""
        own = self.answering
        return {
            **asdict(own.columns),
            "columns": list(own.keep) if own.keep is not None else None,
            "bad_rows": "keep" if own.keep_bad else source.block.bad_rows,
            "format": {"name": type(own.format).__name__.lower(), **vars(own.format)},
            "ending": job.ending,
            "shard_rows": self.shard_rows,
            "rows of a part": self.size,
            "options": own.predictor.task.options.model_dump(mode="json"),
            "data": source.block.model_dump(mode="json", exclude={*NOT_COMPARED}),
        }

    def _answer(
        self, source: BulkInput, job: BulkJob, manifest: JobManifest, plan: PartPlan, rank: int, count: int
    ) -> int:
        """Answer the parts of this process that are not done; the first one joins all parts.

        Returns:
            rows that the model had answered before this call.
        """
        job.parts.mkdir(exist_ok=True)
        shards = [n for n in range(plan.shards) if job.shard_file(n).name not in manifest.shards]
        todo = [number for shard in shards for number in plan.parts_of(shard)]
        done, damaged = job.done() if rank == 0 else (set(), set())
        done &= {*todo}
        before = manifest.rows_done + sum(len(plan.rows_of(number)) for number in done)
        answered = Seen(**manifest.seen).rows + sum(read_part(job.part_file(number)).seen.rows for number in done)
        if before:
            log.info("%s: goes on, %s of %s rows are done", job.output, f"{before:,}", f"{plan.rows:,}")
        mine = {number for number in todo if number % count == rank and not job.part_file(number).exists()}
        mine |= damaged & {*todo}  # the process that answered one may have looked before it was removed
        watch = Watch(source.sources, manifest.input)
        tokens = 0
        with self._metered(plan.rows, before) as show:
            for part in self._answered(source, plan, mine, manifest.columns) if mine else ():
                watch.check()
                if part.rows != len(plan.rows_of(part.number)):
                    raise DataError.at(source.sources[0].name, "has other rows than before", "is it being written?")
                write_part(job.part_file(part.number), part.content)
                tokens += part.tokens * count
                if rank == 0:
                    shards = self._join(job, manifest, plan, shards)
                    show(self._rows_done(job, manifest), tokens)
            while rank == 0 and shards:
                if len(rest := self._join(job, manifest, plan, shards)) == len(shards):
                    _wait(job)
                shards = rest
                show(self._rows_done(job, manifest), tokens)
        return answered

    def _answered(
        self, source: BulkInput, plan: PartPlan, wanted: set[int], columns: list[str]
    ) -> Iterator[AnsweredPart]:
        """The wanted parts, answered here or elsewhere."""
        if self.elsewhere is not None:
            predictor = self.answering.predictor
            yield from self.elsewhere(source, plan, predictor.task.margin(predictor.limit), wanted, columns)
            return
        for part, prepared in self._parts(source, plan, wanted.__contains__):
            yield self.answering.answered(part, prepared, columns)

    def _join(self, job: BulkJob, manifest: JobManifest, plan: PartPlan, shards: list[int]) -> list[int]:
        """Join the shards whose parts are done, in order; the others."""
        while shards and all(job.part_file(number).exists() for number in plan.parts_of(shards[0])):
            job.write_shard(shards[0], plan, self.answering.format, manifest)
            shards = shards[1:]
        return shards

    def _rows_done(self, job: BulkJob, manifest: JobManifest) -> int:
        waiting = sum(file.suffix == ".part" for file in job.parts.iterdir())
        return min(manifest.rows, manifest.rows_done + waiting * self.size)

    # --- both ---------------------------------------------------------------------------------------------------------

    def _parts(
        self, source: BulkInput, plan: PartPlan, wanted: Callable[[int], bool]
    ) -> Iterator[tuple[BulkPart, Prepared]]:
        """Parts, each with what needs no model; the next one is read and tokenised while the model answers one."""
        predictor = self.answering.predictor
        with source.again() as rows:
            cut = parts(rows, plan, predictor.task.margin(predictor.limit), wanted)

            def following() -> tuple[BulkPart, Prepared] | None:
                part = next(cut, None)
                return None if part is None else (part, self.answering.prepare(part))

            yield from ahead(following)

    def _check(self, look: Look) -> None:
        if look.first is not None:
            self.answering.check(look.first, look.columns)

    def _warn(self, seen: Seen, counts: dict[str, Any], rows: int) -> None:
        for note in seen.notes(self.answering.predictor.task):
            log.info("%s", note)
        for message in [*seen.warnings(self.answering.predictor.task), *self.answering.format.messages(counts, rows)]:
            warn(message)

    def _metered(self, rows: int, before: int) -> AbstractContextManager[Callable[[int, int], None]]:
        if self.meter is not None and processes.launched()[0] == 0:
            return self.meter("predicting", rows, before)
        return nullcontext(lambda rows, tokens: None)


def _wait(job: BulkJob) -> None:
    """Wait a moment for another process.

    Raises:
        RunError: the launcher was killed, so that there may be none.
    """
    if processes.orphaned():
        raise RunError.at(str(job.output), "the launcher of this process was ended", "the same command goes on")
    time.sleep(POLL)
