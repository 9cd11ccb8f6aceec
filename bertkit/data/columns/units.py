"""Offsets that count UTF-16 units (Java, JavaScript, C#) or bytes of UTF-8 (Go, Rust) -> characters.

A file does not say which it counts, but the texts of its entities do: if all are at their offsets under one unit, and
not if they count characters, that unit is meant. The units differ only after a character beyond ASCII; UTF-16 only
after one beyond U+FFFF, such as an emoji. Without such texts nothing is guessed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bertkit.data.columns.column import Column
from bertkit.data.columns.spans import spans
from bertkit.data.read.rows import Record, Unusable

log = logging.getLogger("bertkit")

PARALLEL = "mentions"
"""A column with the texts of the entities, in their order, for files whose spans do not hold them."""

UNITS = {"characters": ("utf-32-le", 4), "UTF-16 units": ("utf-16-le", 2), "bytes": ("utf-8", 1)}
"""Unit -> the encoding in which it is so many bytes."""


def in_characters(
    records: Iterator[Record], columns: Sequence[Column], names: Mapping[str, Any], source: str
) -> Iterator[Record]:
    """The records of one source; all offsets of spans count characters, if the texts of the entities show the unit.

    Args:
        columns: of the task.
        names: column of the task -> of the source.
        source: its name, for the log.
    """
    text = ""
    for column in columns:
        text = column.name if column.kind == "text" else text
        if column.kind == "spans" and text:
            records = _in_characters(records, names[text], names[column.name], source)
    return records


def _in_characters(records: Iterator[Record], text: str, name: str, source: str) -> Iterator[Record]:
    units = set(UNITS)
    held: list[Record] = []  # from the first record on in which offsets can not count characters
    for record in records:
        if (fitting := _fitting(record, text, name, units)) is not None:
            units = fitting
        if units and "characters" not in units:
            held.append(record)
            continue
        yield from held
        held = []
        yield record
        if len(units) < 2:
            break
    if held:
        yield from _converted(held, text, name, next(unit for unit in UNITS if unit in units), source)
    yield from records


def _fitting(record: Record, text: str, name: str, units: set[str]) -> set[str] | None:
    """Those of the units in which all mentions are at their offsets; None if the record has no mention that tells."""
    content = record.values.get(text)
    if not isinstance(content, str) or content.isascii():
        return None
    found = [span for span in _spans(record, name) if "mention" in span]
    if not found or content[: max(span["end"] for span in found)].isascii():
        return None
    return {unit for unit in units if all(_is_there(span, content, unit) for span in found)}


def _spans(record: Record, name: str) -> list[dict[str, Any]]:
    """The spans of a record with their mentions; none if they have no known form."""
    try:
        found = spans(record.values.get(name), lambda label: label)
    except Unusable:
        return []
    mentions = record.values.get(PARALLEL)
    if isinstance(mentions, list) and len(mentions) == len(found) and all(isinstance(one, str) for one in mentions):
        return [{"mention": mention, **span} for mention, span in zip(mentions, found, strict=True)]
    return found


def _converted(records: list[Record], text: str, name: str, unit: str, source: str) -> Iterator[Record]:
    changed = 0
    for record in records:
        found, content = _spans(record, name), record.values.get(text)
        moved = [_moved(span, content, unit) for span in found] if isinstance(content, str) else found
        changed += moved != found
        yield replace(record, values={**record.values, name: moved}) if moved != found else record
    what = f"the offsets of entities count {unit}, as their texts show"
    log.info("%s: %s: converted to characters in %s rows", source, what, f"{changed:,}")


def _moved(span: dict[str, Any], text: str, unit: str) -> dict[str, Any]:
    place = _place(span, text, unit)
    return {**span, "start": place[0], "end": place[1]} if place else span


def _is_there(span: dict[str, Any], text: str, unit: str) -> bool:
    place = _place(span, text, unit)
    return place is not None and text[place[0] : place[1]] == span["mention"]


def _place(span: dict[str, Any], text: str, unit: str) -> tuple[int, int] | None:
    """Start and end in characters; None if one is inside a character or beyond the text."""
    start, end = (_characters(text, span[side], unit) for side in ("start", "end"))
    return None if start is None or end is None else (start, end)


def _characters(text: str, offset: int, unit: str) -> int | None:
    codec, width = UNITS[unit]
    coded = text.encode(codec, "surrogatepass")
    if not 0 <= offset * width <= len(coded):
        return None
    try:
        return len(coded[: offset * width].decode(codec))
    except UnicodeDecodeError:
        return None


def units_that_reach(text: str, end: int) -> list[str]:
    """The units in which a text is long enough for this end."""
    return [unit for unit, (codec, width) in UNITS.items() if end * width <= len(text.encode(codec, "surrogatepass"))]
