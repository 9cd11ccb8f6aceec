"""What a task asks of its rows: named columns, each of a kind that says which values it may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "label", "labels", "number"]


@dataclass(frozen=True)
class Column:
    """A canonical column of a task.

    `text` holds a text, `label` one label name, `labels` a list of label names (it may be empty), `number` a finite
    float. `answer` marks what the model is to tell: rows that are only predicted need not have it.
    """

    name: str
    kind: Kind
    required: bool = True
    answer: bool = False
