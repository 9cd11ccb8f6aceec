"""A task whose collator draws, whose loss has two parts (one often without items) and whose items are lazy."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from bertkit.engine.examples import highest_of, identity_of, lengths_of
from bertkit.tasks.classify.task import Classify, ClassifyOptions
from bertkit.tasks.task import Encoded


class Lazy(Sequence[dict[str, Any]]):
    """Items that tell how often one of so many was looked at: `Lazy.touched`."""

    touched: ClassVar[Counter[int]] = Counter()

    def __init__(self, items: Sequence[dict[str, Any]]):
        self._items = items
        self.lengths, self.highest, self.identity = lengths_of(items), highest_of(items), identity_of(items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: Any) -> Any:
        Lazy.touched[len(self)] += 1
        return self._items[number]


class DrawingOptions(ClassifyOptions):
    phases: list[list[float]] = Field(default_factory=list)
    share: float = 0.3
    """Of the rows that are drawn."""


class Drawing(Classify):
    """Classification, and the squared logits of rows that are drawn."""

    Options = DrawingOptions
    draws = True
    parts = ("right", "drawn")

    def encode(self, *args: Any, **kwargs: Any) -> Encoded:
        encoded = super().encode(*args, **kwargs)
        phases = [(int(rows), share) for rows, share in self.options.phases]
        return dataclasses.replace(encoded, items=Lazy(encoded.examples), phases=phases)

    def collator(self, tokenizer: Any) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
        collate = super().collator(tokenizer)

        def draw(items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
            batch = collate([{name: item[name] for name in item if name != "draw"} for item in items])
            rngs = [np.random.default_rng([*item.get("draw", (0,)), item["row"]]) for item in items]
            drawn = torch.tensor([float(rng.random() < self.options.share) for rng in rngs])
            return {**batch, "drawn": drawn}

        return draw

    def inputs(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: tensor for name, tensor in batch.items() if name not in ("labels", "drawn")}

    def items(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.stack([torch.tensor(float(len(batch["drawn"]))), batch["drawn"].sum().cpu()])

    def losses(self, model: Any, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, Any]:
        sums, outputs = super().losses(model, batch)
        squares = (outputs.logits.float() ** 2).sum(1)  # (batch,)
        return torch.stack([sums[0], (squares * batch["drawn"]).sum()]), outputs
