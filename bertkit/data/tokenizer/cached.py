"""Fast tokenization of many texts: each distinct word is tokenized once and then looked up.

Ten million words of a language are some hundred thousand distinct ones, so look-ups replace nearly all tokenization:
some 20 MB/s instead of 1.5 on one core, with the same tokens. This holds for tokenizers that first split texts at white
space (BERT's and its kin); with any other, whole texts are tokenized. Special tokens such as `[MASK]` in a text are
tokenized like any other word: a corpus should not hold any.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from bertkit.data.tokenizer.marked import ids_of, mark

CAPACITY = 200_000
"""Words in the cache: some 40 MB."""

NORMALIZERS = ("BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents")
SPLITTERS = ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")

# BERT's normalizer puts spaces around these. Rarer ones stay within a word here, and the tokenizer splits them off.
_CHINESE_OR_WORD = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]|[^ \u3400-\u4dbf\u4e00-\u9fff]+")


class CachedTokenizer:
    """Tokenizes texts, with a cache of words.

    Args:
        tokenizer: content of a `tokenizer.json`.
    """

    def __init__(self, tokenizer: str):
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_str(tokenizer)
        self._tokenizer.encode_special_tokens = True
        self.by_word, self._by_character = _splits_words(json.loads(tokenizer))
        vocabulary = self._tokenizer.get_vocab_size(with_added_tokens=True)
        self.dtype = np.dtype(np.uint16 if 2 * vocabulary <= 2**16 else np.uint32)
        unknown = getattr(self._tokenizer.model, "unk_token", None)
        self._unknown = self._tokenizer.token_to_id(unknown) if unknown else None
        self._numbers: dict[str, int] = {}
        self._starts: np.ndarray  # (word,) position of its tokens in _marked
        self._lengths: np.ndarray  # (word,)
        self._marked: np.ndarray  # (token,)
        self._clear()

    def count_unknown(self, marked: np.ndarray) -> int:
        """Number of [UNK] among these tokens."""
        return 0 if self._unknown is None else int((ids_of(marked) == self._unknown).sum())

    def tokenize(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The tokens of all texts, one after the other.

        Returns:
            marked: (token,) see marked.py
            ends: (text,) position after the last token of each text
        """
        units: list[str] = []
        counts = np.zeros(len(texts) + 1, np.int64)
        for place, text in enumerate(texts, 1):
            units += self._split(text)
            counts[place] = len(units)
        known = self._numbers
        self._add([unit for unit in dict.fromkeys(units) if unit not in known])
        numbers = np.fromiter(map(known.__getitem__, units), np.int64, len(units))
        lengths = self._lengths[numbers]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        places = np.repeat(self._starts[numbers] - ends[:-1], lengths) + np.arange(ends[-1])
        marked = self._marked[places]
        if len(known) > CAPACITY:
            self._clear()
        return marked, ends[counts[1:]]

    def _split(self, text: str) -> list[str]:
        if not self.by_word:
            return [text]
        return _CHINESE_OR_WORD.findall(text) if self._by_character and not text.isascii() else text.split(" ")

    def _add(self, units: list[str]) -> None:
        encoded = self._tokenizer.encode_batch(units, add_special_tokens=False)
        lengths = np.fromiter((len(each) for each in encoded), np.int64, len(encoded))
        total = int(lengths.sum())
        ids = np.fromiter(chain.from_iterable(each.ids for each in encoded), np.int64, total)
        words = np.fromiter(chain.from_iterable(each.word_ids for each in encoded), np.int64, total)
        starts = np.cumsum(lengths) - lengths
        first = np.ones(total, np.int64)  # (token,) 1 for the first token of a word
        first[1:] = words[1:] != words[:-1]
        first[starts[lengths > 0]] = 1
        self._numbers.update(zip(units, range(len(self._numbers), len(self._numbers) + len(units)), strict=True))
        self._starts = np.concatenate([self._starts, starts + len(self._marked)])
        self._lengths = np.concatenate([self._lengths, lengths])
        self._marked = np.concatenate([self._marked, mark(ids, first).astype(self.dtype)])

    def _clear(self) -> None:
        self._numbers.clear()
        self._starts = self._lengths = np.zeros(0, np.int64)
        self._marked = np.zeros(0, self.dtype)


def _splits_words(tokenizer: dict[str, Any]) -> tuple[bool, bool]:
    """Whether no token crosses a space, and whether each Chinese character is a word."""
    normalizers = _steps(tokenizer["normalizer"], "normalizers")
    splitters = _steps(tokenizer["pre_tokenizer"], "pretokenizers")
    added = [token["content"] for token in tokenizer["added_tokens"] if not token["special"]]
    by_word = (
        all(step["type"] in NORMALIZERS for step in normalizers)
        and bool(splitters)
        and splitters[0]["type"] in SPLITTERS
        and not any(re.search(r"\s", content) for content in added)
    )
    return by_word, bool(normalizers) and normalizers[0].get("handle_chinese_chars", False) and not added


def _steps(step: dict[str, Any] | None, key: str) -> list[dict[str, Any]]:
    if step is None:
        return []
    return [each for inner in step[key] for each in _steps(inner, key)] if step["type"] == "Sequence" else [step]
