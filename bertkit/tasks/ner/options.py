"""The `options:` and the state of `ner`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field, model_validator

from bertkit.data.columns.schemes import Scheme, check_tag
from bertkit.tasks.task import TaskOptions
from bertkit.tasks.words import Overlaps


class NerOptions(TaskOptions):
    renamed: ClassVar[dict[str, str]] = {"pieces": "subtoken_pooling"}
    max_length: int | None = Field(default=None, ge=4)
    """Most tokens of a sentence or window, [CLS] and [SEP] included. Default: all that the model can take."""
    window_overlap: int | None = Field(default=None, ge=0)
    """Most tokens that neighbouring windows share. Default: 32, or half of a window that holds fewer than 64."""
    subtoken_pooling: Literal["first", "all", "mean"] = "first"
    """What represents a word: its first token, each of its tokens (their scores are averaged), or their mean."""
    context: Literal["sentence", "document"] = "sentence"
    """What the model sees: the sentence alone, or also the sentences around it, up to the limit."""
    scheme: Literal["auto", Scheme] = "auto"
    """The scheme of the tags. Default: found in the training rows, and logged."""
    overlaps: Overlaps = "longest"
    """Which of the entities of a text that share a word stays: the longest, or the first in the text; or an error."""
    repair: bool = False
    """Repair tags that are invalid in the scheme, in all splits, before they are learnt and scored."""
    constrained: bool = False
    """Predict only sequences of tags that are valid in the scheme."""
    calibrate: bool = True
    """Scale the scores on the validation rows, so that the confidence of an entity is the probability that it is right
    (tasks/ner/confidence.py)."""
    crf: bool = False
    """Learn which tag follows which, and train and predict whole sequences (Lafferty et al. 2001)."""

    @model_validator(mode="after")
    def _check(self) -> NerOptions:
        if self.crf and self.subtoken_pooling == "all":
            raise ValueError("crf needs one score per word: set subtoken_pooling to first or mean")
        return self


class NerState(BaseModel):
    """What the task learns from rows."""

    labels: list[str]
    """Tags, in the order of the outputs."""
    scheme: Scheme
    temperature: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _check(self) -> NerState:
        if "O" not in self.labels or len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: each tag once, and O among them")
        for tag in self.labels:
            if problem := check_tag(tag):
                raise ValueError(f"labels: {problem.reason}")
        return self
