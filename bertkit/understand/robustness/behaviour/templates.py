"""Templates: `{person} lives in {city}.` with lists of words -> texts, with the places of the words.

`{person1}` and `{person2}` are two different words of the list `person`. `{{` and `}}` are braces.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bertkit.errors import did_you_mean

MOST = 100
"""Fillings of one template; of more, so many are drawn."""
_SLOT = re.compile(r"\{\{|\}\}|\{(\w+)\}")


class UnknownSlot(ValueError):
    """A template names a list that does not exist; the text says what to do."""


@dataclass(frozen=True)
class WordList:
    """Words for a slot, and the type of entity that they are, if any."""

    values: tuple[str, ...]
    entity: str = ""


class Slot(NamedTuple):
    """A word in a filled text, and its place."""

    name: str
    start: int
    end: int


def slots_of(value: Any) -> list[str]:
    """Names of the slots of a value, which may be a text or hold such; each once, in order."""
    return list(dict.fromkeys(match[1] for text in _texts(value) for match in _SLOT.finditer(text) if match[1]))


def list_of(slot: str, lists: Mapping[str, WordList]) -> str:
    """The name of the list that a slot takes its words from.

    Raises:
        UnknownSlot: there is none.
    """
    for name in (slot, slot.rstrip("0123456789")):
        if name in lists:
            return name
    hint = did_you_mean(slot, lists) or "name its words in lists; {{ and }} write braces"
    raise UnknownSlot(f"{{{slot}}}: no such list; {hint}")


def fillings(slots: Sequence[str], lists: Mapping[str, WordList], seed: int = 0) -> tuple[list[dict[str, str]], int]:
    """The words for each slot, in each combination, and how many there are; of more than `MOST`, so many are drawn.

    Raises:
        UnknownSlot: a slot without a list, or more slots of a list than it has words.
    """
    names = [list_of(slot, lists) for slot in slots]
    for name in names:
        if names.count(name) > len(lists[name].values):
            raise UnknownSlot(f"{name}: {names.count(name)} slots, but only {len(lists[name].values)} words; add more")
    sizes = [len(lists[name].values) for name in names]
    total = math.prod(sizes)
    distinct = len(set(names)) < len(names)
    if total <= 100 * MOST:
        chosen: Iterable[tuple[int, ...]] = itertools.product(*map(range, sizes))
        kept = [own for own in chosen if not distinct or _differ(own, names)]
        total = len(kept)
        if total > MOST:
            rng = np.random.default_rng(seed)
            kept = [kept[number] for number in sorted(rng.choice(total, size=MOST, replace=False).tolist())]
    else:
        kept = list(itertools.islice(_drawn(sizes, names, seed), MOST))
    words = [lists[name].values for name in names]
    return [{slot: of[at] for slot, of, at in zip(slots, words, own, strict=True)} for own in kept], total


def _drawn(sizes: Sequence[int], names: Sequence[str], seed: int) -> Iterator[tuple[int, ...]]:
    """Different fillings, each with different words in the slots of one list."""
    rng, seen = np.random.default_rng(seed), set()
    while True:
        words = {name: rng.permutation(size).tolist() for name, size in zip(names, sizes, strict=True)}
        own = tuple(words[name].pop() for name in names)
        if own not in seen:
            seen.add(own)
            yield own


def _differ(own: Sequence[int], names: Sequence[str]) -> bool:
    """Whether slots of one list have different words."""
    return len(set(zip(names, own, strict=True))) == len(own)


def fill(template: str, words: Mapping[str, str]) -> tuple[str, list[Slot]]:
    """The text, and the places of the words."""
    parts, slots, done, length = [], [], 0, 0
    for match in _SLOT.finditer(template):
        before = template[done : match.start()]
        new = words[match[1]] if match[1] else match[0][0]
        length += len(before)
        if match[1]:
            slots.append(Slot(match[1], length, length + len(new)))
        parts += [before, new]
        length += len(new)
        done = match.end()
    return "".join([*parts, template[done:]]), slots


def fill_all(value: Any, words: Mapping[str, str]) -> Any:
    """A value with every text in it filled, keys of mappings too."""
    if isinstance(value, str):
        return fill(value, words)[0]
    if isinstance(value, dict):
        return {fill_all(key, words): fill_all(item, words) for key, item in value.items()}
    return [fill_all(item, words) for item in value] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
