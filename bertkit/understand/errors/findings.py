"""Findings: suspects, contradictions, leaks and repeated rows in one list, by how much each is worth a look; and the
file in which they are corrected.

| kind | worth |
|---|---|
| `label` | the doubt about the given answer, 0 to 1 (judges/judge.py) |
| `conflict` | of two rows with one text and two answers the more doubtful one: its share of both doubts |
| `leak` | how alike the row and the training row are, 0.8 to 1 |
| `duplicate` | a quarter of that: a repeated row does little harm |

A row, or a part of it, has one line: a suspect that also contradicts another row has both kinds, and the greater worth.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertkit.errors import RunError
from bertkit.fs import write_text
from bertkit.inference.bulk.formats import Csv
from bertkit.understand.errors.calibrated import Floats
from bertkit.understand.errors.corrections.sheet import read_sheet
from bertkit.understand.errors.judges.judge import Suspect
from bertkit.understand.errors.pool import Pool
from bertkit.understand.errors.repeats import Repeat, more_doubtful

DUPLICATE = 0.25
CORRECTED = "corrected"
COLUMNS = (
    *("kinds", "split", "place", "row", "words", "text", "part", "given", "suggested", "confidence", "worth", "note"),
    CORRECTED,
)
"""Of the file of corrections. `given` and `suggested` are as a correction is written; `part` is what `words`
numbers."""


@dataclass(frozen=True)
class ErrorFinding:
    """One line of the list."""

    kinds: tuple[str, ...]
    row: int
    worth: float
    given: str
    """As a correction is written."""
    suggested: str = ""
    """Empty: there is no suggestion."""
    confidence: float | None = None
    words: tuple[int, int] | None = None
    shown: tuple[str, str] | None = None
    """Given and suggested for people, where they are not as written."""
    note: str = ""


def findings_of(
    pool: Pool, written: Sequence[str], shown: Sequence[str],
    suspects: Sequence[Suspect], repeats: Sequence[Repeat], doubts: Floats,
) -> list[ErrorFinding]:  # fmt: skip
    """All findings, the worthiest first.

    Args:
        written: each row's answer as a correction is written.
        shown: the same for people.
        doubts: `(row,)`, about each row's answer.
    """
    lines: dict[tuple[int, tuple[int, int] | None], ErrorFinding] = {}
    for one in suspects:
        lines[one.row, one.words] = ErrorFinding(
            ("label",), one.row, one.doubt, one.given, one.suggested, one.confidence, one.words, one.shown
        )
    for repeat in repeats:
        found = _of_repeat(pool, written, shown, repeat, doubts)
        known = lines.get((found.row, None))
        lines[found.row, None] = found if known is None else _both(known, found)
    return sorted(lines.values(), key=lambda one: (-one.worth, one.row, one.words or (0, 0)))


def _of_repeat(
    pool: Pool, written: Sequence[str], shown: Sequence[str], repeat: Repeat, doubts: Floats
) -> ErrorFinding:
    row, other, worth = repeat.row, repeat.other, repeat.likeness
    if repeat.kind == "conflict":
        row, other, worth = more_doubtful(repeat, doubts)
    elif repeat.kind == "duplicate":
        worth *= DUPLICATE
    texts = "same" if repeat.likeness == 1 else "nearly the same"
    answer = f", which has {shown[other]}" if repeat.differs else ""
    note = f"{texts} text as {pool.places[other]} ({pool.splits[other]}){answer}"
    suggested, other_shown = (written[other], shown[other]) if repeat.kind == "conflict" else ("", "")
    return ErrorFinding((repeat.kind,), row, worth, written[row], suggested, shown=(shown[row], other_shown), note=note)


def _both(known: ErrorFinding, found: ErrorFinding) -> ErrorFinding:
    note = "; ".join(filter(None, (known.note, found.note)))
    kinds = tuple(dict.fromkeys((*known.kinds, *found.kinds)))
    if not known.suggested:
        known = replace(known, suggested=found.suggested, shown=found.shown)
    return replace(known, kinds=kinds, worth=max(known.worth, found.worth), note=note)


def record_of(pool: Pool, one: ErrorFinding) -> dict[str, Any]:
    """A finding as plain values: a line of the file, without the column to fill in."""
    from bertkit.understand.errors.judges.words import words_of

    part = ""
    if one.words is not None:
        part = " ".join(words_of(pool, one.row)[one.words[0] : one.words[1]])
    return {
        "kinds": ", ".join(one.kinds), "split": pool.splits[one.row], "place": pool.places[one.row],
        "row": pool.rows[one.row].get("row", one.row + 1),
        "words": "" if one.words is None else f"{one.words[0] + 1} to {one.words[1]}",
        "text": pool.texts[one.row], "part": part, "given": one.given, "suggested": one.suggested,
        "confidence": one.confidence, "worth": one.worth, "note": one.note,
        "shown": list(one.shown) if one.shown else [one.given, one.suggested],
    }  # fmt: skip


def write_findings(file: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write the file of corrections, for a spreadsheet.

    Raises:
        RunError: the file that is there has corrections already.
    """
    check_corrections(file)
    rounded = [{name: _rounded(one.get(name, "")) for name in COLUMNS} for one in records]
    form = Csv(None, ",", excel=True)
    piece = form.piece(rounded, COLUMNS)
    head = io.StringIO()
    csv.writer(head, lineterminator="\n").writerow(COLUMNS)
    write_text(file, "\ufeff" + head.getvalue() + piece.payload().decode())


def check_corrections(file: Path) -> None:
    """Raise a RunError if a file of corrections is there that somebody has filled in, or that can not be read."""
    if not file.is_file():
        return
    try:
        columns, rows = read_sheet(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        what = f"can not be read, so it may hold corrections, which would be lost: {error}"
        raise RunError.at(str(file), what, "move it away, or name another folder") from error
    if columns and CORRECTED not in columns:
        what = f"has no column {CORRECTED}, so it is no file of corrections, and would be lost"
        raise RunError.at(str(file), what, "move it away, or name another folder")
    filled = sum(bool((row.get(CORRECTED) or "").strip()) for row in rows)
    if filled:
        todo = "put them back first (bertkit data apply), or name another folder"
        raise RunError.at(str(file), f"holds {filled:,} corrections, which would be lost", todo)


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
