"""A job on disk: its manifest, the parts that are done, and the files that are joined from them.

    answers/manifest.json, shard-00000.csv, ...; answers/.parts/000000.part, ...     --output answers/
    answers.csv; .answers.csv.parts/manifest.json, .answers.csv.parts/.parts/...      --output answers.csv

Parts are removed when their shard is written, and all but the result at the end. Nothing is in memory alone: a process
that is killed costs the part that it is at.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import bertkit
from bertkit.engine.examples import Counts, added
from bertkit.errors import RunError
from bertkit.files.json_file import read_json
from bertkit.files.lock import is_free
from bertkit.files.manifest import damage, sha256
from bertkit.fs import write_json, written_aside
from bertkit.inference.bulk.formats import Format
from bertkit.inference.bulk.identity import InputFile
from bertkit.inference.bulk.parts import PartPlan, StoredPart, read_part
from bertkit.inference.seen import Seen
from bertkit.warn import warn

PARTS = ".parts"


class WrittenShard(BaseModel):
    """A file of the result."""

    rows: int
    bytes: int
    sha256: str


class JobManifest(BaseModel):
    """What a job is, and how far it is."""

    bertkit: str = bertkit.__version__
    model: dict[str, str]
    input: list[InputFile]
    options: dict[str, Any]
    rows: int
    columns: list[str]
    """Of the input."""
    left_out: dict[str, int] = {}
    """Rows of the input that are not among `rows`."""
    rows_done: int = 0
    """Those in `shards`."""
    shards: dict[str, WrittenShard] = {}
    counts: dict[str, int] = {}
    """Of the pieces in `shards` (`Format.messages`)."""
    seen: dict[str, Any] = {}
    """Of the rows in `shards` (`Seen`)."""


class BulkJob:
    """The files of a job.

    Args:
        output: a file; or, with `folder`, a folder of shards with this ending.
        home: where manifest and parts lie, of an output that is no file on a disk.
    """

    def __init__(self, output: Path, *, folder: bool = False, ending: str = "", home: Path | None = None):
        self.output, self.is_folder, self.ending = output, folder, ending
        self.home = home or (output if folder else output.with_name(f".{output.name}{PARTS}"))
        self.parts = self.home / PARTS
        self.manifest_file = self.home / "manifest.json"

    @property
    def is_begun(self) -> bool:
        return self.manifest_file.is_file()

    def shard_file(self, shard: int) -> Path:
        return self.home / f"shard-{shard:05d}{self.ending}" if self.is_folder else self.output

    def part_file(self, part: int) -> Path:
        return self.parts / f"{part:06d}.part"

    def check_free(self) -> None:
        """Raise a RunError if the folder of a new job holds something else."""
        if self.is_folder and not is_free(self.home):
            raise RunError.at(str(self.home), "holds other files", "name a new folder for the predictions")

    def read(self) -> JobManifest:
        """The manifest.

        Raises:
            RunError: it is damaged.
        """
        read = read_json(self.manifest_file, JobManifest, error=RunError, remedy=self._anew)
        return JobManifest.model_validate(read)

    @property
    def _anew(self) -> str:
        return f"to start anew remove {self.home}" if self.is_folder else f"to start anew remove the folder {self.home}"

    def check_same(self, begun: JobManifest, now: JobManifest) -> None:
        """Check that a job goes on as it began.

        Raises:
            RunError: with another input, model, option or version; or a shard was edited.
        """
        what = ""
        if begun.model != now.model:
            same = "weights" in now.model and begun.model.get("weights") == now.model["weights"]
            what = (_difference(begun.options, now.options) if same else "") or "begun with another model"
        elif len(begun.input) != len(now.input):
            what = f"begun with {len(begun.input)} input files, not {len(now.input)}"
        elif other := next((b.name for a, b in zip(begun.input, now.input, strict=True) if not a.is_same(b)), ""):
            what = f"the input {other} is not what it was when this was begun"
        elif begun.bertkit != now.bertkit:
            what = f"begun with bertkit {begun.bertkit}"
        else:
            what = _difference(begun.options, now.options)
        if what:
            todo = f"the command as it was continues it; {self._anew}"
            raise RunError.at(str(self.output), f"unfinished predictions: {what}", todo)
        if self.is_folder and (harm := damage(self.home, {k: v.model_dump() for k, v in begun.shards.items()})):
            raise RunError.at(str(self.home), f"its shards were changed: {harm}", f"put it back, or {self._anew}")

    def done(self) -> tuple[set[int], set[int]]:
        """The parts that are done, and those that were damaged, which are removed, to be done again."""
        found, damaged = set(), set()
        for file in sorted(self.parts.glob("*.part")):
            try:
                read_part(file, check=True)
                found.add(int(file.stem))
            except (ValueError, OSError):
                warn(f"{file}: damaged, its rows are answered again")
                file.unlink(missing_ok=True)
                damaged |= {int(file.stem)} if file.stem.isdecimal() else set()
        return found, damaged

    def write_shard(self, shard: int, plan: PartPlan, format: Format, manifest: JobManifest) -> None:
        """Join the parts of a shard to its file, note it in the manifest, and remove them."""
        numbers, file = plan.parts_of(shard), self.shard_file(shard)
        stored: list[StoredPart] = [read_part(self.part_file(number)) for number in numbers]
        with written_aside(file) as aside:
            format.join([one.piece for one in stored], aside)
        rows = sum(one.rows for one in stored)
        empty: Counts = {}
        manifest.counts = reduce(added, [one.piece.counts for one in stored], manifest.counts or empty)
        manifest.seen = reduce(add, [one.seen for one in stored], Seen(**manifest.seen)).__dict__
        manifest.rows_done += rows
        if self.is_folder:
            about = WrittenShard(rows=rows, bytes=file.stat().st_size, sha256=sha256(file))
            manifest.shards[file.name] = about
            self.write(manifest)
            for number in numbers:
                self.part_file(number).unlink(missing_ok=True)

    def write(self, manifest: JobManifest) -> None:
        write_json(self.manifest_file, manifest.model_dump())

    def finish(self) -> None:
        """Remove what only an unfinished job needs."""
        if not self.is_folder:
            self.manifest_file.unlink(missing_ok=True)  # first: parts without it are known to be nobody's
        self.discard_parts()

    def discard_parts(self) -> None:
        shutil.rmtree(self.parts, ignore_errors=True)


def _difference(begun: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first option with another value, in words; empty if there is none."""
    for name, value in now.items():
        before = begun.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if inner := _difference(before, value):
                return inner
        elif before != value:
            return f"begun with {name} {_shown(before)}, not {_shown(value)}"
    return ""


def _shown(value: Any) -> str:
    return "none" if value in (None, [], ()) else f"{value!s:.60}"
