"""The file of corrections, as `bertkit errors` wrote it and somebody filled it in."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bertkit.errors import DataError, Parameter, Problem
from bertkit.files.json_file import read_json
from bertkit.understand.errors.corrections.sheet import read_sheet
from bertkit.understand.errors.findings import COLUMNS, CORRECTED
from bertkit.understand.errors.pool import source_of

REMOVE = "<remove>"
"""A correction that takes the row out of the file."""
ABOUT = "errors.json"
"""Beside the corrections: how the rows were read."""
NEEDED = ("place", "text", "given", CORRECTED)
_WORDS = re.compile(r"(\d{1,9}) *(?:-|to) *(\d{1,9})")
"""`3 to 3`; also `3-3`, which a spreadsheet may take for a date."""
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
"""How a cell begins that was kept from being executed by a spreadsheet: it has one quote more than the text."""


@dataclass(frozen=True)
class Correction:
    """A line of the file that was filled in."""

    line: str
    """Its place, for messages."""
    place: str
    """Of the row in its data file."""
    words: tuple[int, int] | None
    """First word and the one after the last, from 0; None: the whole answer."""
    text: str
    given: str
    corrected: str
    suspect: bool
    """Whether the answer looked wrong, and not the row repeated another."""

    @property
    def source(self) -> str:
        """The data file in `place`."""
        return source_of({"place": self.place})

    @property
    def suffix(self) -> str:
        """What follows the file in `place`: `:17` or `[row 17]`."""
        return self.place[len(self.source) :]


class AboutErrors(BaseModel):
    """What is read from `errors.json`, which holds more."""

    task: str
    block: dict[str, Any]
    options: dict[str, Any]
    labels: list[str]


def read_corrections(file: Path) -> tuple[list[Correction], int]:
    """The lines that were filled in, and how many were not.

    Raises:
        DataError: not such a file, or no line was filled in.
    """
    todo = "name the errors.csv that bertkit errors wrote"
    try:
        columns, rows = read_sheet(file)
    except OSError as error:
        raise DataError.at(str(file), f"can not be read: {error.strerror}", todo) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError.at(str(file), f"can not be read: {error}", "save it as CSV in UTF-8") from error
    if missing := [name for name in NEEDED if name not in columns]:
        raise DataError.at(str(file), f"no column {', '.join(missing)}", todo)
    named = [(f"{file.name}, row {number}", row) for number, row in enumerate(rows, 2)]
    cells = [(line, {name: _cell(row.get(name)) for name in COLUMNS}) for line, row in named]
    filled = [(line, values) for line, values in cells if values[CORRECTED].strip()]
    if wrong := [
        (line, v["words"]) for line, v in filled if v["words"].strip() and not _WORDS.fullmatch(v["words"].strip())
    ]:
        raise DataError(*(Problem(line, f"words: not a range: {text!r:.40}") for line, text in wrong))
    if not filled:
        what = f"none of its {len(rows):,} lines has anything in the column {CORRECTED}"
        raise DataError.at(str(file), what, "fill it in: the right answer, also where the given one is right")
    return [_correction(line, values) for line, values in filled], len(rows) - len(filled)


def _correction(line: str, values: dict[str, str]) -> Correction:
    words = _WORDS.fullmatch(values["words"].strip())
    kinds = {kind.strip() for kind in values["kinds"].split(",")}
    return Correction(
        line, values["place"].strip(), (int(words[1]) - 1, int(words[2])) if words else None, values["text"],
        values["given"].strip(), values[CORRECTED].strip(), bool({"label", "conflict"} & kinds),
    )  # fmt: skip


def read_about(file: Path) -> AboutErrors | None:
    """How the rows were read that are corrected; None: nothing beside the corrections says so.

    Raises:
        DataError: what is there can not be used.
    """
    about = file.with_name(ABOUT)
    if not about.is_file():
        return None
    known = read_json(about, AboutErrors, error=DataError, remedy="run bertkit errors again", nan=True)
    return AboutErrors(**{name: known[name] for name in AboutErrors.model_fields})


def of_file(corrections: list[Correction], data: Path) -> list[Correction]:
    """Those of a data file: with its path, else with its name.

    Raises:
        DataError: there are none.
    """
    whole = [one for one in corrections if Path(one.source).exists() and Path(one.source).resolve() == data.resolve()]
    own = whole or [one for one in corrections if Path(one.source).name == data.name]
    if not own:
        sources = ", ".join(dict.fromkeys(one.source for one in corrections))
        what = f"{data}: the corrections are of {sources or 'no file'}"
        raise DataError.at(Parameter("data"), what, "name the file that they are of")
    return own


def _cell(value: Any) -> str:
    text = str(value or "")
    return text[1:] if _ESCAPED.match(text) else text
