"""The `options:` and the state of `squad`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, model_validator

from bertkit.tasks.task import TaskOptions


class SquadOptions(TaskOptions):
    max_length: int | None = Field(default=None, ge=8)
    """Most tokens of question and window, [CLS] and [SEP] included. Default: 384, or all that the model can take."""
    overlap: int | None = Field(default=None, ge=0)
    """Tokens of the context that neighbouring windows share. Default: a third of max_length, 128 of 384."""
    step: int | None = Field(default=None, ge=1)
    """Tokens from the start of one window to the start of the next, instead of `overlap`: `doc_stride` of Google's
    `run_squad.py`."""
    max_question: int = Field(default=64, ge=1)
    """A longer question loses its end. It never takes more than half of a window."""
    n_best: int = Field(default=20, ge=1)
    """Number of starts and of ends tried in each window, and of texts kept for each question."""
    max_answer: int = Field(default=30, ge=1)
    """Most tokens of an answer."""
    no_answer: Literal["auto", True, False] = "auto"
    """Whether questions may have no answer. Default: yes if a training row has none."""
    threshold: float | None = None
    """Predict "no answer" if it scores more than this above the best text. Default: tuned on the validation rows."""
    calibrate: bool = True
    """Calibrate the confidence on the validation rows (tasks/squad/calibration.py)."""

    @model_validator(mode="after")
    def _check(self) -> SquadOptions:
        if self.overlap is not None and self.step is not None:
            raise ValueError("overlap and step both set how far apart windows begin: use one of them")
        if self.threshold is not None and self.no_answer is False:
            raise ValueError("threshold is for questions without an answer: leave it out with no_answer: false")
        return self


class SquadState(BaseModel):
    """What the task learns from rows."""

    no_answer: bool = False
    threshold: float = 0.0
    temperature: float = Field(default=1.0, gt=0)
