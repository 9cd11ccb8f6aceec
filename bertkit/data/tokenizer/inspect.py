"""How a tokenizer splits texts: the tokens of each word, and statistics over all words.

A word is one to the tokenizer's pre-tokenizer, without white space. Words of files are counted first, so that each
distinct word is tokenized once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertkit.data.tokenizer.word_counts import count_words
from bertkit.errors import DataError, Parameter

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHOWN = 10
"""Words in each list of examples."""


@dataclass
class TokenStatistics:
    """Words and tokens of texts; all but `different` count every occurrence."""

    words: int = 0
    different: int = 0
    characters: int = 0
    tokens: int = 0
    split: int = 0
    """Words of two or more tokens."""
    unknown: int = 0
    """Words with [UNK]: the vocabulary lacks at least a part of them."""
    longest: list[tuple[str, int]] = field(default_factory=list)
    """Words with the most tokens, and their number of tokens."""
    costly: list[tuple[str, int, int]] = field(default_factory=list)
    """Word, occurrences, tokens: the words that would save the most tokens if each were a single token."""
    with_unknown: list[tuple[str, int]] = field(default_factory=list)
    """The most frequent words with [UNK], and their occurrences."""

    def figures(self) -> dict[str, float]:
        """All figures, by their names in a report."""
        return {
            "words": self.words,
            "different_words": self.different,
            "tokens": self.tokens,
            "tokens_per_word": self.tokens / self.words,
            "characters_per_token": self.characters / max(self.tokens, 1),
            "share_of_words_cut": self.split / self.words,
            "share_of_words_unknown": self.unknown / self.words,
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {**self.figures(), "longest": self.longest, "costly": self.costly, "unknown": self.with_unknown}


def statistics(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> TokenStatistics:
    """The statistics of texts.

    Raises:
        DataError: there are no words in them.
    """
    return statistics_of(count_words(texts, tokenizer.backend_tokenizer), tokenizer)


def statistics_of(counts: Mapping[str, int], tokenizer: PreTrainedTokenizerBase) -> TokenStatistics:
    """The statistics of words that `count_words` counted.

    Raises:
        DataError: there are none.
    """
    tokens = tokenize_words(counts, tokenizer)
    blank = {word for word in counts if not shown(word, tokenizer)}  # white space that BPE or Unigram keeps
    stats = TokenStatistics(tokens=sum(counts[word] * len(tokens[word]) for word in blank))
    counts = {word: count for word, count in counts.items() if word not in blank}
    if not counts:
        raise DataError.at(Parameter("texts"), "hold no words", "are these the right files?")
    stats.different, with_unknown = len(counts), {}
    for word, count in counts.items():
        ids = tokens[word]
        stats.words += count
        stats.characters += count * len(shown(word, tokenizer))
        stats.tokens += count * len(ids)
        stats.split += count * (len(ids) > 1)
        if tokenizer.unk_token_id in ids:
            stats.unknown += count
            with_unknown[shown(word, tokenizer)] = count
    sizes = {word: len(tokens[word]) for word in counts}
    stats.longest = [(shown(w, tokenizer), sizes[w]) for w in sorted(sizes, key=lambda w: (-sizes[w], w))[:SHOWN]]
    costly = sorted((w for w in counts if sizes[w] > 1), key=lambda w: (-counts[w] * (sizes[w] - 1), w))[:SHOWN]
    stats.costly = [(shown(word, tokenizer), counts[word], sizes[word]) for word in costly]
    stats.with_unknown = sorted(with_unknown.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
    return stats


def tokenize_words(words: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """Word, normalized and pre-tokenized as by `count_words` -> numbers of its tokens."""
    model = tokenizer.backend_tokenizer.model
    return {word: [token.id for token in model.tokenize(word)] for word in words}


def shown(word: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """A word as people write it, without the byte and space marks of BPE and Unigram."""
    decoder = tokenizer.backend_tokenizer.decoder
    known = decoder is not None and type(decoder).__name__ in ("ByteLevel", "Metaspace", "Sequence")
    return str(decoder.decode([word])).strip() if known else word


@dataclass
class Tokenized:
    """One text: its words, each with its tokens and their numbers, and the text decoded from the numbers."""

    text: str
    words: list[tuple[list[str], list[int]]]
    decoded: str

    @property
    def tokens(self) -> int:
        return sum(len(ids) for _, ids in self.words)


def tokenize(text: str, tokenizer: PreTrainedTokenizerBase) -> Tokenized:
    """The tokens of one text, without special tokens around it."""
    encoded = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
    words: list[tuple[list[str], list[int]]] = []
    last: int | None = -1
    for token, number, word in zip(encoded.tokens, encoded.ids, encoded.word_ids, strict=True):
        if word != last or word is None:
            words.append(([], []))
        words[-1][0].append(token)
        words[-1][1].append(number)
        last = word
    decoded = tokenizer.decode(encoded.ids, clean_up_tokenization_spaces=False)
    return Tokenized(text, words, str(decoded))
