"""What a tokenizer loses of texts: unknown tokens, characters split into bytes, upper case.

Counted in a sample, so that it costs nothing on millions of rows. Each threshold lies between what was measured on
texts that fit their model and on texts that do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from bertkit.files import vocabulary

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SAMPLE = 1000
"""Most rows or examples that are looked at, evenly spaced. Of 1,000 tweets, a share of 2% of the tokens is known to
about a tenth of itself."""
UNKNOWN = 0.02
"""Highest share of unknown tokens without a warning. With English BERT's vocabulary: 0% to 0.8% of reviews, questions
and tweets with emojis (CLINC150, GoEmotions, WNUT-17, SQuADShifts), 57% to 64% of Chinese (CMRC 2018, Weibo)."""
BYTES = 0.1
"""Highest share of tokens that are only a part of a character. Nothing is lost by them, but a character of an unknown
script takes two to four, so 10% is about the same share of characters as `UNKNOWN`."""


@dataclass(frozen=True)
class Coverage:
    """Counts over a sample of texts."""

    texts: int
    """Texts (rows, or examples) in the sample."""
    all_texts: int
    tokens: int
    """Without special tokens."""
    unknown: int
    partial: int
    """Tokens that are only a part of a character."""
    cased: int = 0
    """Texts whose upper case the tokenizer removes."""
    cased_vocabulary: bool = False
    """Whether the vocabulary could tell upper from lower case; known where there are `cased` texts."""

    def warnings(self) -> list[str]:
        """What is above the thresholds, with the remedy."""
        found, size = [], self.tokens or 1
        if self.unknown / size > UNKNOWN:
            what = f"{self.unknown / size:.1%} of the tokens are unknown to the tokenizer ({self._sample})"
            found.append(f"{what}: choose a model for this language, or add its words with bertkit tokenizer extend")
        if self.partial / size > BYTES:
            what = f"{self.partial / size:.1%} of the tokens are only a part of a character ({self._sample})"
            found.append(f"{what}: the tokenizer does not know this script; choose a model for this language")
        if self.cased and self.cased_vocabulary:
            what = f"{self.cased / self.texts:.1%} of the texts lose their upper case ({self._sample})"
            todo = 'to keep it, write {"do_lower_case": false} to tokenizer_config.json beside vocab.txt'
            found.append(f"{what}, though the vocabulary has capital letters: {todo}")
        return found

    def lines(self) -> list[str]:
        """The counts that are not 0, then the warnings."""
        counts = {
            "unknown tokens": (self.unknown, self.tokens),
            "tokens that are only a part of a character": (self.partial, self.tokens),
            "texts whose upper case the tokenizer removes": (self.cased, self.texts),
        }
        shown = [
            f"{name}: {count:,} of {of:,} ({count / of:.1%}, {self._sample})"
            for name, (count, of) in counts.items()
            if count
        ]
        return shown + [f"warning: {warning}" for warning in self.warnings()]

    @property
    def _sample(self) -> str:
        return f"in {self.texts:,} of {self.all_texts:,} texts" if self.texts < self.all_texts else "in all texts"


def sample(count: int) -> list[int]:
    """Numbers of at most `SAMPLE` of `count` texts, evenly spaced."""
    if count <= SAMPLE:
        return list(range(count))
    return sorted({int(place) for place in np.linspace(0, count - 1, SAMPLE)})


def of_tokens(
    ids: Sequence[Any], all_texts: int, tokenizer: PreTrainedTokenizerBase, texts: Iterable[str] = ()
) -> Coverage:
    """Count the tokens of a sample of texts.

    Args:
        ids: token ids of each, `(token,)`; special tokens are not counted.
        all_texts: number of texts that the sample was drawn from.
        texts: of rows, to see whether they lose their upper case.
    """
    counts = np.bincount(np.concatenate([np.zeros(0, np.int64), *map(np.asarray, ids)]).astype(np.int64))
    unknown = tokenizer.unk_token_id
    special = [number for number in tokenizer.all_special_ids if number < len(counts) and number != unknown]
    counts[special] = 0
    present = np.flatnonzero(counts)
    lossy = int(counts[unknown]) if unknown is not None and unknown < len(counts) else 0
    decode = tokenizer.backend_tokenizer.decode
    partial = sum(int(counts[number]) for number in present if "\ufffd" in decode([int(number)]))
    cased = sum(text != text.lower() for text in texts) if lower_cases(tokenizer) else 0
    capitals = cased > 0 and is_cased(tokenizer)
    return Coverage(len(ids), all_texts, int(counts.sum()), lossy, partial, cased, capitals)


def lower_cases(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a tokenizer makes upper case lower."""
    normalizer = tokenizer.backend_tokenizer.normalizer
    return normalizer is not None and "A" not in normalizer.normalize_str("A")


_cased: WeakKeyDictionary[Any, tuple[int, bool]] = WeakKeyDictionary()
"""Tokenizer -> its size and `is_cased`, which goes through the whole vocabulary: 20 ms for BERT's, where a text is
answered in 8 ms."""


def is_cased(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a tokenizer's vocabulary has words with capital letters."""
    size, known = _cased.get(tokenizer, (-1, False))
    if size != len(tokenizer):
        known = _is_cased(tokenizer)
        _cased[tokenizer] = (len(tokenizer), known)
    return known


def _is_cased(tokenizer: PreTrainedTokenizerBase) -> bool:
    special = set(tokenizer.all_special_tokens)
    words = [token for token in tokenizer.get_vocab() if token not in special and not token.startswith("[unused")]
    return vocabulary.is_cased(words)
