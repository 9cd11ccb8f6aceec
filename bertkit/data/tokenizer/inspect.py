"""How a tokenizer cuts texts: the tokens of each word, and what words cost on the whole.

A word is what the tokenizer itself takes for one before it cuts (its pre-tokenizer), white space left aside. Files are
counted by different words, so that a word is cut once however often it occurs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertkit.data.tokenizer.word_counts import count_words
from bertkit.errors import DataError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHOWN = 10
"""Words in each list of examples."""


@dataclass
class Costs:
    """What the words of texts cost; all but `different` count every occurrence."""

    words: int = 0
    different: int = 0
    characters: int = 0
    tokens: int = 0
    cut: int = 0
    """Words of two tokens and more."""
    unknown: int = 0
    """Words of which the vocabulary lacks at least a part: [UNK]."""
    longest: list[tuple[str, int]] = field(default_factory=list)
    """Words with the most tokens, and how many these are."""
    costly: list[tuple[str, int, int]] = field(default_factory=list)
    """Word, occurrences, tokens: those that would save the most tokens if they were one."""
    lost: list[tuple[str, int]] = field(default_factory=list)
    """The most frequent words that hold [UNK], and how often they occur."""

    def figures(self) -> dict[str, float]:
        """All numbers, by their names in a report."""
        return {
            "words": self.words,
            "different_words": self.different,
            "tokens": self.tokens,
            "tokens_per_word": self.tokens / self.words,
            "characters_per_token": self.characters / max(self.tokens, 1),
            "share_of_words_cut": self.cut / self.words,
            "share_of_words_unknown": self.unknown / self.words,
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {**self.figures(), "longest": self.longest, "costly": self.costly, "unknown": self.lost}


def costs(texts: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> Costs:
    """Count what texts cost.

    Raises:
        DataError: there are no words in them.
    """
    return costs_of(count_words(texts, tokenizer.backend_tokenizer), tokenizer)


def costs_of(counts: Mapping[str, int], tokenizer: PreTrainedTokenizerBase) -> Costs:
    """What words cost that `count_words` counted.

    Raises:
        DataError: there are none.
    """
    tokens = cut_words(counts, tokenizer)
    blank = {word for word in counts if not shown(word, tokenizer)}  # space that BPE or Unigram keep
    found = Costs(tokens=sum(counts[word] * len(tokens[word]) for word in blank))
    counts = {word: count for word, count in counts.items() if word not in blank}
    if not counts:
        raise DataError.at("FILES", "hold no words", "are these the right files?")
    found.different, lost = len(counts), {}
    for word, count in counts.items():
        ids = tokens[word]
        found.words += count
        found.characters += count * len(shown(word, tokenizer))
        found.tokens += count * len(ids)
        found.cut += count * (len(ids) > 1)
        if tokenizer.unk_token_id in ids:
            found.unknown += count
            lost[shown(word, tokenizer)] = count
    sizes = {word: len(tokens[word]) for word in counts}
    found.longest = [(shown(w, tokenizer), sizes[w]) for w in sorted(sizes, key=lambda w: (-sizes[w], w))[:SHOWN]]
    dear = sorted((w for w in counts if sizes[w] > 1), key=lambda w: (-counts[w] * (sizes[w] - 1), w))[:SHOWN]
    found.costly = [(shown(word, tokenizer), counts[word], sizes[word]) for word in dear]
    found.lost = sorted(lost.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
    return found


def cut_words(words: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> dict[str, list[int]]:
    """Word, normalised and pre-tokenized as `count_words` gives it -> numbers of its tokens."""
    model = tokenizer.backend_tokenizer.model
    return {word: [token.id for token in model.tokenize(word)] for word in words}


def shown(word: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """A word as people write it: bytes of BPE and the space marks of BPE and Unigram taken back."""
    decoder = tokenizer.backend_tokenizer.decoder
    known = decoder is not None and type(decoder).__name__ in ("ByteLevel", "Metaspace", "Sequence")
    return str(decoder.decode([word])).strip() if known else word


@dataclass
class Cut:
    """One text: its words, each with its tokens and their numbers; and the text as it comes back from the numbers."""

    text: str
    words: list[tuple[list[str], list[int]]]
    back: str

    @property
    def tokens(self) -> int:
        return sum(len(ids) for _, ids in self.words)


def cut(text: str, tokenizer: PreTrainedTokenizerBase) -> Cut:
    """How one text is cut, without the special words around it."""
    encoded = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
    words: list[tuple[list[str], list[int]]] = []
    last: int | None = -1
    for token, number, word in zip(encoded.tokens, encoded.ids, encoded.word_ids, strict=True):
        if word != last or word is None:
            words.append(([], []))
        words[-1][0].append(token)
        words[-1][1].append(number)
        last = word
    back = tokenizer.decode(encoded.ids, clean_up_tokenization_spaces=False)
    return Cut(text, words, str(back))
