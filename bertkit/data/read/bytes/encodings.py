"""Which encoding a file is in, where it is not the one that it is read in: tried on the whole file.

Many encodings decode any bytes, so a file that decodes proves little. A proposal must also give characters that texts
in that encoding are made of: frequent characters of Chinese, Japanese and Korean (the first level of each standard),
single accented letters between ASCII letters, small letters of Cyrillic. Measured on samples of up to a million
characters; none is proposed where no encoding is plausible.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
import zlib
from collections.abc import Callable
from functools import cache
from typing import BinaryIO

MOST_BY_CHANCE = 0.1
"""Lines of another encoding that are valid UTF-8 by chance, as a share of those that are not. A file with more of them
is UTF-8 with damaged lines, and no encoding is proposed for it."""

CHUNK = 2**20
SAMPLE = 1_000_000
"""Characters of a file that are looked at."""
PLAUSIBLE = 0.7
"""Share of the characters beyond ASCII that must be those of texts in the encoding."""

_LEADS = {
    "euc-kr": (0xA1, 0xA3, *range(0xB0, 0xC9)),
    "euc-jp": (0xA1, 0xA3, 0xA4, 0xA5, *range(0xB0, 0xD0)),
    "shift_jis": (0x81, 0x82, 0x83, *range(0x88, 0x99)),
    "big5": (0xA1, *range(0xA4, 0xC7)),
    "gb18030": (0xA1, 0xA3, *range(0xB0, 0xD8)),
}
"""First bytes of punctuation, syllables and the frequent characters in the standard of each encoding."""

_ACCENTED = re.compile(r"[^\W\d_a-zA-Z]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]+")
_TYPOGRAPHIC = re.compile("[‘’‚“”„–—…«»€£§°\xa0\u2116]|(?<!\\w)[¿¡]")


def of_file(open_file: Callable[[], BinaryIO], read_as: str) -> str:
    """The encoding in which the whole file decodes and looks like texts; an empty text where there is none.

    Args:
        read_as: the encoding that was tried before.
    """
    found = {}
    for encoding, plausible in _CANDIDATES.items():
        if codecs.lookup(encoding).name != codecs.lookup(read_as).name:
            sample = _decoded(open_file, encoding)
            if sample is not None and (share := plausible(sample)) >= PLAUSIBLE:
                found[encoding] = share
    return max(found, key=lambda encoding: found[encoding], default="")


def _decoded(open_file: Callable[[], BinaryIO], encoding: str) -> str | None:
    """The start of the file; None if a part of it does not decode."""
    decoder, parts, size = codecs.getincrementaldecoder(encoding)(), [], 0
    try:
        with open_file() as raw:
            while chunk := raw.read(CHUNK):
                text = decoder.decode(chunk)
                if "\0" in text:
                    return None
                if size < SAMPLE:
                    parts.append(text[:SAMPLE])
                    size += len(text)
            return "".join([*parts, decoder.decode(b"", True)])
    except (UnicodeError, OSError, EOFError, zlib.error):
        return None


def _valid(text: str) -> float:
    """UTF-8 is no coincidence."""
    return float(not text.isascii())


def _assigned(text: str) -> float:
    """UTF-16 read in the wrong byte order gives characters that do not exist, and line ends that are none."""
    kinds = [unicodedata.category(character) for character in text]
    real = sum(kind not in ("Cn", "Co", "Cs") for kind in kinds)
    return real / len(kinds) if kinds and ("\n" in text or " " in text) else 0.0


@cache
def _frequent(encoding: str) -> frozenset[str]:
    codes = (bytes((lead, trail)) for lead in _LEADS[encoding] for trail in range(0x40, 0xFF))
    return frozenset(code.decode(encoding, "ignore") for code in codes)


def _of_frequent(encoding: str) -> Callable[[str], float]:
    def share(text: str) -> float:
        beyond = [character for character in text if not character.isascii()]
        return sum(character in _frequent(encoding) for character in beyond) / max(1, len(beyond))

    return share


def _single_letters(text: str) -> float:
    """One or two accented letters at a time, none of them a capital within a word."""
    beyond = sum(not character.isascii() for character in text)
    good = len(_TYPOGRAPHIC.findall(text))
    for run in _ACCENTED.finditer(text):
        inside = run[0][0].isupper() and text[run.start() - 1 : run.start()].islower()
        good += len(run[0]) if len(run[0]) <= 2 and not inside else 0
    return good / max(1, beyond)


def _small_letters(text: str) -> float:
    """Words of Cyrillic, in small letters but for the first."""
    beyond = sum(not character.isascii() for character in text)
    good = float(len(_TYPOGRAPHIC.findall(text)))
    for run in _CYRILLIC.finditer(text):
        around = text[run.start() - 1 : run.start()] + text[run.end() : run.end() + 1]
        if not any(letter.isascii() and letter.isalpha() for letter in around):
            small = sum(map(str.islower, run[0][1:])) + 1
            good += small if run[0][0].islower() or len(run[0]) == small else 0.9 * small
    return good / max(1, beyond)


_CANDIDATES: dict[str, Callable[[str], float]] = {
    "utf-8": _valid,
    "utf-16-le": _assigned,
    "utf-16-be": _assigned,
    **{encoding: _of_frequent(encoding) for encoding in _LEADS},
    "cp1252": _single_letters,
    "cp1250": _single_letters,
    "cp1251": _small_letters,
    "koi8-r": _small_letters,
}
"""Encoding -> how plausible a text is that was decoded with it, from 0 to 1. The first of equals is proposed."""
