"""Examples that hold several texts each, such as the choices of a row or a text and its positive -> batches.

A batch holds the texts of all its rows one after the other, so rows are not padded with empty texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.tasks.texts import pad

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PER_TOKEN = ("input_ids", "token_type_ids")


def joined(texts: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """One example of texts: `input_ids` (and `token_type_ids`) `(token,)` one after the other, and `sizes` `(text,)`:
    the tokens of each."""
    sizes = np.array([len(text["input_ids"]) for text in texts])
    if len(texts) == 1:
        return {"sizes": sizes, **texts[0]}
    return {"sizes": sizes, **{name: np.concatenate([text[name] for text in texts]) for name in texts[0]}}


def collate(examples: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> dict[str, np.ndarray]:
    """Examples of `joined` -> a batch of all their texts, from the longest to the shortest, padded by `texts.pad`.

    The batch also has `places` `(row, text)`: the number of each text in the batch, -1 after the last text of a row.
    """
    texts = [text for example in examples for text in _texts(example)]
    order = np.argsort([-len(text["input_ids"]) for text in texts], kind="stable")
    batch = pad([texts[i] for i in order], tokenizer)
    counts = np.array([len(example["sizes"]) for example in examples])
    places = np.full((len(examples), counts.max()), -1, dtype=np.int64)
    places[np.arange(counts.max()) < counts[:, None]] = np.argsort(order)
    batch["places"] = places
    return batch


def divided(example: dict[str, Any]) -> list[dict[str, Any]]:
    """Examples of one text each, from an example of several."""
    return [{"row": example["row"], **joined([text])} for text in _texts(example)]


def _texts(example: dict[str, Any]) -> list[dict[str, np.ndarray]]:
    """The texts of an example."""
    names = [name for name in PER_TOKEN if name in example]
    if len(example["sizes"]) == 1:
        return [{name: example[name] for name in names}]
    parts = zip(*(np.split(example[name], np.cumsum(example["sizes"])[:-1]) for name in names), strict=True)
    return [dict(zip(names, text, strict=True)) for text in parts]
