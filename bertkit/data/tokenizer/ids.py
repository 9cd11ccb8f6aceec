"""Texts -> the ids of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def token_ids(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[np.ndarray]:
    """Token ids of each text `(token,)`, without special tokens. Equal texts are tokenized once and share an array, as
    the query of many documents does."""
    distinct = list(dict.fromkeys(texts))
    encoded = tokenizer.backend_tokenizer.encode_batch(distinct, add_special_tokens=False)
    ids = [np.array(tokens.ids, dtype=np.int32) for tokens in encoded]
    if len(distinct) == len(texts):
        return ids
    of_text = dict(zip(distinct, ids, strict=True))
    return [of_text[text] for text in texts]
