"""Variants of an example, with words left out or masked, and what a model scores them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from bertkit.engine.batches import tensors
from bertkit.inference.predictor import Predictor
from bertkit.tasks.targets import Part
from bertkit.understand.explain.words import Reading, Text, of_own_tokens, readings, special_ids, words_of_tokens

if TYPE_CHECKING:
    from bertkit.engine.backends.torch import TorchBackend

TOKENS = 4096
"""Of a batch of variants."""
How = Literal["removal", "mask"]


@dataclass(frozen=True)
class Explained:
    """A part of a target, ready to be varied.

    Args:
        words: of the example, each with its text.
        of_token: number of each token's word, `(token,)`; -1 for others, which no variant changes.
        batch: the collated example alone: tensors `(1, ...)`.
    """

    predictor: Predictor
    part: Part
    words: list[Any]
    of_token: np.ndarray
    batch: dict[str, Tensor]

    @classmethod
    def of(
        cls, predictor: Predictor, part: Part, texts: Sequence[Text], known: Sequence[Reading] | None = None
    ) -> Explained:
        """Args: known: `readings` of the texts, where several parts share them."""
        ids = np.asarray(part.example["input_ids"])
        known = readings(texts, predictor.tokenizer) if known is None else known
        words, of_token = words_of_tokens(ids, texts, known, special_ids(predictor.tokenizer))
        if part.own is not None:
            words, of_token = of_own_tokens(words, of_token, part.own)
        device = _backend(predictor).device
        batch = {name: one.to(device) for name, one in tensors(predictor.collate([part.example])).items()}
        return cls(predictor, part, words, of_token, batch)

    @property
    def model(self) -> Any:
        return _backend(self.predictor).model

    @property
    def places(self) -> list[int]:
        """Token of each point; 0 for a point of the whole text."""
        return [point.place or 0 for point in self.part.points]

    def score(self, batch: dict[str, Tensor], places: Tensor) -> Tensor:
        """`(text,)`: the target's score of each text of a batch, with gradients where they are on.

        Args:
            places: see `Head.score`.
        """
        head = self.predictor.task.head
        return head.score(self.model(**head.inputs(batch)), batch, self.part, places)

    def repeated(self, count: int) -> tuple[dict[str, Tensor], Tensor]:
        """The example so many times as a batch, with the places of its points."""
        batch = {name: one.expand(count, *one.shape[1:]) for name, one in self.batch.items()}
        places = torch.tensor(self.places, device=self.batch["input_ids"].device).expand(count, -1)
        return batch, places

    @property
    def kept(self) -> set[int]:
        """Words that can not be removed: the score is read at their tokens."""
        read = {self.of_token[point.place] for point in self.part.points if point.place is not None}
        return {int(word) for word in read if word >= 0}

    def scores(self, without: Sequence[set[int]], how: How) -> np.ndarray:
        """`(variant,)`: the score of the example without some of its words.

        Args:
            without: numbers of words, of each variant.
            how: `removal` takes their tokens out, `mask` puts the tokenizer's mask in their place.
        """
        masks = np.array([[word in gone for word in self.of_token] for gone in without])  # (variant, token)
        found = np.empty(len(without))
        room = max(1, TOKENS // masks.shape[1])
        order = np.argsort(masks.sum(1), kind="stable")
        with torch.inference_mode():
            for start in range(0, len(order), room):
                numbers = order[start : start + room]
                batch = (self._without if how == "removal" else self._masked)(masks[numbers])
                found[numbers] = self.score(*batch).float().cpu().numpy()
        return found

    def _masked(self, masks: np.ndarray) -> tuple[dict[str, Tensor], Tensor]:
        batch, places = self.repeated(len(masks))
        gone = torch.from_numpy(masks).to(batch["input_ids"].device)
        return {**batch, "input_ids": batch["input_ids"].masked_fill(gone, mask_id(self.predictor))}, places

    def _without(self, masks: np.ndarray) -> tuple[dict[str, Tensor], Tensor]:
        tokenizer = self.predictor.tokenizer
        fillers = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
        batch, places = self.repeated(len(masks))
        rest = [torch.from_numpy(np.flatnonzero(~gone)).to(places.device) for gone in masks]
        size = masks.shape[1]
        for name, tensor in batch.items():
            if tensor.dim() >= 2 and tensor.shape[1] == size:
                rows = [row[own] for row, own in zip(tensor, rest, strict=True)]
                filler = fillers.get(name, 0)
                batch[name] = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=filler)
        before = np.cumsum(masks, axis=1)  # (variant, token): tokens that are gone, up to each
        moved = np.array(self.places, dtype=np.int64) - before[:, self.places]
        return batch, torch.from_numpy(moved.reshape(len(masks), -1)).to(places.device)


def _backend(predictor: Predictor) -> TorchBackend:
    backend: Any = predictor.backend
    return backend


def mask_id(predictor: Predictor) -> int:
    """The token that stands for a word that is masked: that of padding where the tokenizer has no mask."""
    tokenizer = predictor.tokenizer
    return int(tokenizer.pad_token_id if tokenizer.mask_token_id is None else tokenizer.mask_token_id)
