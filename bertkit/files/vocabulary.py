"""What the words of a vocabulary tell, whoever holds them: a tokenizer, or a vocab.txt without any configuration."""

from __future__ import annotations

from collections.abc import Collection

CASED = 0.01
"""Share of a vocabulary's words with capital letters from which it counts as cased: almost none of an uncased one."""


def is_cased(words: Collection[str]) -> bool:
    """Whether a vocabulary has words with capital letters. Special tokens must not be among them.

    Single letters and capitals below U+0180 that are not ASCII do not count: every byte-level vocabulary has them, for
    bytes.
    """
    capital = sum(len(word) > 1 and not word.islower() and any(map(_is_capital, word)) for word in words)
    return capital > CASED * len(words)


def _is_capital(c: str) -> bool:
    return c.isupper() and (c.isascii() or c >= "\u0180")
