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
    return {"sizes": sizes, **{name: np.concatenate([text[name] for text in texts]) for name in texts[0]}}


def collate(examples: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> dict[str, np.ndarray]:
    """Examples of `joined` -> a batch of all their texts, from the longest to the shortest, padded by `texts.pad`.

    The batch also has `places` `(row, text)`: the number of each text in the batch, -1 after the last text of a row.
    """
    ends = [np.cumsum(example["sizes"])[:-1] for example in examples]
    parts = {name: [np.split(example[name], end) for example, end in zip(examples, ends, strict=True)]
             for name in PER_TOKEN if name in examples[0]}  # fmt: skip
    texts = [
        dict(zip(parts, text, strict=True))
        for row in zip(*parts.values(), strict=True)
        for text in zip(*row, strict=True)
    ]
    order = np.argsort([-len(text["input_ids"]) for text in texts], kind="stable")
    batch = pad([texts[i] for i in order], tokenizer)
    counts = np.array([len(example["sizes"]) for example in examples])
    places = np.full((len(examples), counts.max()), -1, dtype=np.int64)
    places[np.arange(counts.max()) < counts[:, None]] = np.argsort(order)
    batch["places"] = places
    return batch
