"""The columns that a task needs: each has a name and a kind, which says what values it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "label", "labels", "number", "words", "tags", "spans", "answers", "choices", "choice", "texts"]


@dataclass(frozen=True)
class Column:
    """A canonical column of a task.

    `answer` marks what the model predicts: rows that are only predicted need not have it. The kinds hold:

    | kind | holds |
    |---|---|
    | `text` | a text |
    | `label` | one label name |
    | `labels` | a list of label names; it may be empty |
    | `number` | a finite float |
    | `words` | a list of texts, at least one, none of them blank |
    | `tags` | a list of label names, one per word of the `words` before it |
    | `spans` | a list of `{"start", "end", "label"}` of the `text` before it, by start; the end is exclusive |
    | `answers` | a list of `{"text", "start"}`, each at its place in the `text` before it; empty: no answer |
    | `choices` | a list of texts, at least two, none of them blank |
    | `texts` | a list of texts, at least one, none of them blank |
    | `choice` | the number, from 0, of the right one of the `choices` before it |

    Starts and ends are in characters. The start of an answer without a place is None: it can only be scored.
    """

    name: str
    kind: Kind
    required: bool = True
    answer: bool = False
