"""Answers and entities in the forms that files use -> one form, in characters, ends exclusive.

Answers: SQuAD's list of `{"text", "answer_start"}`, or the two lists `{"text": [...], "answer_start": [...]}` that
Hugging Face makes of it; a start may be missing, because only training needs it. Entities: `[start, end, label]`,
`{"start", "end", "label"}` (doccano's `start_offset` and `end_offset` too), or CLUENER's
`{label: {mention: [[start, last]]}}`, whose ends are inclusive. In a table each is a cell of JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bertkit.data.columns.label_cells import listed
from bertkit.data.read.json_text import Repeated, describe, parse, reason
from bertkit.data.read.rows import Unusable

ANSWERS_TODO = 'write [{"text": "...", "answer_start": 17}]; [] where there is no answer'
SPANS_TODO = 'write [{"start": 0, "end": 4, "label": "..."}] or [[0, 4, "..."]]; [] where there is none'

KEYS = {"start": ("start", "start_offset"), "end": ("end", "end_offset"), "label": ("label", "type")}
"""Key of a span -> the names it goes by."""

MENTIONS = ("text", "mention", "word")
"""Keys that may hold the text of an entity; it must then match the text at its place."""


def cell(value: Any) -> Any:
    """The value of a text of JSON, or of a flat list as Python prints it; any other value unchanged.

    Raises:
        Unusable: the text is neither.
    """
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        return parse(value)
    except (ValueError, RecursionError) as error:
        if (values := listed(value)) is not None:
            return values
        detail = f"{reason(error)}, in {value!r:.40}"
        raise Unusable("is not JSON", 'in a table, write ["a", "b"]', detail=detail) from None


def answers(value: Any) -> list[dict[str, Any]]:
    """Answers as `{"text", "start"}`, with None for a start that is missing; nothing and an empty text are no answer.

    Raises:
        Unusable: it has none of the forms.
    """
    value = cell(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    if isinstance(value, dict):
        value = list(_zipped(value))
    if not isinstance(value, list):
        raise Unusable("is not a list of answers", ANSWERS_TODO, detail=f"found {describe(value)}")
    return [_answer(item, number) for number, item in enumerate(value, 1)]


def _zipped(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    _check_keys(value)
    texts, starts = value.get("text"), value.get("answer_start", value.get("start"))
    if not isinstance(texts, list) and not isinstance(starts, list):
        yield value
        return
    if isinstance(texts, list) and starts is None:
        starts = [None] * len(texts)
    if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
        many = [str(len(v)) if isinstance(v, list) else describe(v) for v in (texts, starts)]
        detail = f"{many[0]} in text, {many[1]} in answer_start"
        raise Unusable("has not one start per text", ANSWERS_TODO, detail=detail)
    yield from ({"text": text, "start": start} for text, start in zip(texts, starts, strict=True))


def _answer(item: Any, number: int) -> dict[str, Any]:
    if not isinstance(item, dict):
        detail = f"number {number} is {describe(item)}"
        raise Unusable("holds an element that is not an answer", ANSWERS_TODO, detail=detail)
    _check_keys(item)
    start = item.get("answer_start", item.get("start"))
    if not isinstance(item.get("text"), str):
        detail = f"number {number} has {describe(item.get('text'))}"
        raise Unusable("holds an answer without a text", ANSWERS_TODO, detail=detail)
    if start is not None and _whole(start) is None:
        what = "holds an answer without a whole number as answer_start"
        raise Unusable(what, ANSWERS_TODO, detail=f"number {number} has {start!r:.40}")
    return {"text": item["text"], "start": _whole(start)}


def spans(value: Any, label: Callable[[Any], str]) -> list[dict[str, Any]]:
    """Entities as `{"start", "end", "label"}` and, where the file gives it, `mention`, in the order of the file.

    Args:
        label: makes a label's name of what the file holds.

    Raises:
        Unusable: it has none of the forms.
    """
    value = cell(value)
    if value is None or value == "":
        raise Unusable("is missing", SPANS_TODO)
    if isinstance(value, dict):
        value = list(_by_mention(value))
    if not isinstance(value, list):
        raise Unusable("is not a list of spans", SPANS_TODO, detail=f"found {describe(value)}")
    return [_span(item, number, label) for number, item in enumerate(value, 1)]


def _by_mention(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """CLUENER's: label -> mention -> places, with the last character of each."""
    _check_keys(value)
    for label, mentions in value.items():
        if not isinstance(mentions, dict):
            detail = f"{label!r:.40} has {describe(mentions)}"
            raise Unusable("holds no mentions with their places", SPANS_TODO, detail=detail)
        _check_keys(mentions)
        for mention, places in mentions.items():
            for place in places if isinstance(places, list) else [places]:
                start, last = place if isinstance(place, list) and len(place) == 2 else (None, None)
                end = None if _whole(last) is None else _whole(last) + 1  # type: ignore[operator]
                yield {"start": start, "end": end, "label": label, "mention": mention}


def _span(item: Any, number: int, label: Callable[[Any], str]) -> dict[str, Any]:
    if isinstance(item, list) and len(item) == 3:
        item = dict(zip(KEYS, item, strict=True))
    if not isinstance(item, dict):
        detail = f"number {number} is {describe(item)} ({item!r:.40})"
        raise Unusable("holds an element that is not a span", SPANS_TODO, detail=detail)
    _check_keys(item)
    values = {key: next((item[name] for name in names if name in item), None) for key, names in KEYS.items()}
    start, end = _whole(values["start"]), _whole(values["end"])
    if start is None or end is None:
        what = "holds a span without a whole number as start and end"
        raise Unusable(what, SPANS_TODO, detail=f"number {number} ({item!r:.60})")
    try:
        span = {"start": start, "end": end, "label": label(values["label"])}
    except Unusable as error:
        raise error.inside("holds a bad label", f"that of span {number}") from None
    mention = next((item[name] for name in MENTIONS if isinstance(item.get(name), str)), None)
    return span if mention is None else {**span, "mention": mention}


def _whole(value: Any) -> int | None:
    """A whole number, also if a table turned it into 3.0; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value)


def _check_keys(value: dict[str, Any]) -> None:
    if isinstance(value, Repeated):
        raise Unusable("holds an object with a key twice", "keep one of them", detail=repr(value.key))
