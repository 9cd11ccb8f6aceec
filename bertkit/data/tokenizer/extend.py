"""New words for a model's WordPiece vocabulary: which, and the longer tokenizer.

The words become entries of the vocabulary itself, not `AddedToken`s, which would also be found inside other words.
WordPiece takes the longest token that a word begins with: so another word that begins with a new one (neural,
neuralgia) may be cut anew as well; these are counted. All other texts give the numbers that they gave before.
What the model needs for them: models/vocabulary.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertkit.data.read.lines import lines
from bertkit.data.read.sources import Source, shown
from bertkit.data.tokenizer.inspect import cut_words
from bertkit.data.tokenizer.train import LONGEST, save
from bertkit.errors import DataError, ModelError, Problem
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class Extended:
    """What new words did: to the vocabulary, and to the texts that were counted."""

    words: list[str]
    """The new ones, in the order of their numbers."""
    size: int
    """Words of the vocabulary now."""
    tokens_before: int
    tokens_after: int
    others: list[str]
    """Words of the texts that are cut anew though they are not new: they begin with a new one."""


def check_wordpiece(tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise a ModelError where the vocabulary is of another kind."""
    kind = type(tokenizer.backend_tokenizer.model).__name__
    if kind != "WordPiece":
        raise ModelError.at(
            "MODEL", f"its vocabulary is {kind}, and words can be added to WordPiece alone", "name a BERT"
        )


def choose(counts: Mapping[str, int], tokenizer: PreTrainedTokenizerBase, number: int, min_frequency: int) -> list[str]:
    """The words that save the most tokens: by count x (tokens - 1), ties by the word.

    Words without a letter, rarer than `min_frequency` or longer than WordPiece reads are none to choose from; nor are
    those that hold a character the model has never seen: nothing is known of their meaning.
    """
    tokens = cut_words(counts, tokenizer)
    fit = [
        word
        for word, count in counts.items()
        if count >= min_frequency and len(tokens[word]) > 1 and len(word) <= LONGEST and any(map(str.isalpha, word))
    ]
    return sorted(fit, key=lambda word: (-counts[word] * (len(tokens[word]) - 1), word))[:number]


def named_words(file: Path, tokenizer: PreTrainedTokenizerBase, block: DataBlock) -> list[str]:
    """The words of a file, one a line, as the tokenizer normalises them; those it has already are counted and said.

    Raises:
        DataError: the file can not be read, or a line is more than one word to the tokenizer; each with its line.
    """
    source = Source(shown(file), "text", file)
    backend, vocab = tokenizer.backend_tokenizer, tokenizer.get_vocab()
    found: dict[str, None] = {}
    problems, known = [], 0
    for number, line in enumerate(lines(source, block), 1):
        if not line.strip():
            continue
        normal = backend.normalizer.normalize_str(line) if backend.normalizer else line
        words = [word for word, _ in backend.pre_tokenizer.pre_tokenize_str(normal)]
        if len(words) != 1 or len(words[0]) > LONGEST:
            what = f"{line.strip()!r} is {len(words)} words to this tokenizer: {' | '.join(words)}"
            what = what if len(words) != 1 else f"a word of more than {LONGEST} characters"
            problems.append(Problem(source.line(number), what, "name single words"))
        elif words[0] in vocab or words[0] in found:
            known += 1
        else:
            found[words[0]] = None
    if problems:
        raise DataError(*problems[:10])
    if known:
        log.info("%s: %d words skipped: in the vocabulary already, or named twice", source.name, known)
    return list(found)


def tokens_of(words: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Numbers of the tokens that each word is cut into so far."""
    return list(cut_words(words, tokenizer).values())


def lengthen(tokenizer: PreTrainedTokenizerBase, words: Sequence[str], folder: Path) -> PreTrainedTokenizerBase:
    """Write the tokenizer with new words, numbered on from its last, and return it as transformers loads it.

    Args:
        words: normalised, each one word to the tokenizer's pre-tokenizer, none of them in its vocabulary.
    """
    from transformers import AutoTokenizer

    tokenizer.save_pretrained(folder)
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text("utf-8"))
    content["model"]["vocab"] |= {word: number for number, word in enumerate(words, len(tokenizer))}
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2), "utf-8")
    longer = AutoTokenizer.from_pretrained(folder)
    save(longer, folder)
    return longer


def compare(
    counts: Mapping[str, int], before: PreTrainedTokenizerBase, after: PreTrainedTokenizerBase, words: Sequence[str]
) -> Extended:
    """What the words of texts cost before and after."""
    old, new, added = cut_words(counts, before), cut_words(counts, after), set(words)
    others = sorted(word for word in counts if word not in added and old[word] != new[word])
    cost = [sum(count * len(cuts[word]) for word, count in counts.items()) for cuts in (old, new)]
    return Extended(list(words), len(after), cost[0], cost[1], others)
