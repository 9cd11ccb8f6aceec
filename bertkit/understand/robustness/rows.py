"""A perturbation of one row: all its texts, by the kinds of its columns, with the answers that stand in them."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bertkit.data.columns.choices import plain
from bertkit.data.columns.column import Column
from bertkit.tasks.task import Rows
from bertkit.tasks.words import join
from bertkit.understand.robustness.edits import Edit, Edited
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, Rng
from bertkit.understand.robustness.texts import (
    OUTSIDE,
    EditedWords,
    Labelled,
    edit_text,
    edit_words,
    free_of,
    labelled_words,
)

TEXTS = ("text", "words", "choices", "texts")
"""Kinds of columns that hold texts."""
LABELLED = ("spans", "answers", "tags")
"""Kinds of answers that stand in the text or the words before them."""


@dataclass(frozen=True)
class EditedRow:
    """A row after a perturbation.

    Args:
        values: with the task's columns, as the old row.
        texts, words: by the name of each changed column: what became of it.
    """

    values: dict[str, Any]
    texts: dict[str, Edited] = field(default_factory=dict)
    words: dict[str, EditedWords] = field(default_factory=dict)


class WordPlace(NamedTuple):
    """A word of a row: the column that it stands in, and its characters there; of a list of words, in the text of all
    (`tasks.words.join`)."""

    column: str
    start: int
    end: int


EditsOfColumn = Callable[[Column, str], list[Edit]]
"""The edits of the text of a column."""


class _Impossible(Exception):
    """An edit can not be made that the others depend on."""


class RowEditor:
    """Perturbs rows of a task.

    Args:
        columns: the task's.
        group_by: the task's: rows with the same value there are changed by the same draw, so that they stay together.
        seed: of all random numbers, with the perturbation's name and the row's number.
        strength: share of words that a perturbation changes.
    """

    def __init__(self, columns: Sequence[Column], *, group_by: str | None = None, seed: int = 0, strength: float = 0.1):
        self._columns, self._group_by, self._seed, self._strength = columns, group_by, seed, strength

    def numbers(self, rows: Rows) -> list[int]:
        """For each row the number, from 0, that its random numbers come from: its own, or its group's first row's."""
        first: dict[Any, int] = {}
        groups = [row.get(self._group_by) if self._group_by else number for number, row in enumerate(rows)]
        return [first.setdefault(group, number) for number, group in enumerate(groups)]

    def edit(self, row: dict[str, Any], perturbation: Perturbation, number: int) -> EditedRow | None:
        """The row after the perturbation; None where that changes nothing, or can not be made.

        Args:
            number: see `numbers`.
        """
        seeds = [self._seed, binascii.crc32(perturbation.name.encode()), number]

        def edits(column: Column, text: str) -> list[Edit]:
            rng: Rng = np.random.default_rng(seeds)  # afresh for each text: names change alike in all of them
            return perturbation.edit(text, rng, self._strength)

        return self.edit_by(row, edits, perturbation)

    def edit_by(self, row: dict[str, Any], edits: EditsOfColumn, perturbation: Perturbation) -> EditedRow | None:
        """As `edit`, with edits from elsewhere.

        Args:
            perturbation: what it says of columns and of what is labelled counts here.
        """
        changed = EditedRow(dict(row))
        try:
            for column in self._chosen(row, perturbation):
                if column.kind == "text":
                    self._edit_text(changed, column, edits, perturbation)
                elif column.kind == "words":
                    self._edit_words(changed, column, edits, perturbation)
                else:
                    self._edit_texts(changed, column, edits, perturbation)
        except _Impossible:
            return None
        return changed if changed.values != row else None

    def _chosen(self, row: dict[str, Any], perturbation: Perturbation) -> list[Column]:
        """The columns that a perturbation changes."""
        own = [one for one in self._columns if one.kind in TEXTS and not one.answer and row.get(one.name)]
        if perturbation.columns == "all":
            return own
        if perturbation.columns == "first":
            return own[:1]
        if labelled := [one for one in own if self._owned_by(one, row)]:
            return labelled
        if any(one.kind == "choices" for one in own):
            return own[:1]
        return [one for one in own if one.name != self._group_by]

    def _labels_of(self, text: Column, row: dict[str, Any]) -> list[Column]:
        """The columns of the row's answers that stand in a text or list of words."""
        return [column for column in self._owned_by(text, row) if column.name in row]

    def _owned_by(self, text: Column, row: dict[str, Any]) -> list[Column]:
        """The columns of answers that stand in a text or list of words: those that follow it, before the next one.
        The row need not hold them: a row without its answer has it in the same text."""
        found: list[Column] = []
        wanted = ("tags",) if text.kind == "words" else ("spans", "answers")
        last: dict[str, str] = {}
        for column in self._columns:
            owner = last.get("words" if column.kind == "tags" else "text")
            if column.kind in wanted and owner == text.name:
                found.append(column)
            if column.name in row:
                last[column.kind] = column.name
        return found

    def free_words(self, row: dict[str, Any], words_in: Callable[[str], list[tuple[int, int]]]) -> list[WordPlace]:
        """The words of a row outside of entities and of answers in its texts; choices are left out.

        Args:
            words_in: the words of a text.
        """
        places = []
        for column in self._columns:
            if column.kind not in ("text", "words") or column.answer or not row.get(column.name):
                continue
            value = row[column.name]
            text = value if isinstance(value, str) else join(value)
            taken = free_of(self._parts(column, row))
            places += [WordPlace(column.name, *span) for span in words_in(text) if taken(*span)]
        return places

    def _parts(self, column: Column, row: dict[str, Any]) -> list[Labelled]:
        """What is labelled in a text or a list of words."""
        answers = self._labels_of(column, row)
        if column.kind == "words":
            return [
                part for one in answers if row[one.name] for part in labelled_words(row[column.name], row[one.name])
            ]
        return [part for one in answers for part in _parts(one, row[one.name] or [], row[column.name])]

    def _edit_text(self, changed: EditedRow, column: Column, edits: EditsOfColumn, perturbation: Perturbation) -> None:
        row, text = changed.values, changed.values[column.name]
        parts, wanted = self._parts(column, row), edits(column, text)
        edited = edit_text(text, parts, wanted, perturbation.gold)
        made = len(edited.edits) if edited else 0
        if perturbation.together and made < len(wanted) and not any(part.kind == "entity" for part in parts):
            raise _Impossible
        if edited is None:
            return
        row[column.name], changed.texts[column.name] = edited.text, edited
        for one in self._labels_of(column, row):
            row[one.name] = _moved(one, row[one.name] or [], edited)

    def _edit_words(self, changed: EditedRow, column: Column, edits: EditsOfColumn, perturbation: Perturbation) -> None:
        row = changed.values
        answers = [one for one in self._labels_of(column, row) if row[one.name] is not None]
        tags = row[answers[0].name] if answers else None
        edited = edit_words(row[column.name], tags, lambda text: edits(column, text), perturbation.gold)
        if edited is None:
            return
        row[column.name], changed.words[column.name] = edited.words, edited
        for one in answers:
            old = row[one.name]
            row[one.name] = [OUTSIDE if source is None else old[source] for source in edited.sources]
        if "lines" in row and edited.sources != list(range(len(edited.sources))):
            row["lines"] = None  # new words have none

    def _edit_texts(self, changed: EditedRow, column: Column, edits: EditsOfColumn, perturbation: Perturbation) -> None:
        old = list(changed.values[column.name])
        edited = [edit_text(text, [], edits(column, text), perturbation.gold) for text in old]
        new = [text if one is None else one.text for text, one in zip(old, edited, strict=True)]
        if len({*map(plain, new)}) == len({*map(plain, old)}):  # else two choices became one
            changed.values[column.name] = new


def _parts(column: Column, values: list[dict[str, Any]], text: str) -> Iterator[Labelled]:
    """What a column labels in a text."""
    for value in values:
        if column.kind == "spans":
            yield Labelled(value["start"], value["end"], "entity")
        elif value["start"] is not None:
            yield Labelled(value["start"], value["start"] + len(value["text"]), "answer")
        elif value["text"]:
            yield from _occurrences(value["text"], text)


def _occurrences(answer: str, text: str) -> Iterator[Labelled]:
    at = text.find(answer)
    while at >= 0:
        yield Labelled(at, at + len(answer), "fixed")
        at = text.find(answer, at + 1)


def _moved(column: Column, values: list[dict[str, Any]], edited: Edited) -> list[dict[str, Any]]:
    """The values of a column where they are now."""
    moved = []
    for value in values:
        start = value["start"]
        place = None if start is None else edited.span(start, value.get("end", start + len(value.get("text", ""))))
        if place is None:
            moved.append(value)
        elif column.kind == "spans":
            moved.append({**value, "start": place[0], "end": place[1]})
        else:
            moved.append({**value, "start": place[0], "text": edited.text[slice(*place)]})
    return sorted(moved, key=lambda value: value["start"]) if column.kind == "spans" else moved
