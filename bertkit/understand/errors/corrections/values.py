"""What stands in the column `corrected` -> the answer of a row, by the kind of its column.

| kind | corrected |
|---|---|
| `label` | the label |
| `labels` | all labels of the row, as a JSON list or with the file's separator; `[]`: none |
| `choice` | the number of the right choice, from 0, or its text |
| `tags`, `spans` | a tag per word of the part, in IOB2; or a type, for one entity of all its words; or `O` |
| `answers` | the answer, as it stands in the text; `[]`: no answer |
| `number` | the number |
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from bertkit.data.columns import choices, label_cells
from bertkit.data.columns.schemes import ROLES, Span
from bertkit.data.read.rows import Unusable
from bertkit.errors import did_you_mean
from bertkit.metrics.tagging import entities
from bertkit.tasks.words import split

_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")

NOTHING, OUTSIDE = "[]", "O"


def known_label(text: str, labels: Sequence[str]) -> str:
    """A label by its name; case does not matter where that leaves one.

    Raises:
        Unusable: there is none of this name.
    """
    folded = [label for label in labels if label.casefold() == text.casefold()]
    if text in labels or len(folded) == 1:
        return text if text in labels else folded[0]
    raise Unusable(f"{text!r:.60} is no label of the data", did_you_mean(text, labels))


def labels_of(text: str, labels: Sequence[str], separator: str) -> list[str]:
    """Several labels.

    Raises:
        Unusable: they can not be read, or there are none of these names.
    """
    if text == NOTHING:
        return []
    found = label_cells.split(text, separator, labels, chosen=True)
    if not isinstance(found, list):
        raise Unusable(f"{text!r:.60} is no list of labels", 'write ["a", "b"]')
    return list(dict.fromkeys(known_label(str(one).strip(), labels) for one in found))


def choice_of(text: str, texts: Sequence[str]) -> int:
    """The number of a choice.

    Raises:
        Unusable: there is none with this number or text.
    """
    return choices.right(text, texts)


def number_of(text: str) -> float:
    """A number.

    Raises:
        Unusable: it is none.
    """
    if _THOUSANDS.fullmatch(text):
        raise Unusable(f"{text!r} may have thousands or decimals after its comma", "write 1234 or 1.234")
    try:
        return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        raise Unusable(f"{text!r:.40} is no number") from None


def answers_of(text: str, context: str, near: int) -> list[dict[str, Any]]:
    """An answer at its place in a text; of several places the nearest.

    Args:
        near: where the given answer begins.

    Raises:
        Unusable: the text does not hold it.
    """
    if text == NOTHING:
        return []
    places = []
    at = context.find(text)
    while at >= 0:
        places.append(at)
        at = context.find(text, at + 1)
    if not places:
        raise Unusable(f"{text!r:.60} is not in the text", "write it as it stands there, or [] for no answer")
    return [{"text": text, "start": min(places, key=lambda place: abs(place - near))}]


def tags_of(text: str, words: int, labels: Sequence[str]) -> list[str]:
    """The tags of a part of so many words, in IOB2.

    Args:
        labels: types of entities.

    Raises:
        Unusable: another number of tags, or types that are unknown.
    """
    parts = text.split()
    if text in (OUTSIDE, NOTHING):
        return [OUTSIDE] * words
    if len(parts) == words and all(part == OUTSIDE or part[:2] in ("B-", "I-") for part in parts):
        return [part if part == OUTSIDE else f"{part[:2]}{known_label(part[2:], labels)}" for part in parts]
    if len(parts) == 1 and words > 0 and parts[0][:2] not in ("B-", "I-"):
        type_ = known_label(text, labels)
        return [f"B-{type_}", *[f"I-{type_}"] * (words - 1)]
    what = f"{len(parts)} tags for {words} words: {text!r:.60}"
    raise Unusable(what, "write a tag per word (O, B-PER, I-PER), or one type for all of them")


def iob2(tags: Sequence[str]) -> list[str]:
    """Tags of any scheme as IOB2."""
    return of_entities(entities_of(tags), len(tags))


def entities_of(tags: Sequence[str]) -> list[Span]:
    """The entities of a row, read as metrics do."""
    found = entities([[ROLES.get(tag[0], "O") + tag[1:] for tag in tags]])
    parts = zip(found.first.tolist(), found.end.tolist(), found.type.tolist(), strict=True)
    return [Span(first, end, str(found.types[number])) for first, end, number in parts]


def of_entities(spans: Sequence[Span], words: int) -> list[str]:
    """Entities as tags, in IOB2."""
    tags = [OUTSIDE] * words
    for first, end, type_ in spans:
        tags[first:end] = [f"B-{type_}", *[f"I-{type_}"] * (end - first - 1)]
    return tags


def replaced(tags: Sequence[str], part: tuple[int, int], new: Sequence[str]) -> list[str]:
    """Tags in IOB2 with others in place of a part's; what is left of an entity behind the part begins anew."""
    first, end = part
    changed = [*tags[:first], *new, *tags[end:]]
    if end < len(changed) and changed[end].startswith("I-") and changed[end][2:] != changed[end - 1][2:]:
        changed[end] = f"B-{changed[end][2:]}"
    return changed


def spans_of(
    spans: Sequence[dict[str, Any]], text: str, part: tuple[int, int] | None, new: Sequence[str]
) -> list[dict[str, Any]]:
    """Entities by characters with others in place of those that touch a part.

    Args:
        part: of the words of the text; None: all of them.
        new: a tag per word of the part, in IOB2.
    """
    places = split(text)
    first, end = part or (0, len(places))
    begin, stop = places[first][0], places[end - 1][1]
    kept = [span for span in spans if span["end"] <= begin or span["start"] >= stop]
    added = [
        {"start": places[first + one.first][0], "end": places[first + one.end - 1][1], "label": one.type}
        for one in entities_of(new)
    ]
    return sorted([*kept, *added], key=lambda span: (span["start"], span["end"]))


def in_form(value: Any, old: Any) -> Any:
    """A list as the file writes it: as the text of JSON where a cell held that."""
    return json.dumps(value, ensure_ascii=False) if isinstance(old, str) else value
