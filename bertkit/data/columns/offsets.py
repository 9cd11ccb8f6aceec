"""Do the columns of a row agree: a tag a word, entities inside their text, answers where they say they stand, a label
that is one of the choices?

An answer beside its place is put right where there is no doubt which characters are meant, and counted: CMRC 2018's
trial split has five that are off by one. Entities are never moved: few files say the text by which to find them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bertkit.data.columns.choices import right
from bertkit.data.columns.column import Column
from bertkit.data.read.rows import Tally, Unusable
from bertkit.data.read.sources import setting

NEAR = 50
"""Characters: where an answer stands once so near to its start, it is the one that is meant."""

LEAVE_OUT = f"mend it, or leave such rows out and count them: {setting('data.bad_rows', 'skip')}"

MOVED = "answers that did not stand at their start, moved to the one place where they do"
REWRITTEN = "answers in other case or white space than their context, taken as it has them"
NO_TEXT = "answers that are an empty text, taken for no answer"


def agree(row: dict[str, Any], columns: Sequence[Column], tally: Tally, place: str) -> None:
    """Look at a row whose columns each hold what they may; spans and answers are put in order.

    Raises:
        Unusable: two of its columns do not agree.
    """
    before: dict[str, str] = {}  # kind -> the last column of it that the row has
    for column in columns:
        name = column.name
        if name not in row:
            continue
        if column.kind == "tags":
            _check_count(row, before.get("words", ""), name)
        elif column.kind == "spans":
            row[name] = fit_spans(row[name], _text(row, before, name), name)
        elif column.kind == "answers":
            row[name] = fit_answers(row[name], _text(row, before, name), name, tally, place)
        elif column.kind == "choice":
            row[name] = _number_of(row[name], row[before["choices"]], name)
        before[column.kind] = name


def _check_count(row: dict[str, Any], words: str, tags: str) -> None:
    if not words:
        raise Unusable(f"{tags} without words", "name the column of the words in data.columns")
    if len(row[words]) != len(row[tags]):
        what = f"not as many {tags} as {words}: {len(row[tags])} {tags}, {len(row[words])} {words}"
        raise Unusable(what, "each word has one tag")


def _number_of(label: int | str, choices: list[str], name: str) -> int:
    try:
        return right(label, choices)
    except Unusable as error:
        raise Unusable(f"{name} {error.what}", error.todo) from None


def _text(row: dict[str, Any], before: dict[str, str], name: str) -> str:
    if "text" not in before:
        raise Unusable(f"{name} without their text", "name the column of the text in data.columns")
    return row[before["text"]]


def fit_spans(spans: list[dict[str, Any]], text: str, name: str = "spans") -> list[dict[str, Any]]:
    """The spans by their start, without `mention`.

    Raises:
        Unusable: one is empty, reaches beyond the text, or its mention does not stand there.
    """
    for span in spans:
        start, end = span["start"], span["end"]
        if not 0 <= start < end <= len(text):
            size = f"the text has {len(text)} characters"
            raise Unusable(f"{name} reaches beyond the text or is empty: {start} to {end}, {size}", LEAVE_OUT)
        if (mention := span.get("mention", text[start:end])) != text[start:end]:
            what = (
                f"{name} is not at its place: {mention!r:.40} at {start} to {end}, where {text[start:end]!r:.40} stands"
            )
            raise Unusable(what, LEAVE_OUT)
    ordered = sorted(spans, key=lambda span: (span["start"], span["end"]))
    return [{key: span[key] for key in ("start", "end", "label")} for span in ordered]


def fit_answers(
    answers: list[dict[str, Any]], context: str, name: str, tally: Tally, place: str
) -> list[dict[str, Any]]:
    """The answers, each with `context[start : start + len(text)] == text`.

    Raises:
        Unusable: one does not stand at its start, and not at one place alone.
    """
    if answers and not any(answer["text"].strip() for answer in answers):
        tally.add(NO_TEXT, place)
        return []
    return [_placed(answer, context, name, tally, place) for answer in answers]


def _placed(answer: dict[str, Any], context: str, name: str, tally: Tally, place: str) -> dict[str, Any]:
    text, start = answer["text"], answer["start"]
    if not text.strip():
        raise Unusable(f"{name} holds an empty text among others", LEAVE_OUT)
    if start >= 0 and context.startswith(text, start):
        return answer
    exact = [found.start() for found in re.finditer(f"(?={re.escape(text)})", context)]
    if (only := _only(exact, start)) is not None:
        tally.add(MOVED, place)
        return {"text": text, "start": only}
    if not exact:
        characters = (re.escape(character) for character in text if not character.isspace())
        spaced = re.compile(r"(?=(" + r"\s*".join(characters) + "))", re.IGNORECASE)
        alike = {found.start(): found[1] for found in spaced.finditer(context)}
        if (only := _only(list(alike), start)) is not None:
            tally.add(REWRITTEN, place)
            return {"text": alike[only], "start": only}
        exact = list(alike)
    there = context[max(0, start) : max(0, start) + len(text)]
    found = f"found {len(exact)} times" if exact else "found nowhere"
    what = f"{name} is not at its place: {text!r:.40} at {start}, where {there!r:.40} stands; {found} in the text"
    raise Unusable(what, LEAVE_OUT)


def _only(starts: list[int], start: int) -> int | None:
    """The one place that is meant: the only one near the start, or the only one there is."""
    near = [found for found in starts if abs(found - start) <= NEAR]
    one = near or starts
    return one[0] if len(one) == 1 else None
