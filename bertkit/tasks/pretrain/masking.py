"""Which tokens of a row are masked, and what replaces them.

Google's rule (create_pretraining_data.py): `max(1, round(n * share))` tokens of a row of n tokens are masked, [CLS] and
[SEP] counted but never masked. Google's limit of 20 is left out: it gave every row an array of the same size, which a
head on the masked tokens alone does not need. At 128 tokens and 15% it has no effect.

Whole words: words are drawn until the count is reached; a word that no longer fits is skipped. Spans (Joshi et al.
2020, section 3.1): runs of whole words with geometric lengths (p = 0.2, at most 10 words, 3.8 on average; here the mean
is an option and p follows from it). A span ends where it no longer fits or meets another span.

Of the drawn tokens 80% become [MASK], 10% a random token of the vocabulary, and 10% stay (Devlin et al. 2019, section
3.1). This is drawn for each token, also within a word, as in Google's code; in spans once for the whole span, as in the
paper. Special tokens are never drawn. That includes [UNK], which Google's code does mask: it can not be learnt.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

MASKED, RANDOM = 0.8, 0.1
LONGEST = 10
"""Most words of a span."""
SPECIAL = -1
"""Word id of a special token."""


@dataclass(frozen=True)
class Masking:
    """How rows are masked.

    Args:
        mask_id: number of the mask token.
        vocabulary: its size; random tokens are drawn from all of it.
        share: of a row's tokens that is masked; special tokens are counted too.
        whole_words: mask all tokens of a word, or none.
        span_length: mean words of a span, above 1 and below 5.5; None: no spans.
    """

    mask_id: int
    vocabulary: int
    share: float = 0.15
    whole_words: bool = False
    span_length: float | None = None

    def __call__(
        self, tokens: np.ndarray, word_ids: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask a row.

        Args:
            tokens: `(token,)`, special ones included.
            word_ids: `(token,)`: number of the word that each token belongs to, rising; `SPECIAL` for special tokens.

        Returns:
            a copy of the tokens with masks, and the positions to predict `(place,)`, rising.
        """
        most = max(1, round(len(tokens) * self.share))
        if self.span_length:
            places, groups = draw_spans(word_ids, most, chances(self.span_length), rng)
        elif self.whole_words:
            places = draw_words(word_ids, most, rng)
            groups = np.arange(len(places))
        else:
            places = draw_tokens(word_ids, most, rng)
            groups = np.arange(len(places))
        return self._fill(tokens, places, groups, rng), places

    def _fill(self, tokens: np.ndarray, places: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A copy of the tokens with 80% of the groups masked and 10% replaced by random tokens.

        Args:
            groups: the group of each place, `(place,)`; its places are masked, replaced or kept together.
        """
        filled = tokens.copy()
        drawn = rng.random(len(places))[groups]
        filled[places[drawn < MASKED]] = self.mask_id
        others = places[(drawn >= MASKED) & (drawn < MASKED + RANDOM)]
        filled[others] = rng.integers(self.vocabulary, size=len(others))
        return filled


def draw_tokens(word_ids: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Positions `(place,)` of at most `most` tokens, rising."""
    return np.sort(rng.permutation(np.flatnonzero(word_ids != SPECIAL))[:most])


def draw_words(word_ids: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Positions `(place,)` of whole words, at most `most` tokens, or the shortest word if none is short enough."""
    begins, sizes = _words(word_ids)
    taken: list[int] = []
    left = most
    for word in rng.permutation(len(begins)):
        if sizes[word] <= left:
            taken.append(word)
            left -= sizes[word]
        if not left:
            break
    if not taken and len(begins):
        taken = [int(sizes.argmin())]
    return _places([(begins[word], begins[word] + sizes[word]) for word in sorted(taken)])


def draw_spans(
    word_ids: np.ndarray, most: int, chances: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Positions `(place,)` of spans of whole words, at most `most` tokens, and the number of each position's span."""
    begins, sizes = _words(word_ids)
    ends = begins + sizes
    free = np.ones(len(begins), dtype=bool)
    spans: list[tuple[int, int]] = []
    left = most
    for first in rng.permutation(len(begins)):  # the start of a span may be any word; a masked one is skipped
        if not left:
            break
        length = 1 + int(np.searchsorted(chances, rng.random(), side="right"))
        after = first
        for word in range(first, min(first + length, len(begins))):
            follows = word == first or begins[word] == ends[word - 1]  # False if a [SEP] stands between them
            if not (follows and free[word] and sizes[word] <= left):
                break
            free[word] = False
            left -= sizes[word]
            after = word + 1
        if after > first:
            spans.append((begins[first], ends[after - 1]))
    if not spans and len(begins):
        shortest = int(sizes.argmin())
        spans = [(begins[shortest], begins[shortest] + sizes[shortest])]
    spans.sort()
    return _places(spans), np.repeat(np.arange(len(spans)), [end - start for start, end in spans])


@functools.cache
def chances(mean: float) -> np.ndarray:
    """`(LONGEST - 1,)`: probability that a span has at most 1, 2, ... words: a geometric distribution with this mean.

    Longer spans are left out and the probabilities normalised, as in SpanBERT's code: p = 0.2 has the mean 3.8.
    """
    low, high = 1e-6, 1.0
    for _ in range(60):  # the mean falls as p rises
        p = (low + high) / 2
        probabilities = p * (1 - p) ** np.arange(LONGEST)
        probabilities = probabilities / probabilities.sum()
        low, high = (p, high) if probabilities @ np.arange(1, LONGEST + 1) > mean else (low, p)
    return probabilities.cumsum()[:-1]


def _words(word_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The position of each word's first token, and its number of tokens."""
    changes = np.flatnonzero(np.diff(word_ids, prepend=SPECIAL - 1))
    sizes = np.diff(changes, append=len(word_ids))
    real = word_ids[changes] != SPECIAL
    return changes[real], sizes[real]


def _places(spans: list[tuple[int, int]]) -> np.ndarray:
    return np.concatenate([np.arange(start, end) for start, end in spans] or [np.empty(0, dtype=np.int64)])
