"""The `options:` of `pretrain`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from bertkit.data.corpus.options import CorpusOptions, DocumentOptions
from bertkit.tasks.task import TaskOptions

Objective = Literal["mlm", "mlm+nsp", "mlm+sop"]

PAIRS: dict[Objective, Literal["none", "nsp", "sop"]] = {"mlm": "none", "mlm+nsp": "nsp", "mlm+sop": "sop"}
"""Objective -> the pairs that its corpus must have; `mlm` takes any."""

LENGTH = 128
"""Most tokens of a row by default (Devlin et al. 2019, appendix A.2, for 90% of the steps)."""


class Phase(TaskOptions):
    """A part of the training with its own row length."""

    max_length: int = Field(ge=8)
    share: float = Field(gt=0, le=1)
    """Of all steps, or with `train.max_minutes` of the time."""


class PretrainOptions(DocumentOptions, TaskOptions):
    """Objective and masking, and how raw text becomes rows (`DocumentOptions`)."""

    objective: Objective = "mlm"
    """Masked words alone (Liu et al. 2019), with next sentences (Devlin et al. 2019), or with the order of two segments
    (Lan et al. 2020)."""
    max_length: int | None = Field(default=None, ge=8)
    """Most tokens of a row built from raw text, [CLS] and [SEP] included, and of the finished model's inputs. Default:
    rows of 128 (or the tokenizer's limit if that is lower), and a model with all its positions."""
    phases: list[Phase] = Field(default=[])
    """Row lengths one after another; Devlin et al. 2019 train with 128 tokens for 90% of the steps, then with 512."""
    mask_share: float = Field(default=0.15, gt=0, lt=1)
    """Share of a row's tokens that is masked in training. In validation it is always 15%."""
    whole_words: bool = False
    """Mask all tokens of a word, or none."""
    span_length: float | None = Field(default=None, gt=1, lt=5.5)
    """Mask runs of whole words; this is their mean length in words, 3.8 in SpanBERT (Joshi et al. 2020)."""
    fillings: int = Field(default=5, ge=1, le=100)
    """Predicted tokens for each mask in an answer; it has no effect on the training."""

    @model_validator(mode="after")
    def _check(self) -> PretrainOptions:
        if self.phases and abs(sum(phase.share for phase in self.phases) - 1) > 1e-6:
            raise ValueError(f"phases: their shares add up to {sum(phase.share for phase in self.phases):g}, not to 1")
        if self.phases and self.max_length:
            raise ValueError("max_length: each phase has its own; leave it out")
        self.of_texts(LENGTH, 0.0)
        return self

    def lengths(self, limit: int) -> list[int]:
        """Most tokens of a row built of raw text, by phase; `limit` is the model's or the tokenizer's."""
        return [phase.max_length for phase in self.phases] or [self.max_length or min(LENGTH, limit)]

    def of_texts(self, length: int, validation_ratio: float) -> CorpusOptions:
        """How raw text becomes a corpus. The recipe's seed is not used, so that trainings with other seeds share it."""
        cut = {name: getattr(self, name) for name in DocumentOptions.model_fields}
        pairs = PAIRS[self.objective]
        return CorpusOptions(**cut, pairs=pairs, max_length=length, validation_ratio=validation_ratio)
