"""The words of a row's texts, and which of them each token of an example belongs to.

Words are those of tasks/words.py: runs of letters and digits, single signs, and of Chinese and Japanese each character.
A row whose column holds words has these.

An example holds tokens of several texts, cut, in windows, and between tokens of its task's own. No task needs to say
which is which: each stretch of tokens between special ones is found again among the tokens of the row's texts.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection, Iterable, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.tasks.words import split

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LEAST = 3
"""Tokens of a text that are found again among others, at least; fewer must be a whole text, or a whole stretch."""


class Text(NamedTuple):
    """A text of a row."""

    column: str
    """The column's name; of one of several texts with its number from 1, `choices 2`."""
    text: str
    words: tuple[tuple[int, int], ...]
    """Start and (exclusive) end of each word, in characters."""


class TextWord(NamedTuple):
    """A word of a row."""

    text: int
    """Number of its text."""
    start: int
    end: int


def texts_of(row: dict[str, Any], columns: Iterable[Column]) -> list[Text]:
    """All texts of a row that a model may read."""
    found = []
    for column in columns:
        value = row.get(column.name)
        if value is None:
            continue
        if column.kind == "text":
            found.append(Text(column.name, value, tuple(split(value))))
        elif column.kind == "words":
            found.append(Text(column.name, " ".join(value), tuple(_joined(value))))
        elif column.kind in ("choices", "texts"):
            found += [Text(f"{column.name} {n}", one, tuple(split(one))) for n, one in enumerate(value, 1)]
    return found


def _joined(words: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Start and end of each word in a text that has a space between them."""
    start = 0
    for word in words:
        yield start, start + len(word)
        start += len(word) + 1


class Reading(NamedTuple):
    """A text as a tokenizer reads it, in one of several ways."""

    text: int
    """Number of the text."""
    ids: np.ndarray
    """`(token,)`"""
    offsets: list[tuple[int, int]]
    """Start and end of each token, in characters of the text."""


def readings(texts: Sequence[Text], tokenizer: PreTrainedTokenizerBase) -> list[Reading]:
    """The ways in which tasks have texts tokenized, each once; most tokenizers read all of them alike.

    As a whole; after a space, as behind a prompt; word by word, with a space before all words, or where the text has
    one.
    """
    found: list[Reading] = []
    for number, text in enumerate(texts):
        ways = [_whole(text, "", tokenizer), _whole(text, " ", tokenizer)]
        ways += [_by_word(text, tokenizer, always=always) for always in (True, False)]
        distinct = {ids.tobytes(): Reading(number, ids, offsets) for ids, offsets in ways}
        found += distinct.values()
    return found


def _whole(text: Text, before: str, tokenizer: Any) -> tuple[np.ndarray, list[tuple[int, int]]]:
    one = tokenizer.backend_tokenizer.encode(before + text.text, add_special_tokens=False)
    shift = len(before)
    return np.array(one.ids, dtype=np.int64), [(max(0, a - shift), max(0, b - shift)) for a, b in one.offsets]


def _by_word(text: Text, tokenizer: Any, *, always: bool) -> tuple[np.ndarray, list[tuple[int, int]]]:
    spaces = [always or (start > 0 and text.text[start - 1].isspace()) for start, _ in text.words]
    forms = [[" " * space + text.text[a:b]] for space, (a, b) in zip(spaces, text.words, strict=True)]
    encoded = tokenizer.backend_tokenizer.encode_batch(forms, is_pretokenized=True, add_special_tokens=False)
    ids = [token for one in encoded for token in one.ids]
    offsets = [word for word, one in zip(text.words, encoded, strict=True) for _ in one.ids]
    return np.array(ids, dtype=np.int64), offsets


def words_of_tokens(
    ids: np.ndarray, texts: Sequence[Text], known: Sequence[Reading], special: Collection[int]
) -> tuple[list[TextWord], np.ndarray]:
    """The words that an example holds, and which of them each of its tokens belongs to.

    Args:
        ids: of the example's tokens, `(token,)`.
        known: `readings` of the texts.
        special: ids of tokens between texts.

    Returns:
        the words, and the number of each token's word `(token,)`; -1 for special tokens, and for those of no text.
    """
    numbers: dict[TextWord, int] = {}
    found = np.full(len(ids), -1, dtype=np.int64)
    for token, (reading, place) in _places(ids, known, special).items():
        span = _word_at(texts[reading.text].words, reading.offsets[place])
        if span is not None:
            found[token] = numbers.setdefault(TextWord(reading.text, *span), len(numbers))
    order = sorted(numbers)
    new = {numbers[word]: number for number, word in enumerate(order)}
    return order, np.array([new.get(number, -1) for number in found.tolist()], dtype=np.int64)


def of_own_tokens(
    words: Sequence[TextWord], of_token: np.ndarray, own: np.ndarray
) -> tuple[list[TextWord], np.ndarray]:
    """`words_of_tokens` of the row's own tokens `(token,)` alone: a sentence around may have words of the row too."""
    of_token = np.where(own, of_token, -1)
    kept = [number for number in range(len(words)) if (of_token == number).any()]
    new = {number: place for place, number in enumerate(kept)}
    numbers = [new.get(number, -1) for number in of_token.tolist()]
    return [words[number] for number in kept], np.array(numbers, dtype=np.int64)


def special_ids(tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """Ids of the tokens between texts; that of an unknown word is none of them."""
    return {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}


def _word_at(words: Sequence[tuple[int, int]], offsets: tuple[int, int]) -> tuple[int, int] | None:
    """The word that holds most of a token; None: a token of white space."""
    start, end = offsets
    first = bisect.bisect_right(words, start, key=lambda word: word[1])
    best: tuple[int, int] | None = None
    for word in words[first:]:
        if word[0] >= max(end, start + 1):
            break
        if best is None or _shared(word, offsets) > _shared(best, offsets):
            best = word
    return best


def _shared(word: tuple[int, int], offsets: tuple[int, int]) -> int:
    return min(word[1], offsets[1]) - max(word[0], offsets[0])


def _places(ids: np.ndarray, known: Sequence[Reading], special: Collection[int]) -> dict[int, tuple[Reading, int]]:
    """Token of an example -> the reading that it is found in, and its place there."""
    found: dict[int, tuple[Reading, int]] = {}
    used: set[int] = set()
    waiting = list(_stretches(ids, special))
    while waiting:
        start, end = waiting.pop(0)
        best = _longest(ids[start:end], known, used)
        if best is None:
            continue
        reading, at, place, size = best
        used.add(reading.text)
        found |= {start + at + i: (reading, place + i) for i in range(size)}
        waiting[:0] = [part for part in ((start, start + at), (start + at + size, end)) if part[0] < part[1]]
    return dict(sorted(found.items()))


def _stretches(ids: np.ndarray, special: Collection[int]) -> Iterable[tuple[int, int]]:
    """Start and end of each stretch without special tokens."""
    start = 0
    for place, token in enumerate([*ids.tolist(), None]):
        if token is None or token in special:
            if start < place:
                yield start, place
            start = place + 1


def _longest(ids: np.ndarray, known: Sequence[Reading], used: set[int]) -> tuple[Reading, int, int, int] | None:
    """The reading with most of these tokens in a row, where they begin here and there, and their count. Of equals the
    first whose text is not used yet."""
    best = None
    for reading in known:
        size, at, place = _match(ids, reading.ids)
        enough = size and (size in (len(ids), len(reading.ids)) or size >= LEAST)
        if enough and (best is None or (size, reading.text not in used) > (best[3], best[0].text not in used)):
            best = (reading, at, place, size)
    return best


def _match(ids: np.ndarray, tokens: np.ndarray) -> tuple[int, int, int]:
    """Size and places of the longest run that both have."""
    size = len(ids)
    for place in np.flatnonzero(tokens[: max(0, len(tokens) - size + 1)] == ids[0]).tolist():
        if np.array_equal(tokens[place : place + size], ids):  # most stretches are all of a text, or a part of it
            return size, 0, place
    found = SequenceMatcher(None, ids.tolist(), tokens.tolist(), autojunk=False).find_longest_match()
    return found.size, found.a, found.b
