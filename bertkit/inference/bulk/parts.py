"""Parts: the unit of work. A job's rows are cut into parts of some thousand, each of which one process answers.

A part that is done is a file: a line of JSON that says what it holds, then its piece of the table. It is written aside
and renamed, so what is there is whole.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from bertkit.data.stream import Taken
from bertkit.engine.examples import Counts
from bertkit.files.json_file import parse
from bertkit.fs import written_aside
from bertkit.inference.bulk.formats import Piece
from bertkit.inference.seen import Seen

SIZE = 4096
"""Rows of a part: what a kill costs at most, and what memory holds. Twenty batches of short texts on a processor are
made of them, sorted by length. Chosen, not measured: other sizes were not timed."""


@dataclass(frozen=True)
class PartPlan:
    """How the rows of a job are cut.

    Args:
        rows: of the job.
        shard: rows of each file that is written; 0: one file has all.
        size: rows of a part.
    """

    rows: int
    shard: int = 0
    size: int = SIZE

    @property
    def _of_shard(self) -> int:
        return math.ceil((self.shard or self.rows) / self.size)

    @property
    def shards(self) -> int:
        return math.ceil(self.rows / self.shard) if self.shard else 1

    @property
    def parts(self) -> int:
        return self.parts_of(self.shards - 1).stop

    def parts_of(self, shard: int) -> range:
        """The numbers of a shard's parts."""
        start = shard * self._of_shard
        rows = min(self.shard or self.rows, self.rows - shard * self.shard)
        return range(start, start + math.ceil(rows / self.size))

    def rows_of(self, part: int) -> range:
        """The rows of a part, counted from 0."""
        shard, place = divmod(part, self._of_shard)
        start = shard * self.shard + place * self.size
        end = (shard + 1) * self.shard if self.shard else self.rows
        return range(start, min(start + self.size, end, self.rows))


class BulkPart(NamedTuple):
    """Rows to answer, and those around them."""

    number: int
    rows: list[Taken]
    before: list[Taken]
    after: list[Taken]


def parts(rows: Iterator[Taken], plan: PartPlan, margin: int, wanted: Callable[[int], bool]) -> Iterator[BulkPart]:
    """The wanted parts, in order; the rows of others are read and dropped.

    Args:
        margin: how many of the rows before and after it a part needs (`Codec.margin`).
    """
    before: deque[Taken] = deque(maxlen=margin)
    ahead: deque[Taken] = deque()
    for number in range(plan.parts):
        size = len(plan.rows_of(number))
        ahead.extend(islice(rows, max(0, size + margin - len(ahead))))
        own = [ahead.popleft() for _ in range(min(size, len(ahead)))]
        if wanted(number):
            yield BulkPart(number, own, [*before], [*ahead])
        before.extend(own)


class _Head(BaseModel):
    """The first line of a part's file."""

    rows: int
    columns: list[str]
    counts: dict[str, int]
    seen: dict[str, Any]
    sha256: str


class StoredPart(NamedTuple):
    """A part that is done."""

    rows: int
    seen: Seen
    piece: Piece


class AnsweredPart(NamedTuple):
    """A part as its file has it."""

    number: int
    rows: int
    tokens: int
    content: bytes


def content_of(piece: Piece, seen: Seen, rows: int) -> bytes:
    """The file of a part."""
    payload = piece.payload()
    head = {"rows": rows, "columns": piece.columns, "counts": piece.counts, "seen": asdict(seen)}
    head["sha256"] = hashlib.sha256(payload).hexdigest()
    return json.dumps(head).encode() + b"\n" + payload


def write_part(file: Path, content: bytes) -> None:
    """Write a part, whole or not at all."""
    with written_aside(file) as aside:
        aside.write_bytes(content)


def read_part(file: Path, *, check: bool = False) -> StoredPart:
    """A part; its payload is read when it is asked for.

    Args:
        check: compare the payload with its hash.

    Raises:
        ValueError, OSError: it is damaged.
    """
    with file.open("rb") as stream:
        line = stream.readline()
        head = parse(line, _Head)
        if check and hashlib.sha256(stream.read()).hexdigest() != head["sha256"]:
            raise ValueError("not what was written")

    def payload() -> bytes:
        with file.open("rb") as stream:
            stream.seek(len(line))
            return stream.read()

    counts: Counts = head["counts"]
    return StoredPart(head["rows"], Seen(**head["seen"]), Piece(head["columns"], counts, payload))
