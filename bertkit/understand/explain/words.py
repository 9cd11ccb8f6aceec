"""The words of a row's texts, and which of them each token of an example belongs to.

Words are those of tasks/words.py: runs of letters and digits, single signs, and of Chinese and Japanese each character.
A row whose column holds words has these.

An example holds tokens of several texts, cut, in windows, and between tokens of its task's own. No task needs to say
which is which: each stretch of tokens between special ones is found again among the tokens of the row's texts.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.tasks.words import split

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LEAST = 3
"""Tokens of a text that are found again with others between, at least; fewer must be a whole stretch."""


class Text(NamedTuple):
    """A text of a row."""

    column: str
    """The column's name; of one of several texts with its number from 1, `choices 2`."""
    text: str
    words: tuple[tuple[int, int], ...]
    """Start and (exclusive) end of each word, in characters."""


class WordPlace(NamedTuple):
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


def words_of_tokens(
    ids: np.ndarray, texts: Sequence[Text], tokenizer: PreTrainedTokenizerBase
) -> tuple[list[WordPlace], np.ndarray]:
    """The words that an example holds, and which of them each of its tokens belongs to.

    Args:
        ids: of the example's tokens, `(token,)`.

    Returns:
        the words, and the number of each token's word `(token,)`; -1 for special tokens, and for those of no text.
    """
    known = [tokenizer.backend_tokenizer.encode(text.text, add_special_tokens=False) for text in texts]
    tokens = [np.array(one.ids, dtype=np.int64) for one in known]
    places = _places(ids, tokens, {*tokenizer.all_special_ids} - {tokenizer.unk_token_id})
    numbers: dict[WordPlace, int] = {}
    found = np.full(len(ids), -1, dtype=np.int64)
    for token, (text, place) in places.items():
        span = _word_at(texts[text].words, known[text].offsets[place])
        if span is not None:
            found[token] = numbers.setdefault(WordPlace(text, *span), len(numbers))
    order = sorted(numbers)
    new = {numbers[word]: number for number, word in enumerate(order)}
    return order, np.array([new.get(number, -1) for number in found.tolist()], dtype=np.int64)


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


def _places(ids: np.ndarray, texts: Sequence[np.ndarray], special: set[int]) -> dict[int, tuple[int, int]]:
    """Token of an example -> text and token of the text.

    Args:
        texts: the tokens `(token,)` of each.
    """
    found: dict[int, tuple[int, int]] = {}
    used: set[int] = set()
    waiting = list(_stretches(ids, special))
    while waiting:
        start, end = waiting.pop(0)
        best = _longest(ids[start:end], texts, used)
        if best is None:
            continue
        text, at, place, size = best
        used.add(text)
        found |= {start + at + i: (text, place + i) for i in range(size)}
        waiting[:0] = [part for part in ((start, start + at), (start + at + size, end)) if part[0] < part[1]]
    return dict(sorted(found.items()))


def _stretches(ids: np.ndarray, special: set[int]) -> Iterable[tuple[int, int]]:
    """Start and end of each stretch without special tokens."""
    start = 0
    for place, token in enumerate([*ids.tolist(), None]):
        if token is None or token in special:
            if start < place:
                yield start, place
            start = place + 1


def _longest(ids: np.ndarray, texts: Sequence[np.ndarray], used: set[int]) -> tuple[int, int, int, int] | None:
    """The text with most of these tokens in a row: its number, where they begin here and there, and their count. Of
    equals the first one that is not used yet."""
    best = None
    for number, tokens in enumerate(texts):
        size, at, place = _match(ids, tokens)
        enough = size == len(ids) or size >= LEAST
        if enough and (best is None or (size, number not in used) > (best[3], best[0] not in used)):
            best = (number, at, place, size)
    return best


def _match(ids: np.ndarray, tokens: np.ndarray) -> tuple[int, int, int]:
    """Size and places of the longest run that both have."""
    if len(ids) <= len(tokens):  # most stretches are all of a text, or a part of it
        views = np.lib.stride_tricks.sliding_window_view(tokens, len(ids))
        hits = np.flatnonzero((views == ids).all(axis=1))
        if len(hits):
            return len(ids), 0, int(hits[0])
    found = SequenceMatcher(None, ids.tolist(), tokens.tolist(), autojunk=False).find_longest_match()
    return found.size, found.a, found.b
