"""Rows of any task with an exact number of tokens, made of words of the tokenizer's own vocabulary.

Each word is one token wherever it stands, so the length of a row is a matter of counting, and what is encoded looks
like a text: a repeated letter would be tokenized faster than words are.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from bertkit.data.columns.column import Column
from bertkit.engine.examples import lengths_of
from bertkit.errors import DataError, Parameter
from bertkit.inference.predictor import Predictor

TEXT, WORDS, LISTS = "text", "words", ("choices", "texts")
SPACES = "Ġ▁"
"""What begins a word in vocabularies of BPE and Unigram."""
MARKED = 0.1
"""Least share of the tokens of such a vocabulary that begin so."""
INSIDE = "##"
"""What begins a part of a word that is not its first, in one of WordPiece."""
KEPT = 200
"""Words that rows are made of."""
HAN = 0x2E80
"""From here on, a character alone may be a word."""


class RowMaker:
    """Makes rows for a predictor.

    Args:
        name: of the model, for errors.
    """

    def __init__(self, predictor: Predictor, name: str, seed: int = 0):
        self.predictor, self.name = predictor, name
        self._rng = np.random.default_rng(seed)
        self.words = words_of(predictor.tokenizer, self._rng)
        self.template = predictor.task.example
        self.columns = [
            column
            for column in predictor.task.columns
            if not column.answer and column.kind in (TEXT, WORDS, *LISTS) and self.template.get(column.name)
        ]
        self.filled = bool(self.columns) and bool(self.words) and self._is_taken()
        """Whether texts can be made; else rows are the task's own."""

    @property
    def texts(self) -> int:
        """Texts of a row that the model reads one by one, as a passage with each of its choices."""
        return max((len(self.template[one.name]) for one in self.columns if one.kind in LISTS), default=1)

    def rows(self, length: int, count: int) -> list[dict[str, Any]]:
        """So many rows, each with examples of so many tokens, or in all of its windows without what these share.

        Raises:
            DataError: no row of the task has this length.
        """
        number, extra = self._words_for(length)
        return [self._row(number, length, extra) for _ in range(count)]

    @property
    def windows(self) -> bool:
        """Whether the model reads a row that is too long in windows."""
        length = self.predictor.limit
        return not self._is_cut(2 * length, length, 0)

    def own(self, count: int) -> list[dict[str, Any]]:
        """The task's own rows, repeated, where none can be made."""
        hidden = {column.name for column in self.predictor.task.columns if column.answer}
        rows = [{k: v for k, v in row.items() if k not in hidden} for row in self.predictor.task.tiny_rows()]
        return [copy.deepcopy(rows[number % len(rows)]) for number in range(count)]

    def tokens(self, rows: list[dict[str, Any]]) -> int:
        """Tokens of all examples of rows."""
        return int(lengths_of(self.predictor.prepare(rows).encoded.examples).sum())

    def _is_taken(self) -> bool:
        """Whether the task takes a row of any words: its own code may want more of a text."""
        try:
            return self._length(1, 0, 0) > 0
        except Exception:
            return False

    def _words_for(self, length: int) -> tuple[int, int]:
        """How many words the longest column needs, and how many more another one.

        A word of the first counts once for each text that it is a part of, as the passage for each choice.
        """
        least, more = self._length(1, length, 0), self._length(2, length, 0)
        if least > length:
            what = f"{length}: a row of {self.name} has at least {least} tokens, special ones included"
            raise DataError.at(Parameter("lengths"), what, "name a longer one")
        number, extra = 1, 0
        if more > least:
            words, extra = divmod(length - least, more - least)
            number += words
        if (found := self._length(number, length, extra)) == length:
            return number, extra
        if found < length and not self._is_cut(number, length, extra):
            return number, extra  # windows
        if found < length:
            todo = "name a shorter one"
            raise DataError.at(Parameter("lengths"), f"{length}: {self.name} cuts rows at {found} tokens", todo)
        what = f"{length}: no row of {self.name} has so many tokens"
        raise DataError.at(Parameter("lengths"), what, "name another one")

    def _length(self, number: int, length: int, extra: int) -> int:
        """Tokens of the longest example of a row."""
        return int(lengths_of(self.predictor.prepare([self._row(number, length, extra)]).encoded.examples).max())

    def _is_cut(self, number: int, length: int, extra: int) -> bool:
        """Whether the model leaves out tokens of a row, which windows would read."""
        encoded = self.predictor.prepare([self._row(number, length, extra)]).encoded
        return len(encoded.examples) <= self.texts or any(encoded.lost)

    def _row(self, number: int, length: int, extra: int) -> dict[str, Any]:
        """A row whose longest column has so many words, and others at most a sixteenth of the length.

        Args:
            extra: words that the last text of the last other column has besides.
        """
        main = max(reversed(self.columns), key=lambda column: _size(self.template[column.name]))
        others = [column for column in self.columns if column is not main]
        row = copy.deepcopy(self.template)
        for column in self.columns:
            value = self.template[column.name]
            words = number if column is main else max(1, min(_size(value), length // 16))
            last = extra if column is (others or [main])[-1] else 0
            row[column.name] = self._value(column, value, words, last)
        return row

    def _value(self, column: Column, value: Any, number: int, extra: int) -> Any:
        if column.kind in LISTS:
            texts = [self._text(number, str(one)) for one in value[:-1]]
            return [*texts, self._text(number + extra, str(value[-1]))]
        if column.kind == WORDS:
            return self._text(number + extra, "").split(" ")
        return self._text(number + extra, str(value))

    def _text(self, number: int, like: str) -> str:
        """So many words, and the special tokens of a text that it is like: a word to fill in needs its mask."""
        kept = [token for token in self.predictor.tokenizer.all_special_tokens if str(token) in like]
        words = (self.words[place] for place in self._rng.integers(len(self.words), size=number))
        return " ".join([*words, *map(str, kept)])


def words_of(tokenizer: Any, rng: np.random.Generator) -> list[str]:
    """Words of a vocabulary that are one token at the beginning of a text and behind another word."""
    vocabulary = [str(token) for token in tokenizer.get_vocab()]
    marked = [token for token in vocabulary if token and token[:1] in SPACES]
    if len(marked) < MARKED * len(vocabulary):  # the marks are letters, too
        marked = []
    names = [token.lstrip(SPACES) for token in marked] or [one for one in vocabulary if not one.startswith(INSIDE)]
    special = {*map(str, tokenizer.all_special_tokens)}
    likely = sorted({name for name in names if name.isalpha() and name not in special and _is_long(name)})
    rng.shuffle(likely)
    backend, kept = tokenizer.backend_tokenizer, []
    for word in likely:
        once, twice = (len(backend.encode(text, add_special_tokens=False).ids) for text in (word, f"{word} {word}"))
        if (once, twice) == (1, 2):
            kept.append(word)
        if len(kept) == KEPT:
            break
    return kept


def _is_long(word: str) -> bool:
    return len(word) > 2 or (bool(word) and ord(word[0]) >= HAN)


def _size(value: Any) -> int:
    """Words of a column's value; of a list of texts, those of the longest."""
    if isinstance(value, str):
        return max(1, len(value.split()))
    return max((_size(one) for one in value), default=1) if any(" " in str(one) for one in value) else len(value)
