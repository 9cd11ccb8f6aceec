"""Corrections, written back into a data file.

A correction is refused if its row is not there, has another text than when it was judged, has another answer than the
given one, or can not have the corrected one. The new file is read again before it takes its place: each row must have
what it had, or what it was corrected to. From the lines that were filled in follows the precision that the list really
had: the share of suspects that were looked at and changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertkit.data.canonical import ALSO
from bertkit.data.columns import paths
from bertkit.data.read.rows import Unusable
from bertkit.data.read.sources import Source, expand
from bertkit.data.stream import Taken
from bertkit.errors import DataError, Parameter, Problem, RecipeError
from bertkit.fs import check_output, written_aside
from bertkit.metrics.resamples.bounds import wilson
from bertkit.recipe.load import load
from bertkit.recipe.schema import Recipe
from bertkit.tasks.task import make_task
from bertkit.understand.errors.corrections.files import changed, column_of
from bertkit.understand.errors.corrections.forms import written
from bertkit.understand.errors.corrections.rows import ReadRows, read_rows
from bertkit.understand.errors.corrections.table import (
    REMOVE,
    AboutErrors,
    Correction,
    of_file,
    read_about,
    read_corrections,
)

SHOWN = 10
"""Most problems that are shown; the others are counted."""


@dataclass(frozen=True)
class Applied:
    """What was done."""

    changed: int
    """Rows whose answer is another now."""
    removed: int
    right: int
    """Lines that say that the given answer is right."""
    left: int
    """Lines that were not filled in."""
    others: int
    """Lines of other data files."""
    looked_at: int
    """Suspects that say what is right, of all files: all with a correction but for those that take the row out."""
    wrong: int
    """Of these, those whose answer was another."""

    @property
    def precision(self) -> tuple[float, tuple[float, float]] | None:
        """The share of wrong answers among the suspects that were looked at, and its 95% interval."""
        if not self.looked_at:
            return None
        return self.wrong / self.looked_at, wilson(self.wrong, self.looked_at)


def apply(
    corrections: Path,
    data: str,
    output: Path | None,
    *,
    task: str = "",
    recipe: str | None = None,
    sets: Sequence[str] = (),
) -> Applied:
    """Write a data file with its corrections.

    Args:
        corrections: as `bertkit errors` wrote it, filled in. The errors.json beside it says how the rows are read.
        output: the new file; None: `data` itself, which must be a plain file then.
        task, recipe: how the rows are read, where there is no errors.json: as of `bertkit data check`.
        sets: `--set` texts.

    Raises:
        DataError: corrections that can not be made, or a file that can not be changed; nothing is written then.
    """
    every, left = read_corrections(corrections)
    about = read_about(corrections)
    how = _recipe(about, task, recipe, sets)
    source = _source(data, how)
    own = of_file(every, source.plain_file or Path(data))
    target = _target(output, data, source)
    check_output(target, inputs=[str(corrections)])
    rows = ReadRows(make_task(how), how, source, about.labels if about else [])
    plan = _planned(own, rows)
    content = changed(source, how.data, plan.changes)
    with written_aside(target) as aside:
        aside.write_bytes(content)
        _prove(rows, plan, Source(source.name, source.format, aside))
    mine = set(map(id, own))
    suspects = [one for one in every if one.suspect and one.corrected != REMOVE]
    wrong = sum(id(one) in plan.wrong if id(one) in mine else not _equal(one.corrected, one.given) for one in suspects)
    removed = sum(change is None for change in plan.changes.values())
    return Applied(len(plan.changes) - removed, removed, plan.right, left, len(every) - len(own), len(suspects), wrong)


def _target(output: Path | None, data: str, source: Source) -> Path:
    """The file to write, which is the data file only where that was asked for.

    Raises:
        DataError: it is the data file, or the data is no plain file.
    """
    if output is None:
        if source.plain_file is None or not Path(data).is_file():
            raise DataError.at(Parameter("in_place"), f"{data}: not the name of one plain file", "name it, or --output")
        return Path(data)
    if source.file is not None and output.resolve() == source.file.resolve():
        raise DataError.at(
            Parameter("output"), f"{output}: is the data file itself", "name a new one, or say --in-place"
        )
    return output


@dataclass(frozen=True)
class _Plan:
    changes: dict[int, dict[str, Any] | None]
    """See `files.changed`."""
    expected: dict[int, Any]
    """Position of a row -> its answer then; a row that is taken out is in neither."""
    gone: set[int]
    right: int
    wrong: set[int]
    """`id` of each correction that says something else than the row has."""


def _planned(corrections: Sequence[Correction], rows: ReadRows) -> _Plan:
    """What becomes of each row.

    Raises:
        DataError: corrections that can not be made.
    """
    problems: list[Problem] = []
    by_row: dict[int, list[Correction]] = {}
    right = 0
    for one in corrections:
        at = rows.by_suffix.get(one.suffix)
        if problem := _refused(one, at, rows):
            problems.append(problem)
        elif at is not None:
            try:
                same = one.corrected != REMOVE and rows.confirmed(at, one)
            except Unusable as error:
                problems.append(error.at(one.line))
                continue
            right += same
            if not same:
                by_row.setdefault(at, []).append(one)
    plan = _Plan({}, {}, set(), right, {id(one) for some in by_row.values() for one in some})
    for at, some in by_row.items():
        if problem := _clash(some):
            problems.append(problem)
            continue
        try:
            _plan_row(plan, rows, at, some)
        except Unusable as error:
            problems.append(error.at(some[0].line))
    if problems:
        more = len(problems) - SHOWN
        rest = [Problem("", f"and {more:,} more like these; nothing was written")] if more > 0 else []
        raise DataError(*problems[:SHOWN], *rest)
    return plan


def _plan_row(plan: _Plan, rows: ReadRows, at: int, some: Sequence[Correction]) -> None:
    number = int(rows.rows[at]["row"])
    if some[0].corrected == REMOVE:
        plan.changes[number] = None
        plan.gone.add(at)
        return
    new, block = rows.answered(at, some), rows.recipe.data
    taken = rows.taken[at]
    old = {name: paths.get(taken.values, name) for name in _columns(rows, taken)}
    plan.changes[number] = written(rows.answer.kind, new, old, rows.rows[at], block)
    plan.expected[at] = new


def _columns(rows: ReadRows, taken: Taken) -> list[str]:
    """The columns of the file that the answer is read from."""
    names = column_of(rows.recipe.data, rows.answer.name)
    if all(paths.there(taken.values, name) for name in names):
        return names
    return [next((name for name in ALSO.get(rows.answer.kind, ()) if paths.there(taken.values, name)), names[0])]


def _refused(one: Correction, at: int | None, rows: ReadRows) -> Problem | None:
    """Why a correction can not be made, whatever it is."""
    if at is None:
        return Problem(one.line, f"{one.place}: the file has no such row", "find errors in it again")
    if _plain(rows.pool.texts[at]) != _plain(one.text):
        what = f"{one.place}: the row has another text now"
        return Problem(one.line, what, "find errors in it again", f"{rows.pool.texts[at]!r:.60}")
    tags = rows.tags[at] if rows.tags else []
    if one.words and not 0 <= one.words[0] < one.words[1] <= len(tags):
        return Problem(one.line, f"{one.place}: the row has no words {one.words[0] + 1}-{one.words[1]}")
    now = rows.given(at, one.words)
    if now != one.given and one.corrected != REMOVE and not _equal(now, one.given):
        what = f"{one.place}: the answer is {now!r:.60} now, not the given one"
        return Problem(one.line, what, "find errors in it again, or empty this line")
    return None


def _clash(some: Sequence[Correction]) -> Problem | None:
    """Two corrections of one row that are not of different words."""
    if all(one.corrected == REMOVE for one in some):
        return None
    parts = sorted(one.words or (0, 10**9) for one in some)
    if len(some) > 1 and (len({one.corrected for one in some}) > 1 or any(one.words for one in some)):
        overlap = any(second[0] < first[1] for first, second in itertools.pairwise(parts))
        if overlap or any(one.corrected == REMOVE for one in some):
            what = f"{some[0].place}: corrected twice, in different ways"
            return Problem(some[-1].line, what, "empty one of the two lines")
    return None


def _prove(rows: ReadRows, plan: _Plan, new: Source) -> None:
    """Raise a DataError if the new file does not read as it should."""
    again = [one.row or {} for one in read_rows(rows.task, rows.recipe, new)]
    kept = [at for at in range(len(rows.rows)) if at not in plan.gone]
    if len(again) != len(kept):
        raise DataError.at(new.name, f"would have {len(again)} rows, not {len(kept)}: nothing was written")
    for at, row in zip(kept, again, strict=True):
        for column in rows.pool.columns:
            before = rows.rows[at][column.name]
            wanted = plan.expected.get(at, before) if column.answer else before
            if not _same(column.kind, row.get(column.name), wanted):
                what = f"its {column.name} would read as {row.get(column.name)!r:.60}: nothing was written"
                raise DataError.at(
                    str(rows.rows[at]["place"]), what, "correct it by hand", detail=f"not {wanted!r:.60}"
                )


def _same(kind: str, one: Any, other: Any) -> bool:
    """Whether two values of a column are the same; the order of several labels says nothing."""
    return sorted(one) == sorted(other) if kind == "labels" and one is not None else bool(one == other)


def _recipe(about: AboutErrors | None, task: str, recipe: str | None, sets: Sequence[str]) -> Recipe:
    if recipe or task:
        return load(recipe or {"task": task}, sets)
    if about is None:
        what = "no errors.json beside the corrections says how the rows are read"
        raise RecipeError.at(Parameter("task"), what, "name the task, and columns with --set data.columns.label=...")
    return load({"task": about.task, "data": about.block, "options": about.options}, sets)


def _source(data: str, recipe: Recipe) -> Source:
    sources = expand([data], recipe.data)
    if len(sources) != 1 or sources[0].file is None:
        raise DataError.at(Parameter("data"), f"{data}: not a single file", "name one file")
    return sources[0]


def _plain(text: str) -> str:
    return " ".join(text.split())


def _equal(one: str, other: str) -> bool:
    """Whether two answers are the same, but for how a spreadsheet writes them."""
    try:
        return float(one) == float(other)
    except ValueError:
        return _plain(one).casefold() == _plain(other).casefold()
