"""What a test expects -> the answer columns of its row, by their kinds: so a test has rows as a file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bertkit.data.columns.column import Column
from bertkit.understand.robustness.behaviour.templates import Slot, WordList, list_of


class Unexpected(ValueError):
    """What a test expects can not be an answer to its row; the text says why, and what to do."""


def row_of(value: Any, columns: Sequence[Column]) -> dict[str, Any]:
    """A row of a test as a mapping of columns; a text is that of the task's only column that needs one.

    Raises:
        Unexpected: it has a column that the task does not have, or a text is not enough.
    """
    inputs = [column for column in columns if not column.answer]
    if isinstance(value, Mapping):
        known = {column.name for column in columns}
        for name in value:
            if name not in known:
                raise Unexpected(f"{name}: the task has no such column; known: {', '.join(sorted(known))}")
        return dict(value)
    needed = [column for column in inputs if column.required]
    texts = [column for column in needed or inputs if column.kind == "text"]
    if not isinstance(value, str) or len(needed) > 1 or not texts:
        names = ", ".join(column.name for column in inputs)
        raise Unexpected(f"{str(value)!r:.60} is not a whole row; write a mapping of {names}")
    return {texts[0].name: value}


def with_answer(row: dict[str, Any], expect: Any, columns: Sequence[Column]) -> dict[str, Any]:
    """The row with the answer that is expected.

    Raises:
        Unexpected: no column of the task can hold it.
    """
    column, owner = _column_of(row, columns)
    kind = column.kind
    if kind == "spans":
        return {**row, column.name: _spans(expect, row[owner])}
    if kind == "answers":
        texts = expect if isinstance(expect, list) else [expect]
        return {**row, column.name: [_answer(text, row[owner]) for text in texts if text != ""]}
    if kind == "number" and (isinstance(expect, bool) or not isinstance(expect, int | float)):
        raise Unexpected(f"{expect!r:.40} is no number; write expect: 3.5")
    if kind in ("labels", "tags") and not isinstance(expect, list):
        raise Unexpected(f"{expect!r:.40} is no list; write expect: [one, two]")
    if kind == "label" and isinstance(expect, list | dict):
        raise Unexpected(f"{str(expect)!r:.40} is no label; write one label, and a test for each")
    return {**row, column.name: expect}


def entities_of(slots: Sequence[Slot], lists: Mapping[str, WordList]) -> list[dict[str, Any]]:
    """The filled words that are entities."""
    found = [(slot, lists[list_of(slot.name, lists)].entity) for slot in slots]
    return [{"start": slot.start, "end": slot.end, "label": entity} for slot, entity in found if entity]


def has_answer(row: Mapping[str, Any], columns: Sequence[Column]) -> bool:
    """Whether a row holds its own answer."""
    return any(column.answer and column.name in row for column in columns)


def spans_column(row: Mapping[str, Any], columns: Sequence[Column]) -> tuple[Column, str] | None:
    """The column of entities in a text of the row, and the text's; None where there is none."""
    text = ""
    for column in columns:
        text = column.name if column.kind == "text" and column.name in row else text
        if column.kind == "spans" and text:
            return column, text
    return None


def _column_of(row: Mapping[str, Any], columns: Sequence[Column]) -> tuple[Column, str]:
    """The column of the answer, and the column of the text or words that it stands in."""
    last: dict[str, str] = {}
    found: list[tuple[Column, str]] = []
    for column in columns:
        if column.answer:
            owner = last.get("words" if column.kind == "tags" else "text", "")
            if column.kind not in ("tags", "spans", "answers") or owner:
                found.append((column, owner))
        elif column.name in row:
            last[column.kind] = column.name
    if not found:
        raise Unexpected("the row has no text that an answer stands in; write its columns")
    return found[0]


def _answer(text: Any, context: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise Unexpected(f"{text!r:.40} is no text; write the answer in quotes")
    start = context.find(text)
    if start < 0:
        raise Unexpected(f"{text!r:.40} does not stand in the text; write it as it stands there")
    return {"text": text, "start": start}


def _spans(expect: Any, text: str) -> list[dict[str, Any]]:
    """Entities, of `{text: type}` or a list of `{text, type}`, which may have a start."""
    if isinstance(expect, Mapping):
        expect = [{"text": words, "type": kind} for words, kind in expect.items()]
    spans = []
    for one in expect if isinstance(expect, list) else [expect]:
        if not isinstance(one, Mapping) or not {"text", "type"} <= one.keys() <= {"text", "type", "start"}:
            raise Unexpected(f"{str(one)!r:.60} is no entity; write expect: {{Berlin: LOC}}, or {{}} for none")
        words, start = str(one["text"]), one.get("start")
        if start is None:
            times = text.count(words)
            if times != 1:
                todo = "write {text: ..., type: ..., start: N}" if times else "write it as it stands there"
                raise Unexpected(f"{words!r:.40} stands {times} times in the text; {todo}")
            start = text.index(words)
        if not isinstance(start, int) or text[start : start + len(words)] != words:
            raise Unexpected(f"{words!r:.40} does not stand at {start}; count characters from 0")
        spans.append({"start": start, "end": start + len(words), "label": str(one["type"])})
    return sorted(spans, key=lambda span: span["start"])
