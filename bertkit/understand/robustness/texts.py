"""A perturbation of one text, or of one list of words, with what is labelled in it.

Entities and answers move along, and none is lost: an edit that would tear one, empty it, or join it to the word beside
it is left out. Words are edited as the text that they are of, with spaces between them but for Chinese and the like; a
word stays one word, and what is inserted between two becomes words outside of all entities.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from bertkit.data.columns.schemes import ROLES, check_tag
from bertkit.tasks.words import join, split
from bertkit.understand.robustness.edits import Edit, Edited, overlaps, touches

OUTSIDE = "O"


class Labelled(NamedTuple):
    """A part of a text that is labelled."""

    start: int
    end: int
    kind: Literal["entity", "answer", "fixed"]
    """`fixed`: the text of an answer without a place, which can not change along."""


Gold = Literal["moves", "whole", "apart"]
"""See `Perturbation.gold`."""


class EditedWords(NamedTuple):
    """A list of words after edits."""

    words: list[str]
    sources: list[int | None]
    """For each word the old one's number; None: it is new."""


def edit_text(text: str, parts: Sequence[Labelled], edits: Iterable[Edit], gold: Gold) -> Edited | None:
    """The text after the edits that may be made; None where nothing changes, or nothing would be left of it."""
    kept = list(filter(_Rules(parts, gold).allow, edits))
    while kept:
        edited = Edited(text, kept)
        torn = _torn(edited, parts) if parts else []
        if not torn:
            return edited if edited.text.strip() and edited.text != text else None
        kept = _without(kept, torn)
    return None


def edit_words(words: Sequence[str], tags: Sequence[str] | None, edits: EditsIn, gold: Gold) -> EditedWords | None:
    """The words after the edits that may be made; None where nothing changes, or no word would be left.

    Args:
        tags: one per word. Where they are no tags of entities (parts of speech), no word is inserted.
    """
    text, places = join(words), places_of(words)
    entities = entities_of(tags) if tags else []
    parts = labelled_words(words, tags or [])
    insertable = not tags or not any(map(check_tag, tags))
    allowed = filter(_Rules(parts, gold).allow, edits(text))
    kept = [one for edit in allowed for one in _by_word(edit, places)]
    while kept:
        edited = Edited(text, kept)
        moved = [edited.span(*place) for place in places]
        each = zip(words, places, moved, strict=True)
        torn = [place for word, place, to in each if _is_divided(word, edited.text, to)]
        result, inserted = _reassembled(edited.text, [to or (0, 0) for to in moved])
        if inserted and not insertable:
            torn += [(edit.start, edit.end) for edit in kept if edit.start == edit.end]
        at = {source: place for place, source in enumerate(result.sources)}
        torn += [part[:2] for part, own in zip(parts, entities, strict=True) if not _together(at, own)]
        if not torn:
            return result if result.words and result.words != list(words) else None
        kept = _without(kept, torn)
    return None


EditsIn = Callable[[str], Iterable[Edit]]
"""The edits of a text."""


def places_of(words: Sequence[str]) -> list[tuple[int, int]]:
    """Where each word stands in the text of all (`tasks.words.join`)."""
    text, done, places = join(words), 0, []
    for word in words:
        start = done if text.startswith(word, done) else done + 1
        done = start + len(word)
        places.append((start, done))
    return places


def labelled_words(words: Sequence[str], tags: Sequence[str]) -> list[Labelled]:
    """The entities of a list of words, in the text of all."""
    places = places_of(words)
    return [Labelled(places[first][0], places[end - 1][1], "entity") for first, end in entities_of(tags)]


def free_of(parts: Sequence[Labelled]) -> Callable[[int, int], bool]:
    """Whether a span has nothing of these parts in it."""
    spans = _Spans(part[:2] for part in parts)
    return lambda start, end: not spans.overlapped(Edit(start, end, ""))


def entities_of(tags: Sequence[str]) -> list[tuple[int, int]]:
    """First word and the one after the last of each entity, in any scheme; of two that touch in IO, of both."""
    spans: list[tuple[int, int]] = []
    before = OUTSIDE
    for number, tag in enumerate(tags):
        if tag != OUTSIDE:
            goes_on = before != OUTSIDE and before[1:] == tag[1:] and ROLES.get(tag[0]) in ("I", "E")
            spans[len(spans) - goes_on :] = [(spans[-1][0] if goes_on else number, number + 1)]
        before = tag
    return spans


def _by_word(edit: Edit, places: Sequence[tuple[int, int]]) -> list[Edit]:
    """The edit of several words as one of each, where it puts as many in their place: `New York` by `San Diego`."""
    first = bisect.bisect_left(places, (edit.start, edit.start))
    last = bisect.bisect_right(places, (edit.end, edit.end)) - 1
    if edit.origin is not None or last <= first or (places[first][0], places[last][1]) != edit[:2]:
        return [edit]
    new = split(edit.new)
    if len(new) != last - first + 1:
        return [edit]
    return [Edit(*place, edit.new[slice(*own)]) for place, own in zip(places[first : last + 1], new, strict=True)]


class _Rules:
    """Which edits may be made beside what is labelled."""

    def __init__(self, parts: Sequence[Labelled], gold: Gold):
        rules = {"entity": gold, "answer": "moves" if gold == "whole" else gold, "fixed": "apart"}
        self._whole = {part[:2] for part in parts if rules[part.kind] == "whole"}
        self._apart = _Spans(part[:2] for part in parts if rules[part.kind] == "apart")
        self._either = _Spans(self._whole)

    def allow(self, edit: Edit) -> bool:
        """Whether an edit may be made; one that moves text is judged by what it tears."""
        if edit.origin is not None:
            return True
        if self._apart.overlapped(edit):
            return False
        return edit[:2] in self._whole or not self._either.overlapped(edit)


class _Spans:
    """Spans, which may overlap, to be asked for those at a place."""

    def __init__(self, spans: Iterable[tuple[int, int]]):
        self._spans = sorted(spans)
        self._furthest = list(itertools.accumulate((end for _, end in self._spans), max))

    def overlapped(self, edit: Edit) -> bool:
        """Whether an edit changes something in one of them."""
        return any(overlaps(edit, *span) for span in self._until(edit))

    def touched(self, edit: Edit) -> bool:
        """Whether an edit changes one of them or stands at its edge."""
        return any(touches(edit, *span) for span in self._until(edit))

    def _until(self, edit: Edit) -> Iterator[tuple[int, int]]:
        """Those that an edit may touch, from the last one on."""
        at = bisect.bisect_right(self._spans, (edit.end, len(self._furthest) and self._furthest[-1])) - 1
        while at >= 0 and self._furthest[at] >= edit.start:
            yield self._spans[at]
            at -= 1


def _torn(edited: Edited, parts: Sequence[Labelled]) -> list[tuple[int, int]]:
    """The parts that are no longer there, or no longer end where words end."""
    old, new = _Inside(edited.old), _Inside(edited.text)
    torn = []
    for start, end, _ in parts:
        to = edited.span(start, end)
        text = "" if to is None else edited.text[slice(*to)]
        was = edited.old[start:end]
        blunt = text.strip() != text and was.strip() == was
        if (
            not text.strip()
            or blunt
            or (to and any(new(a) and not old(b) for a, b in zip(to, (start, end), strict=True)))
        ):
            torn.append((start, end))
    return torn


class _Inside:
    """Whether a place of a text lies inside a word."""

    def __init__(self, text: str):
        spans = split(text)
        self._starts, self._ends = [start for start, _ in spans], [end for _, end in spans]

    def __call__(self, at: int) -> bool:
        number = bisect.bisect_left(self._starts, at) - 1
        return number >= 0 and at < self._ends[number]


def _is_divided(old: str, text: str, span: tuple[int, int] | None) -> bool:
    """Whether an edit crosses the edge of a word, or put white space into it; one that is gone is not divided."""
    return span is None or (any(map(str.isspace, text[slice(*span)])) and not any(map(str.isspace, old)))


def _reassembled(text: str, moved: Sequence[tuple[int, int]]) -> tuple[EditedWords, bool]:
    """The words in their new order, with those that stand between them; and whether there are such."""
    result = EditedWords([], [])
    done, inserted = 0, False

    def add(between: str) -> bool:
        new = [between[start:end] for start, end in split(between)]
        result.words.extend(new)
        result.sources.extend([None] * len(new))
        return bool(new)

    for number in sorted(range(len(moved)), key=lambda number: (moved[number], number)):
        start, end = moved[number]
        if start < end:
            inserted |= add(text[done:start])
            result.words.append(text[start:end])
            result.sources.append(number)
            done = end
    inserted |= add(text[done:])
    return result, inserted


def _together(places: Mapping[int | None, int], entity: tuple[int, int]) -> bool:
    """Whether all words of an entity are there, one after the other.

    Args:
        places: number of an old word -> its place among the new ones.
    """
    first = places.get(entity[0])
    return first is not None and all(places.get(word) == first + word - entity[0] for word in range(*entity))


def _without(edits: Sequence[Edit], torn: Sequence[tuple[int, int]]) -> list[Edit]:
    """The edits that change none of these spans and do not stand at their edges; a moved part goes with its partner.
    None where that are all of them, as something further away is the cause."""
    spans = _Spans(torn)
    kept = [edit for edit in edits if not spans.touched(edit)]
    if sum(edit.origin is not None for edit in kept) < sum(edit.origin is not None for edit in edits):
        kept = [edit for edit in kept if edit.origin is None]
    return kept if len(kept) < len(edits) else []
