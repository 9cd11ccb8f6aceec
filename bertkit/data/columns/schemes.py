"""Tag schemes: entities of several words as one tag per word (Ramshaw & Marcus 1995; Ratinov & Roth 2009).

    find_scheme([["I-PER", "I-PER", "B-PER", "O"]])                     # "IOB1"
    convert(["I-PER", "I-PER", "B-PER", "O"], "IOB1", "BIOES")          # ["B-PER", "E-PER", "S-PER", "O"]
    repair(["O", "I-PER"], "IOB2")                                      # (["O", "B-PER"], 1)

A tag is O, or a prefix, a dash and a type, which may itself contain dashes. Whether a sequence is valid in its scheme
depends only on pairs of neighbouring tags, with an O before the first and after the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertkit.errors import DataError, Problem

Scheme = Literal["IO", "IOB1", "IOB2", "BIOES", "BILOU", "BMES"]

PREFIXES: dict[Scheme, str] = {
    "IO": "I",
    "IOB1": "BI",  # B only where an entity follows another of its type
    "IOB2": "BI",
    "BIOES": "BIES",
    "BILOU": "BILU",  # BIOES in other letters: last, unit
    "BMES": "BMES",  # the same: middle
}
"""Prefixes of a scheme besides O: for the first word of an entity, one inside, the last one, and a single one."""

ROLES = {**dict(zip("BIES", "BIES", strict=True)), "M": "I", "L": "E", "U": "S"}
"""Prefix -> its role, in the letters of BIOES."""


class Span(NamedTuple):
    """An entity of the words `first` to `end` (the word after the last), from 0."""

    first: int
    end: int
    type: str


def scheme_of_tags(tags: Sequence[str]) -> Scheme:
    """The first scheme that has all prefixes of these tags; IOB2 if they have none."""
    letters = {tag[0] for tag in tags if "-" in tag}
    order: tuple[Scheme, ...] = ("IO", "IOB2", "BIOES", "BILOU", "BMES")
    return next((scheme for scheme in order if letters and letters <= {*PREFIXES[scheme]}), "IOB2")


@lru_cache(maxsize=65536)
def check_tag(tag: str) -> Problem | None:
    """The problem of a tag that is no tag of any scheme; None for a valid tag."""
    prefix, dash, type_ = tag.partition("-")
    if tag == "O":
        return None
    if not tag.strip():
        return Problem("tags", "an empty tag", "a word outside of all entities has the tag O")
    if tag.isdecimal():
        todo = "name the tags in the order of their numbers: data.label_names, and data.label_ids=true"
        return Problem("tags", f"the tag {tag!r} is a number", todo)
    if not dash and prefix not in ROLES:
        return Problem("tags", f"the tag {tag!r} has no prefix", f"expected O, B-{tag} or the like")
    if prefix not in ROLES:
        return Problem("tags", f"the tag {tag!r} has the prefix {prefix!r}", f"known: {', '.join(ROLES)}")
    if not type_.strip():
        return Problem("tags", f"the tag {tag!r} has no type", f"expected {prefix}-PER or the like")
    return None


def find_scheme(tag_sequences: Sequence[Sequence[str]]) -> Scheme:
    """The scheme of tag sequences, by their prefixes; between IOB1 and IOB2, the one with fewer invalid tags.

    Without any B, E or S it is IO; without entities, or if IOB1 and IOB2 fit equally, IOB2.

    Raises:
        DataError: an invalid tag, or prefixes that no scheme has together.
    """
    pairs = _pairs(tag_sequences)
    used = {prefix for tag in {tag for pair in pairs for tag in pair} if (prefix := _split(tag)[0]) != "O"}
    fitting = [scheme for scheme, prefixes in PREFIXES.items() if used <= set(prefixes)]
    if not fitting:
        todo = "known: " + ", ".join(f"{scheme} ({', '.join(prefixes)})" for scheme, prefixes in PREFIXES.items())
        raise DataError.at("tags", f"no scheme has all the prefixes {', '.join(sorted(used))}", todo)
    if not used:
        return "IOB2"
    if fitting[0] == "IOB1":
        breaks = {
            scheme: sum(count for pair, count in pairs.items() if not _fits(*pair, scheme))
            for scheme in ("IOB2", "IOB1")
        }
        return "IOB1" if breaks["IOB1"] < breaks["IOB2"] else "IOB2"
    return fitting[0]


def broken(tags: Sequence[str], scheme: Scheme) -> list[int]:
    """Positions, from 0, of the tags that are invalid in the scheme.

    These are tags of another scheme, tags that can not follow the one before (an I- that continues no entity), and, in
    BIOES, BILOU and BMES, tags whose entity is not ended.

    Raises:
        DataError: a tag of no scheme (see check_tag).
    """
    places = set()
    for place, (before, here) in enumerate(pairwise(["O", *tags, "O"])):
        if not _fits(before, here, scheme):
            places.update([place - 1] * (not _ends(before, here, scheme)))
            places.update([place] * (not _follows(before, here, scheme)))
    return sorted(places)


def find_broken(tag_sequences: Sequence[Sequence[str]], scheme: Scheme) -> dict[int, list[int]]:
    """Sequence number, from 0 -> positions of its invalid tags, for sequences that have any. Raises as `broken`."""
    if all(_fits(*pair, scheme) for pair in _pairs(tag_sequences)):
        return {}
    return {number: places for number, tags in enumerate(tag_sequences) if (places := broken(tags, scheme))}


def repair(tags: Sequence[str], scheme: Scheme) -> tuple[list[str], int]:
    """The nearest sequence that is valid in the scheme, and the number of tags that differ.

    Only prefixes change: in IOB2, an I- that continues no entity becomes a B-. Among equally near sequences, the one
    that keeps more starts of entities is taken, then the one that keeps more ends.

    Raises:
        DataError: a tag of no scheme (see check_tag).
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
    repaired: list[str] = []
    while path:
        tag, path = path
        repaired.append(tag)
    return repaired[::-1], changes


def spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """The entities of a sequence.

    Raises:
        DataError: it is invalid in the scheme.
    """
    if places := broken(tags, scheme):
        word, tag = places[0] + 1, tags[places[0]]
        raise DataError.at("tags", f"word {word}: {tag} is invalid in {scheme}", "correct or repair the tags")
    entities: list[Span] = []
    before = ("O", "")
    for place, tag in enumerate(tags):
        prefix, type_ = here = _split(tag)
        if prefix != "O" and (prefix in "BSU" or before[0] == "O" or before[1] != type_):
            entities.append(Span(place, place + 1, type_))
        elif prefix != "O":
            entities[-1] = entities[-1]._replace(end=place + 1)
        before = here
    return entities


def convert(tags: Sequence[str], old: Scheme, new: Scheme) -> list[str]:
    """The same entities in another scheme.

    Raises:
        DataError: the tags are invalid in the old scheme, or the new one is IO and entities of one type are adjacent.
    """
    written = ["O"] * len(tags)
    letters = dict(zip("BIES", PREFIXES[new] if len(PREFIXES[new]) == 4 else "BIIB", strict=True))
    before = Span(-1, -1, "")
    for span in spans(tags, old):
        first, end, type_ = span
        touches = before.end == first and before.type == type_
        if touches and new == "IO":
            what = f"two {type_} entities are adjacent at word {first + 1}"
            raise DataError.at("tags", what, "IO can not separate them: use any other scheme")
        roles = "S" if end - first == 1 else "B" + "I" * (end - first - 2) + "E"
        prefixes = [letters[role] for role in roles]
        if new in ("IO", "IOB1") and not touches:
            prefixes[0] = "I"
        written[first:end] = [f"{prefix}-{type_}" for prefix in prefixes]
        before = span
    return written


def as_iob2(tags: Sequence[str]) -> list[str]:
    """Tags of IO or IOB1 in IOB2; invalid tags stay invalid.

    In IOB1, a B- tag is invalid unless it follows an entity of the same type. In IOB2, an I- tag is invalid unless it
    continues one. Each invalid B- becomes an invalid I-, so a lenient reader sees the same entities.
    """
    written = []
    for before, here in pairwise(["O", *tags]):
        prefix, type_ = _split(here)
        touches = _split(before)[1] == type_
        written.append(here if prefix == "O" else f"B-{type_}" if (prefix == "B") == touches else f"I-{type_}")
    return written


def allowed(labels: Sequence[str], scheme: Scheme) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """The labels that a decoder may choose so that sequences are valid in the scheme.

    Returns:
        start (label,): may be the first tag. transition (label, label): the second may follow the first.
        end (label,): may be the last tag.

    Raises:
        DataError: a label that is no tag of the scheme.
    """
    for label in labels:
        if _split(label)[0] not in PREFIXES[scheme] + "O":
            todo = f"its prefixes: {', '.join(PREFIXES[scheme])}"
            raise DataError.at("labels", f"{label} is no tag of {scheme}", todo)
    start = np.array([_fits("O", label, scheme) for label in labels], bool)
    end = np.array([_fits(label, "O", scheme) for label in labels], bool)
    transition = np.array([[_fits(before, here, scheme) for here in labels] for before in labels], bool)
    return start, transition.reshape(len(labels), len(labels)), end


@lru_cache(maxsize=65536)
def _split(tag: str) -> tuple[str, str]:
    """Prefix and type."""
    if problem := check_tag(tag):
        raise DataError(problem)
    prefix, _, type_ = tag.partition("-")
    return prefix, type_


def _pairs(tag_sequences: Sequence[Sequence[str]]) -> Counter[tuple[str, str]]:
    """How often one tag follows another: all that the rules of a scheme depend on."""
    return Counter(pairwise(chain(["O"], chain.from_iterable([*tags, "O"] for tags in tag_sequences))))


@lru_cache(maxsize=65536)
def _fits(before: str, here: str, scheme: Scheme) -> bool:
    return _ends(before, here, scheme) and _follows(before, here, scheme)


def _follows(before: str, here: str, scheme: Scheme) -> bool:
    """Whether `here` is a tag of the scheme and may follow `before`."""
    prefix, type_ = _split(here)
    if prefix not in PREFIXES[scheme] + "O":
        return False
    within = _split(before)[1] == type_ and ROLES.get(_split(before)[0], "O") in "BI"
    if scheme == "IOB1":
        return prefix != "B" or within
    return scheme == "IO" or ROLES.get(prefix, "O") not in "IE" or within


def _ends(before: str, here: str, scheme: Scheme) -> bool:
    """Whether the entity of `before`, if any, may end there or continues in `here`."""
    prefix, type_ = _split(before)
    if len(PREFIXES[scheme]) < 4 or ROLES.get(prefix, "O") not in "BI":
        return True
    return _split(here)[1] == type_ and ROLES.get(_split(here)[0], "O") in "IE"


def _distance(old: str, new: str) -> tuple[int, int, int]:
    """Distance of two tags of one type: whether they differ, in starting an entity, in ending one."""
    a, b = (ROLES.get(_split(tag)[0], "O") for tag in (old, new))
    return int(old != new), int((a in "BS") != (b in "BS")), int((a in "ES") != (b in "ES"))
