"""A question and its context -> windows: `[CLS] question [SEP] part of the context [SEP]`, with character offsets.

As google-research/bert's `run_squad.py` cuts them, but for the step: neighbours share a fixed number of tokens, or with
`step` begin as far apart as its `doc_stride` says. A token that stands in several windows counts in the one where it
has most context on its narrower side (*maximum context*).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from bertkit.data.windows import maximum_context, windows
from bertkit.errors import RecipeError
from bertkit.tasks import texts
from bertkit.tasks.task import Encoded, Rows, TaskOptions

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LENGTH = 384
"""Most tokens of a window where `max_length` is not set (`run_squad.py`)."""


class WindowOptions(TaskOptions):
    max_length: int | None = Field(default=None, ge=8)
    """Most tokens of question and window, [CLS] and [SEP] included. Default: 384, or all that the model can take."""
    overlap: int | None = Field(default=None, ge=0)
    """Tokens of the context that neighbouring windows share. Default: a third of max_length, 128 of 384."""
    step: int | None = Field(default=None, ge=1)
    """Tokens from the start of a window to that of the next, in place of `overlap`: `doc_stride` of `run_squad.py`."""
    max_question: int = Field(default=64, ge=1)
    """A longer question loses its end. It never takes more than half of a window."""


def encode(
    rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, options: WindowOptions, *, answers: bool
) -> Encoded:
    """Rows with `question` and `context` -> items, one a window:

    - `input_ids`, `token_type_ids` `(token,)`;
    - `first`: place of the first token of the context;
    - `offsets` `(context token, 2)`: from which to which character of the context each reaches;
    - `own` `(context token,)`: whether it has its maximum context here;
    - with `answers`, `labels` `(2,)`: first and last place of the first answer, both 0 where it is not in the window.
    """
    limit = min(limit, options.max_length or LENGTH)
    most = min(options.max_question, limit // 2)
    questions, contexts = texts.column(rows, "question") or [], texts.column(rows, "context") or []
    asked = [ids for ids, _ in _tokens(tokenizer, questions)]
    tokens = _tokens(tokenizer, contexts)
    golds = texts.column(rows, "answers") if answers else None
    frame = texts.Frame(tokenizer, pair=True)
    items: list[dict[str, Any]] = []
    cut = several = lost = 0
    for row, (question, (ids, offsets)) in enumerate(zip(asked, tokens, strict=True)):
        cut += len(question) > most
        question = question[:most]
        room = limit - sum(frame.sizes) - len(question)
        spans = windows(len(ids), room, shared(options, limit, room))
        several += len(spans) > 1
        place = _place(golds[row], offsets) if golds else None
        first = sum(frame.sizes[:2]) + len(question)
        found = False
        best = maximum_context(spans, np.ones(len(ids), dtype=np.int64))  # (context token,)
        for number, (start, end) in enumerate(spans):
            item = {"row": row, **frame.around(question, ids[start:end]), "first": first}
            item |= {"offsets": offsets[start:end], "own": best[start:end] == number}
            if golds:
                inside = place is not None and start <= place[0] and place[1] < end
                found = found or inside
                labels = [first + p - start for p in place] if inside and place else [0, 0]
                item["labels"] = np.array(labels, dtype=np.int64)
            items.append(item)
        lost += bool(golds and golds[row]) and not found
    return Encoded(items, *_said(len(asked), len(items), limit, most, cut, several, lost))


def _said(rows: int, items: int, limit: int, most: int, cut: int, several: int, lost: int) -> tuple[list[str], ...]:
    notes, warnings = [], []
    if several:
        notes.append(f"{several} of {rows} contexts have more than {limit} tokens with their question: {items} windows")
    if cut:
        warnings.append(f"{cut} of {rows} questions have more than {most} tokens: cut")
    if lost:
        warnings.append(f"{lost} of {rows} questions have their answer in no window: learnt as without an answer")
    return notes, warnings


def shared(options: WindowOptions, limit: int, room: int) -> int:
    """Tokens that neighbouring windows share, where each holds `room` tokens of the context."""
    if options.step is not None:
        return max(0, room - options.step)
    if options.overlap is None:
        return min(limit // 3, room // 2)
    if options.overlap >= room:
        what = f"{options.overlap}: beside its question a window holds only {room} tokens of the context"
        raise RecipeError.at("options.overlap", what, "lower it, or raise options.max_length")
    return options.overlap


def _tokens(tokenizer: PreTrainedTokenizerBase, values: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Numbers of each text's tokens `(token,)` and their characters `(token, 2)`; a text that recurs is cut once."""
    once = list(dict.fromkeys(values))
    made = {}
    for start in range(0, len(once), 1000):
        part = once[start : start + 1000]
        for text, tokens in zip(
            part, tokenizer.backend_tokenizer.encode_batch(part, add_special_tokens=False), strict=True
        ):
            offsets = np.array(tokens.offsets, dtype=np.int32).reshape(-1, 2)
            made[text] = (np.array(tokens.ids, dtype=np.int32), offsets)
    return [made[text] for text in values]


def _place(answers: list[dict[str, Any]], offsets: np.ndarray) -> tuple[int, int] | None:
    """First and last token of the first answer; None where there is none, or it touches no token."""
    if not answers:
        return None
    begin, end = answers[0]["start"], answers[0]["start"] + len(answers[0]["text"])
    first = int(np.searchsorted(offsets[:, 1], begin, "right"))
    last = int(np.searchsorted(offsets[:, 0], end, "left")) - 1
    return (first, last) if first <= last else None
