"""Corpus rows -> examples of `pretrain`, which get their special tokens on access, and examples -> masked batches."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.data.lazy import LazySequence
from bertkit.tasks import texts
from bertkit.tasks.pretrain.masking import SPECIAL, Masking

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

FIXED = 20_181_011
"""Seed of the validation masks, with the row's number: the day of BERT's paper."""


class CorpusExamples(LazySequence):
    """Examples of corpus rows (`tokens`, `starts`, `second`, `label`: see data/corpus/shards.py), each made on access.

    An example has `input_ids`, maybe `token_type_ids`, `word_ids` `(token,)`, `row`, and with pairs their label `pair`.
    `word_ids` has the number of the word that each token belongs to, and SPECIAL for [CLS], [SEP] and other special
    tokens. A corpus stores the same as `starts`, one bit per token: whether it is the first of a word.
    """

    def __init__(self, rows: Sequence[dict[str, Any]], tokenizer: PreTrainedTokenizerBase, *, pairs: bool):
        self._rows, self._pairs = rows, pairs
        self._frames = [texts.Frame(tokenizer, pair=pair) for pair in (False, True)]
        self._special = np.array(tokenizer.all_special_ids)
        self.highest = len(tokenizer) - 1
        self._tokenizer = tokenizer.backend_tokenizer.to_str()

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, number: int) -> dict[str, Any]:
        row = self._rows[number]
        tokens, second = row["tokens"], int(row["second"])
        segments = [slice(0, second), slice(second, None)] if second else [slice(0, None)]
        frame = self._frames[len(segments) - 1]
        example: dict[str, Any] = {"row": number, **frame.around(*(tokens[part] for part in segments))}
        example["word_ids"] = self._word_ids(tokens, row["starts"], second, frame)
        return {**example, "pair": int(row["label"])} if self._pairs else example

    def _word_ids(self, tokens: np.ndarray, starts: np.ndarray, second: int, frame: texts.Frame) -> np.ndarray:
        begins = starts.copy()
        begins[[0, second]] = True  # a segment may begin within a word
        word_ids = np.cumsum(begins, dtype=np.int32)
        word_ids[np.isin(tokens, self._special)] = SPECIAL
        edges = [np.full(size, SPECIAL, dtype=np.int32) for size in frame.sizes]
        return np.concatenate([edges[0], word_ids[:second], edges[1], word_ids[second:], edges[2]] if second else
                              [edges[0], word_ids, edges[1]])  # fmt: skip

    @property
    def lengths(self) -> np.ndarray:
        """`(example,)`: tokens of each. If the first row is a pair, all rows are counted as pairs."""
        rows: Any = self._rows
        frame = self._frames[bool(len(rows) and rows[0]["second"])]
        known = rows.lengths if hasattr(rows, "lengths") else [len(row["tokens"]) for row in rows]
        return np.asarray(known, dtype=np.int64) + sum(frame.sizes)

    @property
    def identity(self) -> str:
        rows: Any = self._rows
        digest = hashlib.sha256(self._tokenizer.encode())
        if hasattr(rows, "identity"):
            digest.update(rows.identity.encode())
        else:
            for row in rows:
                digest.update(row["tokens"].tobytes() + bytes(str(row["second"]), "ascii"))
        return digest.hexdigest()


@dataclass(frozen=True)
class Collator:
    """Examples -> a batch with masks.

    Masks of training examples are drawn from `draw` and the row's number: new ones in every pass, the same on any
    worker. Examples without `draw` (validation) always get the same masks. Those without `word_ids` have masks already.

    The batch has `input_ids`, `attention_mask` and maybe `token_type_ids` `(batch, token)`, `places` `(place,)`: the
    masked tokens in the flattened `(batch * token)`; unless it is to predict, `labels` `(place,)` and with pairs `pair`
    `(batch,)`.
    """

    tokenizer: PreTrainedTokenizerBase
    masking: Masking
    fixed: Masking

    def __call__(self, examples: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
        ids, places = zip(*map(self._masked, examples), strict=True)
        padded = texts.pad(
            [{**example, "input_ids": own} for example, own in zip(examples, ids, strict=True)], self.tokenizer
        )
        width = padded["input_ids"].shape[1]
        flat = np.concatenate([row * width + own for row, own in enumerate(places)]).astype(np.int64)
        batch = {**padded, "places": flat}
        if "word_ids" not in examples[0]:
            return batch
        labels = np.concatenate([example["input_ids"][own] for example, own in zip(examples, places, strict=True)])
        batch["labels"] = labels.astype(np.int64)
        if "pair" in examples[0]:
            batch["pair"] = np.array([example["pair"] for example in examples], dtype=np.int64)
        return batch

    def _masked(self, example: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """`(token,)` and the places to predict `(place,)`."""
        ids = example["input_ids"]
        if "word_ids" not in example:
            return ids, np.flatnonzero(ids == self.masking.mask_id)
        if "draw" in example:
            rng = np.random.default_rng([*example["draw"], example["row"]])
            return self.masking(ids, example["word_ids"], rng)
        return self.fixed(ids, example["word_ids"], np.random.default_rng([FIXED, example["row"]]))
