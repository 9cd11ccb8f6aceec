"""Which tokens of a row are masked, and what stands in their places.

Google's rule (create_pretraining_data.py): `max(1, round(n * share))` places of a row of n tokens, [CLS] and [SEP]
counted but never masked. Google's cap of 20 is left out: it was there to give every row an array of one size, which a
head on the masked places alone does not need; at 128 tokens and 15% it never bites.

Whole words: words are drawn until the count is full; one that no longer fits is passed over. Spans (Joshi et al. 2020,
section 3.1): runs of whole words, their length geometric with p = 0.2 and clipped at 10, which makes 3.8 on average;
here the mean is given and p follows. A span that no longer fits, or meets another, ends there.

Of what is drawn 80% becomes [MASK], 10% a word of the whole vocabulary and 10% stays (Devlin et al. 2019, section 3.1):
each token by itself, also within a word, as Google's code has it; in spans all tokens of a span alike, as the paper has
it. Special tokens are never drawn: [UNK] neither, which Google's code does mask, as there is nothing to learn from it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

MASKED, RANDOM = 0.8, 0.1
LONGEST = 10
"""Words of a span, at most."""
SPECIAL = -1
"""Word id of a special token."""


@dataclass(frozen=True)
class Masking:
    """How rows are masked.

    Args:
        mask_id: number of the mask token.
        vocabulary: its size; random tokens are drawn from all of it.
        share: of all tokens of a row, special ones included.
        whole_words: whether words are masked whole.
        span_length: mean words of a span, above 1 and below 5.5; None masks no spans.
    """

    mask_id: int
    vocabulary: int
    share: float = 0.15
    whole_words: bool = False
    span_length: float | None = None

    def __call__(
        self, tokens: np.ndarray, word_ids: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A row masked anew.

        Args:
            tokens: `(token,)`, special ones included.
            word_ids: `(token,)`: number of the word that each token belongs to, rising; `SPECIAL` for special tokens.

        Returns:
            the tokens with masks in them, a copy, and the places to predict `(place,)`, rising.
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
        """The tokens with 80% of the groups masked and 10% replaced; `groups` `(place,)` draw alike."""
        filled = tokens.copy()
        drawn = rng.random(len(places))[groups]
        filled[places[drawn < MASKED]] = self.mask_id
        others = places[(drawn >= MASKED) & (drawn < MASKED + RANDOM)]
        filled[others] = rng.integers(self.vocabulary, size=len(others))
        return filled


def draw_tokens(word_ids: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """So many places `(place,)`, rising."""
    return np.sort(rng.permutation(np.flatnonzero(word_ids != SPECIAL))[:most])


def draw_words(word_ids: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Places `(place,)` of whole words, at most so many; where every word is longer, the shortest."""
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
    """Places `(place,)` of spans of whole words, at most so many, and the number of each place's span."""
    begins, sizes = _words(word_ids)
    ends = begins + sizes
    free = np.ones(len(begins), dtype=bool)
    spans: list[tuple[int, int]] = []
    left = most
    for first in rng.permutation(len(begins)):  # a start is drawn among all words; one that is taken is passed over
        if not left:
            break
        length = 1 + int(np.searchsorted(chances, rng.random(), side="right"))
        after = first
        for word in range(first, min(first + length, len(begins))):
            follows = word == first or begins[word] == ends[word - 1]  # there may be a [SEP] between them
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
    """`(LONGEST - 1,)`: chance that a span has at most 1, 2, ... words; geometric, clipped, of this mean.

    The chance of a clipped length is shared out among the others, as SpanBERT's code does: p = 0.2 has the mean 3.8.
    """
    low, high = 1e-6, 1.0
    for _ in range(60):  # the mean falls as p rises
        p = (low + high) / 2
        shares = p * (1 - p) ** np.arange(LONGEST)
        shares = shares / shares.sum()
        low, high = (p, high) if shares @ np.arange(1, LONGEST + 1) > mean else (low, p)
    return shares.cumsum()[:-1]


def _words(word_ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each word begins, and how many tokens it has."""
    changes = np.flatnonzero(np.diff(word_ids, prepend=SPECIAL - 1))
    sizes = np.diff(changes, append=len(word_ids))
    real = word_ids[changes] != SPECIAL
    return changes[real], sizes[real]


def _places(spans: list[tuple[int, int]]) -> np.ndarray:
    return np.concatenate([np.arange(start, end) for start, end in spans] or [np.empty(0, dtype=np.int64)])
