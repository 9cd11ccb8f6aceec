"""A question and its context -> windows: `[CLS] question [SEP] part of the context [SEP]`, with character offsets.

Windows are those of google-research/bert's `run_squad.py`, except for the step: neighbours share a fixed number of
tokens, or with `step` begin as far apart as its `doc_stride`. A token in several windows counts in the one where it has
its maximum context (data/windows.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.data.windows import maximum_context, windows
from bertkit.engine.examples import Counts
from bertkit.errors import RecipeError
from bertkit.tasks import texts
from bertkit.tasks.squad.options import SquadOptions
from bertkit.tasks.task import Encoded, Rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

UNKNOWN = -100
"""Label of a window of a question whose answers have no place in its context: it has no loss (torch's `ignore_index`).
Rows to train on have a place."""
LENGTH = 384
"""Most tokens of a window where `max_length` is not set (`run_squad.py`)."""


def encode(
    rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int, options: SquadOptions, *, answers: bool
) -> Encoded:
    """Rows with `question` and `context` -> examples, one per window:

    - `input_ids`, `token_type_ids` `(token,)`;
    - `first`: position of the first token of the context;
    - `offsets` `(context token, 2)`: first character of the context and the one after the last, of each token;
    - `own` `(context token,)`: whether the token has its maximum context in this window;
    - with `answers`, `labels` `(2,)`: positions of the first and the last token of the first answer that has a place;
      both are 0 if it is not in the window, and `UNKNOWN` if the question has answers, but none with a place.
    """
    limit = min(limit, options.max_length or LENGTH)
    most = min(options.max_question, limit // 2)
    questions, contexts = texts.column(rows, "question") or [], texts.column(rows, "context") or []
    question_ids = [ids for ids, _ in _tokens(tokenizer, questions)]
    tokens = _tokens(tokenizer, contexts)
    golds = texts.column(rows, "answers") if answers else None
    frame = texts.Frame(tokenizer, pair=True)
    examples: list[dict[str, Any]] = []
    cut = several = lost = 0
    cut_tokens: list[int] = []
    for row, (question, (ids, offsets)) in enumerate(zip(question_ids, tokens, strict=True)):
        cut += len(question) > most
        cut_tokens.append(max(0, len(question) - most))
        question = question[:most]
        room = limit - sum(frame.sizes) - len(question)
        spans = windows(len(ids), room, shared(options, limit, room))
        several += len(spans) > 1
        answers_here = golds[row] if golds else []
        placed = next((answer for answer in answers_here if answer["start"] is not None), None)
        place = _place(placed, offsets) if placed else None
        outside = UNKNOWN if answers_here and not placed else 0
        first = sum(frame.sizes[:2]) + len(question)
        in_window = False
        best = maximum_context(spans, np.ones(len(ids), dtype=np.int64))  # (context token,)
        for number, (start, end) in enumerate(spans):
            example = {"row": row, **frame.around(question, ids[start:end]), "first": first}
            example |= {"offsets": offsets[start:end], "own": best[start:end] == number}
            if golds:
                inside = place is not None and start <= place[0] and place[1] < end
                in_window = in_window or inside
                labels = [first + p - start for p in place] if inside and place else [outside] * 2
                example["labels"] = np.array(labels, dtype=np.int64)
            examples.append(example)
        lost += placed is not None and not in_window
    found: Counts = {
        "rows": len(questions),
        "windows": len(examples),
        "cut": cut,
        "several": several,
        "lost": int(lost),
    }
    found |= {"lost": int(lost), "limit": str(limit), "most": str(most)}
    return Encoded(examples, *messages(found), found, lost=cut_tokens)


def messages(counts: Counts) -> tuple[list[str], list[str]]:
    """Notes and warnings of the counts of `encode`."""
    notes, warnings, rows = [], [], counts.get("rows")
    if several := counts.get("several"):
        what = f"{several} of {rows} contexts have more than {counts['limit']} tokens with their question"
        notes.append(f"{what}: {counts['windows']} windows")
    if cut := counts.get("cut"):
        warnings.append(f"{cut} of {rows} questions have more than {counts['most']} tokens: cut")
    if lost := counts.get("lost"):
        warnings.append(f"{lost} of {rows} questions have their answer in no window: trained as without an answer")
    return notes, warnings


def shared(options: SquadOptions, limit: int, room: int) -> int:
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
    """Token ids `(token,)` and character offsets `(token, 2)` of each text; equal texts are tokenized once."""
    distinct = list(dict.fromkeys(values))
    known = {}
    for start in range(0, len(distinct), 1000):
        part = distinct[start : start + 1000]
        for text, tokens in zip(
            part, tokenizer.backend_tokenizer.encode_batch(part, add_special_tokens=False), strict=True
        ):
            offsets = np.array(tokens.offsets, dtype=np.int32).reshape(-1, 2)
            known[text] = (np.array(tokens.ids, dtype=np.int32), offsets)
    return [known[text] for text in values]


def _place(answer: dict[str, Any], offsets: np.ndarray) -> tuple[int, int] | None:
    """First and last token of an answer; None if it touches no token."""
    begin, end = answer["start"], answer["start"] + len(answer["text"])
    first = int(np.searchsorted(offsets[:, 1], begin, "right"))
    last = int(np.searchsorted(offsets[:, 0], end, "left")) - 1
    return (first, last) if first <= last else None
