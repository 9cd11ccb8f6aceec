"""Contexts, questions and choices -> examples, each with the pairs of one row; and examples -> a batch."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.engine.examples import Counts
from bertkit.tasks import text_sets
from bertkit.tasks.task import Encoded
from bertkit.tasks.texts import Frame

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BLOCK = 1000
"""Rows tokenized at a time: the tokenizer's result holds offsets and masks too, which take memory."""


def encode(
    contexts: Sequence[str], questions: Sequence[str], choices: Sequence[Sequence[str]],
    tokenizer: PreTrainedTokenizerBase, limit: int,
) -> Encoded:  # fmt: skip
    """One example per row: its pairs `[CLS] context [SEP] question choice [SEP]`, one after the other.

    An example has `input_ids` and `token_type_ids` `(token,)`, `sizes` `(choice,)`: the tokens of each pair, and `row`.
    """
    frame = Frame(tokenizer, pair=True)
    room = limit - sum(frame.sizes)
    examples: list[dict[str, Any]] = []
    cuts = _Cuts(limit, room)
    encode_batch = tokenizer.backend_tokenizer.encode_batch
    for start in range(0, len(contexts), BLOCK):
        block = list(zip(questions[start : start + BLOCK], choices[start : start + BLOCK], strict=True))
        firsts = encode_batch(list(contexts[start : start + BLOCK]), add_special_tokens=False)
        joined = [
            f"{question} {choice}" if question.strip() else choice for question, texts in block for choice in texts
        ]
        seconds = iter(encode_batch(joined, add_special_tokens=False))
        for row, (first, (question, texts)) in enumerate(zip(firsts, block, strict=True), start):
            pairs = cuts.row(first, list(itertools.islice(seconds, len(texts))), question)
            framed = [frame.around(*pair) for pair in pairs]
            examples.append({"row": row, **text_sets.joined(framed)})
    found = cuts.found()
    return Encoded(examples, *messages(found), found, lost=cuts.each)


@dataclass
class _Cuts:
    """Cuts pairs to `room` tokens, and counts what is lost."""

    limit: int
    room: int
    rows: int = 0
    long: int = 0
    questions: int = 0
    choices: int = 0
    tokens: int = 0
    lost: int = 0
    each: list[int] = field(default_factory=list)
    """Tokens lost of each row."""

    def row(self, first: Any, seconds: list[Any], question: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """The pairs of a row, as tokens `(token,)`.

        First the context loses its end; then the question its beginning, so that the words before the choice stay; then
        the choice its end.
        """
        context = np.array(first.ids, dtype=np.int32)
        pairs, before, lost_question, lost_choice = [], self.lost, False, False
        for second in seconds:
            tokens = np.array(second.ids, dtype=np.int32)
            self.tokens += len(context) + len(tokens)
            over = max(0, len(tokens) - self.room)
            if over:
                length = sum(end <= len(question) for _, end in second.offsets) if question.strip() else 0
                from_question = min(over, length)
                lost_question |= from_question > 0
                lost_choice |= over > from_question
                tokens = tokens[from_question : from_question + self.room]
            kept = min(len(context), self.room - len(tokens))
            self.lost += over + len(context) - kept
            pairs.append((context[:kept], tokens))
        self.rows += 1
        self.long += self.lost > before
        self.each.append(self.lost - before)
        self.questions += lost_question
        self.choices += lost_choice
        return pairs

    def found(self) -> Counts:
        """As `Encoded.counts`."""
        names = ("rows", "long", "questions", "choices", "tokens", "lost")
        return {"limit": str(self.limit), **{name: getattr(self, name) for name in names}}


def messages(counts: Counts) -> tuple[list[str], list[str]]:
    """Notes and warnings of the counts of `encode`."""
    if not counts.get("long"):
        return [], []
    share = counts["long"] / counts["rows"]
    what = f"{counts['long']} of {counts['rows']} rows ({share:.1%}) have pairs of more than {counts['limit']} tokens: "
    what += f"contexts cut, {counts['lost'] / counts['tokens']:.1%} of all tokens lost"
    what += f"; the question cut too in {counts['questions']}" if counts["questions"] else ""
    what += f"; choices cut too in {counts['choices']}" if counts["choices"] else ""
    if share <= 0.5 and not counts["choices"]:
        return [what], []
    return [], [f"{what}; raise options.max_length as far as the model can"]


def collate(examples: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> dict[str, np.ndarray]:
    """Examples -> a batch of all their pairs (text_sets.py), with `labels` `(row,)` if the examples have them."""
    batch = text_sets.collate(examples, tokenizer)
    if "labels" in examples[0]:
        batch["labels"] = np.array([example["labels"] for example in examples], dtype=np.int64)
    return batch
