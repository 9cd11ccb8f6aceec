"""BERT's tokenizer where `vocab.txt` shows that it is the right one, whatever the files beside it say.

Chinese models named RoBERTa are BERTs with a `vocab.txt`; where their config.json says so too, transformers makes a
RoBERTa tokenizer without a vocabulary. And a `vocab.txt` alone does not say whether texts keep their upper case, which
transformers then removes.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.files.vocabulary import is_cased
from bertkit.models.custom_code import cached, content_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("bertkit")

VOCABULARY = "vocab.txt"
SPECIAL = re.compile(r"\[.*\]|<.*>")
LOWER = "do_lower_case"


def words_of(place: dict[str, Any]) -> list[str]:
    """The lines of a model's vocab.txt, one token each; empty if it has none, or one that is not BERT's."""
    file = cached(place, VOCABULARY)
    words = Path(file).read_text("utf-8", errors="replace").splitlines() if file else []
    return words if {"[CLS]", "[SEP]"} <= {*words} else []  # fairseq's lists have <s>, and a count on each line


def by_vocabulary(place: dict[str, Any], found: PreTrainedTokenizerBase | None) -> PreTrainedTokenizerBase | None:
    """The tokenizer that vocab.txt asks for.

    Args:
        place: arguments of `from_pretrained`.
        found: the tokenizer that transformers found, if any. It is returned where nothing speaks against it.
    """
    import transformers

    wordpiece = found is not None and type(found.backend_tokenizer.model).__name__ == "WordPiece"
    stated = LOWER in content_of(place, "tokenizer_config.json") or cached(place, "tokenizer.json") is not None
    if (wordpiece and stated) or not (words := words_of(place)):
        return found
    cased = is_cased([word for word in words if not SPECIAL.fullmatch(word)])
    if wordpiece and not cased:
        return found
    kind: Any = type(found) if wordpiece else transformers.BertTokenizer
    tokenizer = kind.from_pretrained(**place, **({} if stated else {LOWER: not cased}))
    if not wordpiece:
        log.info("vocab.txt is that of a BERT: its tokenizer is used")
    if cased and not stated:
        log.info("vocab.txt has words with capital letters: texts keep theirs")
    return tokenizer
