"""Where entities start and end, by tagging scheme: the rules of seqeval 1.2.2 as tables of (tag before, tag here)."""

from __future__ import annotations

import numpy as np

from bertkit.errors import DataError
from bertkit.metrics.metric import Array

_SINGLE = ".B* .S*", "BI= BE= II= IE=", "S.* E.*"
STRICT: dict[str, tuple[str, str, str]] = {
    "IO": ("OI* II!", "II=", "II! IO*"),
    "IOB1": ("OI* II! BI* IB= BB=", "BI= II=", "II! IO* IB* BO* BI! BB="),
    "IOB2": (".B*", "BI= II=", "IO* II! IB* BO* BI! BB*"),
    "IOE1": ("OI* II! EI* EE=", "II= IE=", "II! IO* IE! EI= EE="),
    "IOE2": ("OI* OE* EI* EE* II! IE!", "IE= II=", "E.*"),
    "BIOES": _SINGLE,
    "BILOU": tuple(part.translate(str.maketrans("ES", "LU")) for part in _SINGLE),  # type: ignore[dict-item]
    "BMES": tuple(part.replace("I", "M") for part in _SINGLE),  # type: ignore[dict-item]
}
"""seqeval's patterns by scheme: when an entity starts at a word, when it continues, when it has ended. A pattern is the
prefix of the word before (`.` is any), that of this word, and whether the two types are the same (`=`), different (`!`)
or either (`*`)."""


def split_tag(tag: str | None) -> tuple[str, str]:
    """Prefix and type. data/columns/schemes.py has its own, stricter one: metrics and data import neither the other."""
    if tag is None or tag == "O":
        return "O", "_"
    if tag in tuple("BIESMLU"):
        return tag, "_"
    return (tag[0], tag[2:] or "_") if tag[1:2] == "-" else ("I", tag)


def lenient_tables(prefix: Array, type_of: Array) -> tuple[Array, Array]:
    """Whether an entity starts here, and whether one ended before; `(tag before, tag here)` of true and false each.

    Args:
        prefix, type_of: of every tag, `(tag,)`; the type as a number.
    """

    def among(letters: str) -> Array:
        return np.isin(prefix, list(letters))

    other = type_of[:, None] != type_of
    starts = among("BS") | (among("ESO")[:, None] & among("EI")) | (~among("O") & other)
    ends = among("ES")[:, None] | (among("BI")[:, None] & among("BSO")) | (~among("O")[:, None] & other)
    return starts, ends


def strict_tables(prefix: Array, type_of: Array, tags: list[str | None], scheme: str) -> list[Array]:
    """Whether an entity starts here, continues, and ended before; `(tag before, tag here)` of true and false each.

    Args:
        prefix, type_of: of every tag, `(tag,)`; the type as a number.

    Raises:
        DataError: a tag's prefix is not one of the scheme's.
    """
    known = set("".join(STRICT[scheme])) & set("BIESMLU") | {"O"}
    strange = [tag for tag, letter in zip(tags, prefix, strict=True) if letter not in known]
    if strange:
        todo = f"its prefixes are {', '.join(sorted(known))}: convert the tags, or score them leniently"
        raise DataError.at(f"scheme {scheme}", f"has no tag {strange[0]!r}", todo)
    same = type_of[:, None] == type_of
    tables = []
    for patterns in STRICT[scheme]:
        table = np.zeros(same.shape, bool)
        for before, here, types in map(tuple, patterns.split()):
            letters = ((prefix == before) | (before == "."))[:, None] & ((prefix == here) | (here == "."))
            table |= letters & {"=": same, "!": ~same, "*": np.True_}[types]
        tables.append(table)
    return tables
