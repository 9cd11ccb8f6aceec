"""Add words to a model's WordPiece vocabulary: choose them, and extend the tokenizer.

The words become entries of the vocabulary itself, not `AddedToken`s, which would also match inside other words.
WordPiece takes the longest token at the start of a word, so another word that starts with a new one (neural, neuralgia)
may be tokenized differently too; these are counted. All other texts give the same tokens as before. The model is
extended by models/vocabulary.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertkit.data.read.lines import valid_lines
from bertkit.data.read.sources import Source, shown
from bertkit.data.tokenizer.inspect import tokenize_words
from bertkit.data.tokenizer.train import LONGEST, save
from bertkit.errors import DataError, ModelError, Problem
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class Extended:
    """The effect of new words on the vocabulary and on the texts that were counted."""

    words: list[str]
    """The new words, in the order of their numbers."""
    size: int
    """Size of the extended vocabulary."""
    tokens_before: int
    tokens_after: int
    others: list[str]
    """Other words of the texts that are tokenized differently, as they start with a new one."""


def check_wordpiece(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise a ModelError if the vocabulary is not WordPiece."""
    kind = type(tokenizer.backend_tokenizer.model).__name__
    if kind != "WordPiece":
        what = f"its vocabulary is {kind}, and words can only be added to WordPiece"
        raise ModelError.at("model.tokenizer", what, "name a BERT")


def choose(counts: Mapping[str, int], tokenizer: PreTrainedTokenizerBase, number: int, min_frequency: int) -> list[str]:
    """The words that save the most tokens: by count x (tokens - 1), ties by the word.

    Not chosen are words without a letter, rarer than `min_frequency`, longer than WordPiece reads, or with a character
    that the vocabulary lacks: they become a single [UNK].
    """
    tokens = tokenize_words(counts, tokenizer)
    fit = [
        word
        for word, count in counts.items()
        if count >= min_frequency and len(tokens[word]) > 1 and len(word) <= LONGEST and any(map(str.isalpha, word))
    ]
    return sorted(fit, key=lambda word: (-counts[word] * (len(tokens[word]) - 1), word))[:number]


def named_words(file: Path, tokenizer: PreTrainedTokenizerBase, block: DataBlock) -> list[str]:
    """The words of a file, one per line, normalized by the tokenizer; words that it already has are skipped and logged.

    Raises:
        DataError: the file can not be read, or a line is not one word to the tokenizer; with the line.
    """
    source = Source(shown(file), "text", file)
    backend, vocab = tokenizer.backend_tokenizer, tokenizer.get_vocab()
    new: dict[str, None] = {}
    problems, known = [], 0
    for number, line in enumerate(valid_lines(source, block), 1):
        if not line.strip():
            continue
        normal = backend.normalizer.normalize_str(line) if backend.normalizer else line
        words = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
        if len(words) != 1 or len(words[0]) > LONGEST:
            what = f"{line.strip()!r} is {len(words)} words to this tokenizer: {' | '.join(words)}"
            what = what if len(words) != 1 else f"a word of more than {LONGEST} characters"
            problems.append(Problem(source.line(number), what, "name single words"))
        elif words[0] in vocab or words[0] in new:
            known += 1
        else:
            new[words[0]] = None
    if problems:
        raise DataError(*problems[:10])
    if known:
        log.info("%s: %d words skipped: in the vocabulary already, or named twice", source.name, known)
    return list(new)


def tokens_of(words: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Numbers of the tokens of each word in the tokenizer as it is."""
    return list(tokenize_words(words, tokenizer).values())


def extend(tokenizer: PreTrainedTokenizerBase, words: Sequence[str], folder: Path) -> PreTrainedTokenizerBase:
    """Write the tokenizer with new words, numbered after its last, and return it as transformers loads it.

    Args:
        words: normalized, each one word to the pre-tokenizer, none of them in the vocabulary.
    """
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(folder)
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text("utf-8"))
    content["model"]["vocab"] |= {word: number for number, word in enumerate(words, len(tokenizer))}
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2), "utf-8")
    extended = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    save(extended, folder)
    return extended


def compare(
    counts: Mapping[str, int], before: PreTrainedTokenizerBase, after: PreTrainedTokenizerBase, words: Sequence[str]
) -> Extended:
    """Tokens of the counted words with the tokenizer before and after."""
    old, new, added = tokenize_words(counts, before), tokenize_words(counts, after), set(words)
    others = sorted(word for word in counts if word not in added and old[word] != new[word])
    cost = [sum(count * len(tokens[word]) for word, count in counts.items()) for tokens in (old, new)]
    return Extended(list(words), len(after), cost[0], cost[1], others)
