"""Check that the columns of a row agree: one tag per word, entities inside their text, answers at their starts, and
labels that are one of the choices.

An answer with a wrong start is moved if it is clear which characters are meant, and counted: CMRC 2018 has five that
are off by one in its trial split. One that has no place keeps its text, by which answers are scored, as the official
scripts do; only training needs a place. Entities are never moved one by one; units.py converts the offsets of a whole
file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bertkit.data.columns.choices import LEAVE_OUT, SKIP, right
from bertkit.data.columns.column import Column
from bertkit.data.columns.units import units_that_reach
from bertkit.data.read.rows import Tally, Unusable

NEAR = 50
"""Characters: if an answer occurs once within this distance of its start, that occurrence is meant."""

MOVED = "answers not found at their start, moved to their only occurrence"
FOUND = "answers without a start, found at their only occurrence"
REWRITTEN = "answers that differ from their context in case or white space, replaced by its text"
UNPLACED = "answers without a place in their text, used for scoring alone"
NO_TEXT = "answers that are an empty text, read as no answer"


def agree(row: dict[str, Any], columns: Sequence[Column], tally: Tally, place: str, *, train: bool = False) -> None:
    """Check a row whose columns are each valid; spans are sorted and answers moved, in place.

    Args:
        train: see `fit_answers`.

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
            row[name] = fit_answers(row[name], _text(row, before, name), name, tally, place, train=train)
        elif column.kind == "choice":
            row[name] = _number_of(row[name], row[before["choices"]], name)
        before[column.kind] = name


def _check_count(row: dict[str, Any], words: str, tags: str) -> None:
    if not words:
        raise Unusable(f"{tags} without words", "name the column of the words in data.columns")
    if len(row[words]) != len(row[tags]):
        detail = f"{len(row[tags])} {tags}, {len(row[words])} {words}"
        raise Unusable(f"not as many {tags} as {words}", "each word has one tag", detail=detail)


def _number_of(label: int | str, choices: list[str], name: str) -> int:
    try:
        return right(label, choices)
    except Unusable as error:
        raise error.about(name) from None


def _text(row: dict[str, Any], before: dict[str, str], name: str) -> str:
    if "text" not in before:
        raise Unusable(f"{name} without their text", "name the column of the text in data.columns")
    return row[before["text"]]


def fit_spans(spans: list[dict[str, Any]], text: str, name: str = "spans") -> list[dict[str, Any]]:
    """The spans sorted by start, those with the same in the order of the file, without `mention`.

    Raises:
        Unusable: one is empty, reaches beyond the text, or its mention is not the text there.
    """
    for span in spans:
        start, end = span["start"], span["end"]
        if not 0 <= start < end <= len(text):
            detail = f"{start} to {end}, the text has {len(text)} characters"
            others = units_that_reach(text, end) if 0 <= start < end and "mention" not in span else []
            todo = f"if it counts {' or '.join(others)}: give the `text` of each entity, and all are converted; else "
            what = f"{name} reaches beyond the text or is empty"
            raise Unusable(what, f"{todo * bool(others)}{LEAVE_OUT}", detail=detail, setting=SKIP)
        if (mention := span.get("mention", text[start:end])) != text[start:end]:
            detail = f"{mention!r:.40} at {start} to {end}, where the text has {text[start:end]!r:.40}"
            raise Unusable(f"{name} is not at its place", LEAVE_OUT, detail=detail, setting=SKIP)
    ordered = sorted(spans, key=lambda span: span["start"])
    return [{key: span[key] for key in ("start", "end", "label")} for span in ordered]


def fit_answers(
    answers: list[dict[str, Any]], context: str, name: str, tally: Tally, place: str, *, train: bool = False
) -> list[dict[str, Any]]:
    """The answers, each with `context[start : start + len(text)] == text`, or with None as its start.

    Texts that are all empty are no answer: `""` at -1, at nothing, or, counted, anywhere else.

    Args:
        train: whether the row is trained on. One of its answers must then have a place, and an answer that differs in
            case or white space gets the context's text. Otherwise all keep their texts.

    Raises:
        Unusable: none of the answers of a row to train on has a place.
    """
    if answers and not any(answer["text"].strip() for answer in answers):
        if any(answer["start"] not in (None, -1) for answer in answers):
            tally.add(NO_TEXT, place)
        return []
    fitted: list[dict[str, Any]] = []
    problems: list[Unusable] = []
    for answer in answers:
        try:
            fitted.append(_placed(answer, context, name, tally, place, train=train))
        except Unusable as error:
            problems.append(error)
            fitted.append({"text": answer["text"], "start": None})
    if train and problems and len(problems) == len(answers):
        raise problems[0]
    for _ in problems:
        tally.add(UNPLACED, place)
    return fitted


def _placed(
    answer: dict[str, Any], context: str, name: str, tally: Tally, place: str, *, train: bool
) -> dict[str, Any]:
    """An answer at its place.

    Raises:
        Unusable: it is not in the context, or it is unclear which occurrence is meant.
    """
    text, start = answer["text"], answer["start"]
    if not text.strip():
        raise Unusable(f"{name} holds an empty text among others", LEAVE_OUT, setting=SKIP)
    if start is not None and start >= 0 and context.startswith(text, start):
        return answer
    exact = [match.start() for match in re.finditer(f"(?={re.escape(text)})", context)]
    if (only := _only(exact, start)) is not None:
        tally.add(FOUND if start is None else MOVED, place)
        return {"text": text, "start": only}
    if not exact and train:
        characters = (re.escape(character) for character in text if not character.isspace())
        spaced = re.compile(r"(?=(" + r"\s*".join(characters) + "))", re.IGNORECASE)
        alike = {match.start(): match[1] for match in spaced.finditer(context)}
        if (only := _only(list(alike), start)) is not None:
            tally.add(REWRITTEN, place)
            return {"text": alike[only], "start": only}
        exact = list(alike)
    times = f"found {len(exact)} times" if exact else "not found"
    if start is None:
        detail = f"{text!r:.40} without a start; {times} in the text"
    else:
        there = context[max(0, start) : max(0, start) + len(text)]
        detail = f"{text!r:.40} at {start}, where the text has {there!r:.40}; {times} in the text"
    raise Unusable(f"{name} is not at its place", LEAVE_OUT, detail=detail, setting=SKIP)


def _only(starts: list[int], start: int | None) -> int | None:
    """The place that is meant: the only one near the start, or the only one at all; else None."""
    near = [place for place in starts if start is not None and abs(place - start) <= NEAR]
    candidates = near or starts
    return candidates[0] if len(candidates) == 1 else None
