"""Tag schemes: how a tag a word tells entities of several words (Ramshaw & Marcus 1995; Ratinov & Roth 2009).

    find_scheme([["I-PER", "I-PER", "B-PER", "O"]])                     # "IOB1"
    convert(["I-PER", "I-PER", "B-PER", "O"], "IOB1", "BIOES")          # ["B-PER", "E-PER", "S-PER", "O"]
    repair(["O", "I-PER"], "IOB2")                                      # (["O", "B-PER"], 1)

A tag is O, or a prefix, a dash and a type, which may hold dashes itself. Whether a sequence keeps to its scheme hangs
on each tag and the one before it alone, with an O before the first and after the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError

Scheme = Literal["IO", "IOB1", "IOB2", "BIOES", "BILOU", "BMES"]

PREFIXES: dict[Scheme, str] = {
    "IO": "I",
    "IOB1": "BI",  # B only where an entity follows another of its type
    "IOB2": "BI",
    "BIOES": "BIES",
    "BILOU": "BILU",  # BIOES in other letters: last, unit
    "BMES": "BMES",  # the same: middle
}
"""Prefixes that a scheme has beside O: of a first word, of one inside, and of the last and the only word."""

ROLES = {**dict(zip("BIES", "BIES", strict=True)), "M": "I", "L": "E", "U": "S"}
"""What a prefix stands for, in the letters of BIOES."""


class Span(NamedTuple):
    """An entity of the words `first` to `end` (the word after the last), from 0."""

    first: int
    end: int
    type: str


@lru_cache(maxsize=65536)
def check_tag(tag: str) -> str:
    """What is wrong with a tag, for the line that holds it; empty where nothing is."""
    prefix, dash, type_ = tag.partition("-")
    if tag == "O":
        return ""
    if not tag.strip():
        return "an empty tag; a word outside of all entities has the tag O"
    if tag.isdecimal():
        todo = "give the tags their names, in the order of their numbers: data.label_names, and data.label_ids=true"
        return f"the tag {tag!r} is a number; {todo}"
    if not dash and prefix not in ROLES:
        return f"the tag {tag!r} has no prefix; expected O, B-{tag} or the like"
    if prefix not in ROLES:
        return f"the tag {tag!r} has the prefix {prefix!r}; known: {', '.join(ROLES)}"
    return "" if type_.strip() else f"the tag {tag!r} has no type; expected {prefix}-PER or the like"


def find_scheme(tag_sequences: Sequence[Sequence[str]]) -> Scheme:
    """The scheme that sequences use, by their prefixes, and IOB1 or IOB2 by which of them fewer places break.

    Without any B, E or S it is IO. Where there are no entities, or all schemes fit alike, IOB2.

    Raises:
        DataError: a tag that is none, or prefixes that no scheme has together.
    """
    pairs = _pairs(tag_sequences)
    found = {prefix for tag in {tag for pair in pairs for tag in pair} if (prefix := _split(tag)[0]) != "O"}
    fitting = [scheme for scheme, prefixes in PREFIXES.items() if found <= set(prefixes)]
    if not fitting:
        todo = "known: " + ", ".join(f"{scheme} ({', '.join(prefixes)})" for scheme, prefixes in PREFIXES.items())
        raise DataError.at("tags", f"no scheme has all the prefixes {', '.join(sorted(found))}", todo)
    if not found:
        return "IOB2"
    if fitting[0] == "IOB1":
        breaks = {
            scheme: sum(count for pair, count in pairs.items() if not _fits(*pair, scheme))
            for scheme in ("IOB2", "IOB1")
        }
        return "IOB1" if breaks["IOB1"] < breaks["IOB2"] else "IOB2"
    return fitting[0]


def broken(tags: Sequence[str], scheme: Scheme) -> list[int]:
    """Positions, from 0, of the words that break the scheme.

    Such are a tag of another scheme, one that can not follow what stands before it (an I that nothing begins), and a
    first or inside word whose entity has no last one (in BIOES, BILOU, BMES).

    Raises:
        DataError: a tag that is none (see check_tag).
    """
    places = set()
    for place, (before, here) in enumerate(pairwise(["O", *tags, "O"])):
        if not _fits(before, here, scheme):
            places.update([place - 1] * (not _ends(before, here, scheme)))
            places.update([place] * (not _follows(before, here, scheme)))
    return sorted(places)


def find_broken(tag_sequences: Sequence[Sequence[str]], scheme: Scheme) -> dict[int, list[int]]:
    """Numbers, from 0, of the sequences that break the scheme, with the positions. Raises as `broken`."""
    if all(_fits(*pair, scheme) for pair in _pairs(tag_sequences)):
        return {}
    found = ((number, broken(tags, scheme)) for number, tags in enumerate(tag_sequences))
    return {number: places for number, places in found if places}


def repair(tags: Sequence[str], scheme: Scheme) -> tuple[list[str], int]:
    """The nearest sequence that keeps to the scheme, and in how many tags it differs.

    Only prefixes change: in IOB2 an I that nothing begins becomes a B. Of several that are as near, the one that keeps
    more of the words where entities start, then of those where they end.

    Raises:
        DataError: a tag that is none (see check_tag).
    """
    if not broken(tags, scheme):
        return list(tags), 0
    # Viterbi: the cheapest way to each tag, as cost and a chain of (tag, the chain before).
    ways: dict[str, tuple[tuple[int, int, int], tuple]] = {"O": ((0, 0, 0), ())}
    for tag in tags:
        prefix, type_ = _split(tag)
        steps = {}
        for new in ["O"] if prefix == "O" else [f"{letter}-{type_}" for letter in PREFIXES[scheme]]:
            more = _distance(tag, new)
            reach = [
                ((cost[0] + more[0], cost[1] + more[1], cost[2] + more[2]), (new, path))
                for old, (cost, path) in ways.items()
                if _fits(old, new, scheme)
            ]
            if reach:
                steps[new] = min(reach, key=lambda way: way[0])
        ways = steps
    (changes, *_), path = min((way for tag, way in ways.items() if _fits(tag, "O", scheme)), key=lambda way: way[0])
    mended: list[str] = []
    while path:
        tag, path = path
        mended.append(tag)
    return mended[::-1], changes


def spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """The entities of a sequence.

    Raises:
        DataError: it breaks the scheme.
    """
    if places := broken(tags, scheme):
        word, tag = places[0] + 1, tags[places[0]]
        raise DataError.at("tags", f"word {word}, {tag}, breaks {scheme}", "mend or repair the tags")
    found: list[Span] = []
    before = ("O", "")
    for place, tag in enumerate(tags):
        prefix, type_ = here = _split(tag)
        if prefix != "O" and (prefix in "BSU" or before[0] == "O" or before[1] != type_):
            found.append(Span(place, place + 1, type_))
        elif prefix != "O":
            found[-1] = found[-1]._replace(end=place + 1)
        before = here
    return found


def convert(tags: Sequence[str], old: Scheme, new: Scheme) -> list[str]:
    """The same entities in another scheme.

    Raises:
        DataError: the tags break the old scheme, or the new one is IO and entities of one type stand side by side.
    """
    written = ["O"] * len(tags)
    letters = dict(zip("BIES", PREFIXES[new] if len(PREFIXES[new]) == 4 else "BIIB", strict=True))
    before = Span(-1, -1, "")
    for span in spans(tags, old):
        first, end, type_ = span
        touches = before.end == first and before.type == type_
        if touches and new == "IO":
            what = f"two entities {type_} meet at word {first + 1}"
            raise DataError.at("tags", what, "IO can not tell them apart: use IOB1, or any other scheme")
        roles = "S" if end - first == 1 else "B" + "I" * (end - first - 2) + "E"
        prefixes = [letters[role] for role in roles]
        if new in ("IO", "IOB1") and not touches:
            prefixes[0] = "I"
        written[first:end] = [f"{prefix}-{type_}" for prefix in prefixes]
        before = span
    return written


def as_iob2(tags: Sequence[str]) -> list[str]:
    """IO or IOB1 in IOB2, right or wrong: what breaks IOB1, a B that no entity of its type stands before, breaks IOB2,
    by an I that nothing begins. Words and types of entities stay, as a reader takes them who looks over that."""
    written = []
    for before, here in pairwise(["O", *tags]):
        prefix, type_ = _split(here)
        touches = _split(before)[1] == type_
        written.append(here if prefix == "O" else f"B-{type_}" if (prefix == "B") == touches else f"I-{type_}")
    return written


def allowed(labels: Sequence[str], scheme: Scheme) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """What a decoder may choose so that sequences keep to the scheme.

    Returns:
        start (label,): may be the first word's. transition (label, label): the second may follow the first.
        end (label,): may be the last word's.

    Raises:
        DataError: a label that is no tag, or none of the scheme's.
    """
    for label in labels:
        if _split(label)[0] not in PREFIXES[scheme] + "O":
            raise DataError.at(
                "labels", f"{label} is no tag of {scheme}", f"its prefixes: {', '.join(PREFIXES[scheme])}"
            )
    start = np.array([_fits("O", label, scheme) for label in labels], bool)
    end = np.array([_fits(label, "O", scheme) for label in labels], bool)
    transition = np.array([[_fits(before, here, scheme) for here in labels] for before in labels], bool)
    return start, transition.reshape(len(labels), len(labels)), end


@lru_cache(maxsize=65536)
def _split(tag: str) -> tuple[str, str]:
    """Prefix and type."""
    if problem := check_tag(tag):
        what, _, todo = problem.partition("; ")
        raise DataError.at("tags", what, todo)
    prefix, _, type_ = tag.partition("-")
    return prefix, type_


def _pairs(tag_sequences: Sequence[Sequence[str]]) -> Counter[tuple[str, str]]:
    """How often one tag follows another: all that a scheme's rules ask for, counted in one pass."""
    return Counter(pairwise(chain(["O"], chain.from_iterable([*tags, "O"] for tags in tag_sequences))))


@lru_cache(maxsize=65536)
def _fits(before: str, here: str, scheme: Scheme) -> bool:
    return _ends(before, here, scheme) and _follows(before, here, scheme)


def _follows(before: str, here: str, scheme: Scheme) -> bool:
    """Whether `here` is a tag of the scheme, and may stand after `before`."""
    prefix, type_ = _split(here)
    if prefix not in PREFIXES[scheme] + "O":
        return False
    within = _split(before)[1] == type_ and ROLES.get(_split(before)[0], "O") in "BI"
    if scheme == "IOB1":
        return prefix != "B" or within
    return scheme == "IO" or ROLES.get(prefix, "O") not in "IE" or within


def _ends(before: str, here: str, scheme: Scheme) -> bool:
    """Whether what stands at `before` may stop there, or goes on `here`."""
    prefix, type_ = _split(before)
    if len(PREFIXES[scheme]) < 4 or ROLES.get(prefix, "O") not in "BI":
        return True
    return _split(here)[1] == type_ and ROLES.get(_split(here)[0], "O") in "IE"


def _distance(old: str, new: str) -> tuple[int, int, int]:
    """How far tags of one type are apart: whether they differ, in starting an entity, in ending one."""
    a, b = (ROLES.get(_split(tag)[0], "O") for tag in (old, new))
    return int(old != new), int((a in "BS") != (b in "BS")), int((a in "ES") != (b in "ES"))
