"""A task whose collator draws, whose loss has two parts (one often without weight) and whose examples are lazy."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from bertkit.engine.examples import highest_of, identity_of, lengths_of
from bertkit.tasks.classify.head import ClassifyHead
from bertkit.tasks.classify.task import Classify, ClassifyOptions
from bertkit.tasks.task import Encoded


class Lazy(Sequence[dict[str, Any]]):
    """Examples that count how often one of so many was looked at: `Lazy.touched`."""

    touched: ClassVar[Counter[int]] = Counter()

    def __init__(self, examples: Sequence[dict[str, Any]]):
        self._examples = examples
        self.lengths, self.highest, self.identity = lengths_of(examples), highest_of(examples), identity_of(examples)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, number: Any) -> Any:
        Lazy.touched[len(self)] += 1
        return self._examples[number]


class DrawingOptions(ClassifyOptions):
    phases: list[list[float]] = Field(default_factory=list)
    share: float = 0.3
    """Of the rows that are drawn."""


class DrawingHead(ClassifyHead):
    parts = ("right", "drawn")
    targets = ("labels", "drawn")

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.stack([torch.tensor(float(len(batch["drawn"]))), batch["drawn"].sum().cpu()])

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        squares = (outputs.logits.float() ** 2).sum(1)  # (batch,)
        return torch.stack([super().losses(outputs, batch)[0], (squares * batch["drawn"]).sum()])


class Drawing(Classify):
    """Classification, and the squared logits of rows that are drawn."""

    Options = DrawingOptions
    Head = DrawingHead
    draws = True

    def encode(self, *args: Any, **kwargs: Any) -> Encoded:
        encoded = super().encode(*args, **kwargs)
        phases = [(int(rows), share) for rows, share in self.options.phases]
        return dataclasses.replace(encoded, examples=Lazy(encoded.examples), phases=phases)

    def collator(self, tokenizer: Any) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
        collate = super().collator(tokenizer)

        def draw(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
            batch = collate([{name: each[name] for name in each if name != "draw"} for each in examples])
            rngs = [np.random.default_rng([*each.get("draw", (0,)), each["row"]]) for each in examples]
            drawn = torch.tensor([float(rng.random() < self.options.share) for rng in rngs])
            return {**batch, "drawn": drawn}  # arrays and a tensor: a collator may make either

        return draw
