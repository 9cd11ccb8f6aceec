"""Tags of words that a model does not see, such as a byte order mark: they follow from the words around them.

An entity begins and ends with words that are seen: if the first word of `B-PER I-PER` is unseen, it is `O B-PER`. An
unseen word between two words of one entity is a part of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bertkit.data.columns.schemes import PREFIXES, ROLES, Scheme

_SHORTER = (("B", {"I": "B", "E": "S"}), ("E", {"I": "E", "B": "S"}))
"""The role that an unseen word had, from the front and from the back -> what the next seen word becomes."""


def settle(tags: Sequence[str], unseen: Collection[int], scheme: Scheme) -> list[str]:
    """The tags of all words, where those of unseen words follow from the others.

    Args:
        unseen: positions of the words that are not seen, from 0.
    """
    return fill(without(tags, unseen, scheme), unseen, scheme)


def without(tags: Sequence[str], unseen: Collection[int], scheme: Scheme) -> list[str]:
    """The tags of the words that are seen: where an unseen word began or ended an entity, the next word of it does."""
    letters, written = _letters(scheme), list(tags)
    for (lost, becomes), order in zip(_SHORTER, (1, -1), strict=True):
        cut = ""  # the type of the entity that has lost its first or last word
        for place in range(len(tags))[::order]:
            role, type_ = _role(written[place])
            if place in unseen:
                cut = type_ if role == lost or (role == "I" and type_ == cut) else ""
                continue
            if type_ == cut and role in becomes:
                written[place] = f"{letters[becomes[role]]}-{type_}"
            cut = ""
    return [tag for place, tag in enumerate(written) if place not in unseen]


def fill(seen: Sequence[str], unseen: Collection[int], scheme: Scheme) -> list[str]:
    """The tags of all words, from those of the words that are seen."""
    written: list[str] = []
    inside, rest = _letters(scheme)["I"], iter(["O", *seen, "O"])
    before, after = next(rest), next(rest)
    for place in range(len(seen) + len(unseen)):
        if place in unseen:
            (role, type_), (next_role, next_type) = _role(before), _role(after)
            goes_on = role in "BI" and next_role in "IE" and type_ == next_type
            written.append(f"{inside}-{type_}" if goes_on else "O")
        else:
            written.append(after)
            before, after = after, next(rest)
    return written


def _role(tag: str) -> tuple[str, str]:
    return ROLES.get(tag[:1], "O"), tag.partition("-")[2]


def _letters(scheme: Scheme) -> dict[str, str]:
    """Role -> its letter in the scheme."""
    prefixes = PREFIXES[scheme]
    return dict(zip("BIES", prefixes if len(prefixes) == 4 else [prefixes[0], "I", "I", prefixes[0]], strict=True))
