"""Corpus rows -> items of `pretrain`, framed by special tokens when they are asked for, and items -> masked batches."""

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
    import torch
    from transformers import PreTrainedTokenizerBase

FIXED = 20_181_011
"""What validation masks are drawn from, with the row's number: the day of BERT's paper."""


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
        self._made_by = tokenizer.backend_tokenizer.to_str()

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
        """`(item,)`: tokens of each; where some rows are pairs all are taken for such."""
        rows: Any = self._rows
        frame = self._frames[bool(len(rows) and rows[0]["second"])]
        known = rows.lengths if hasattr(rows, "lengths") else [len(row["tokens"]) for row in rows]
        return np.asarray(known, dtype=np.int64) + sum(frame.sizes)

    @property
    def identity(self) -> str:
        rows: Any = self._rows
        digest = hashlib.sha256(self._made_by.encode())
        if hasattr(rows, "identity"):
            digest.update(rows.identity.encode())
        else:
            for row in rows:
                digest.update(row["tokens"].tobytes() + bytes(str(row["second"]), "ascii"))
        return digest.hexdigest()


@dataclass(frozen=True)
class Collator:
    """Items -> a batch; masks are drawn here.

    Training items have `draw`, from which and their row's number their masks follow: others every pass, the same on any
    worker. Items without it are masked alike every time, and items to answer (without `word_ids`) as they came.

    The batch has `input_ids`, `attention_mask` and maybe `token_type_ids` `(batch, token)`, `places` `(place,)` in the
    flattened `(batch * token)`, and where the answers are known `labels` `(place,)` and with pairs `pair` `(batch,)`.
    """

    tokenizer: PreTrainedTokenizerBase
    masking: Masking
    fixed: Masking

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        import torch

        ids, places = zip(*map(self._masked, items), strict=True)
        padded = texts.pad([{**item, "input_ids": own} for item, own in zip(items, ids, strict=True)], self.tokenizer)
        width = padded["input_ids"].shape[1]
        flat = np.concatenate([row * width + own for row, own in enumerate(places)]).astype(np.int64)
        batch = {**padded, "places": torch.from_numpy(flat)}
        if "word_ids" not in items[0]:
            return batch
        right = np.concatenate([item["input_ids"][own] for item, own in zip(items, places, strict=True)])
        batch["labels"] = torch.from_numpy(right.astype(np.int64))
        if "pair" in items[0]:
            batch["pair"] = torch.tensor([item["pair"] for item in items])
        return batch

    def _masked(self, item: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """`(token,)` and the places to predict `(place,)`."""
        ids = item["input_ids"]
        if "word_ids" not in item:
            return ids, np.flatnonzero(ids == self.masking.mask_id)
        if "draw" in item:
            rng = np.random.default_rng([*item["draw"], item["row"]])
            return self.masking(ids, item["word_ids"], rng)
        return self.fixed(ids, item["word_ids"], np.random.default_rng([FIXED, item["row"]]))
