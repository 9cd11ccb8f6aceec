"""Texts and pairs of texts -> examples, shared by tasks with one answer per row.

A text longer than the limit is cut, reduced to its head and tail, or split into windows whose scores are pooled; all
this is counted and reported. In a pair the longer text is cut first; with windows, each has the first text.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from bertkit.data.tokenizer.ids import token_ids
from bertkit.data.windows import Span, head_and_tail, pair_lengths, windows
from bertkit.engine.examples import Counts, Examples
from bertkit.errors import DataError, RecipeError
from bertkit.tasks.targets import Target, of_labels
from bertkit.tasks.task import Answer, Encoded, Head, Outputs, Rows, Task, TaskOptions

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase


class TextOptions(TaskOptions):
    only_with: ClassVar[dict[str, tuple[str, Any]]] = dict.fromkeys(
        ("window_overlap", "window_pooling"), ("long_text", "windows")
    )
    max_length: int | None = Field(default=None, ge=4)
    """Most tokens of a text (or pair), [CLS] and [SEP] included. Default: all that the model can take."""
    long_text: Literal["cut", "windows", "head_tail"] = "cut"
    """A text longer than the limit loses its end, is split into windows, or keeps its head and tail."""
    window_overlap: int = Field(default=32, ge=0)
    """Tokens that neighbouring windows share."""
    window_pooling: Literal["mean", "max"] = "mean"
    """How the scores of a text's windows are combined."""


class TextTask(Task):
    """Base of tasks whose examples need nothing but padding (`pad`) to become a batch."""

    def collator(self, tokenizer: PreTrainedTokenizerBase) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
        return functools.partial(pad, tokenizer=tokenizer)

    def messages(self, counts: Counts) -> tuple[list[str], list[str]]:
        return messages(counts)

    def targets(self, answer: Answer, outputs: Outputs, examples: Examples) -> list[Target] | None:
        return of_labels(outputs, examples, self.state.get("labels"), self.options)


class TextHead(Head):
    """Base of heads whose loss is a mean over examples, and whose logits are all that `decode` needs."""

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.tensor([float(len(batch["labels"]))])

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"logits": outputs.logits.float()}  # (batch, label)


def column(rows: Rows, name: str) -> list[Any] | None:
    """One column of a Dataset or of a list of dicts; None if the rows do not have it.

    Raises:
        DataError: some rows have it and others do not.
    """
    dataset: Any = rows
    if hasattr(rows, "column_names"):
        return dataset[name][:] if name in dataset.column_names else None
    missing = [row for row, values in enumerate(rows) if name not in values]
    if len(missing) == len(rows):
        return None
    if missing:
        raise DataError.at(f"row {missing[0] + 1}", f"{name} is missing", "all rows must have it, or none")
    return [row[name] for row in rows]


def encode(
    rows: Rows,
    tokenizer: PreTrainedTokenizerBase,
    limit: int,
    options: TextOptions,
    columns: tuple[str, str] = ("text", "text_pair"),
) -> Encoded:
    """Rows with one text or two -> examples with `input_ids`, `token_type_ids` `(token,)` and `row`.

    Args:
        columns: of the first text, and of the second one if the rows have it.

    Raises:
        RecipeError: windows that would not be longer than their overlap.
    """
    limit = min(limit, options.max_length or limit)
    first = token_ids(tokenizer, column(rows, columns[0]) or [])
    pairs = column(rows, columns[1])
    second = token_ids(tokenizer, pairs) if pairs else None
    room = limit - tokenizer.num_special_tokens_to_add(pair=second is not None)
    check_overlap(room, options)

    frame = Frame(tokenizer, pair=second is not None)
    examples, counts = [], _Counts(limit, options.long_text)
    for row, a in enumerate(first):
        b = second[row] if second else NOTHING
        plans = list(_plans(len(a), len(b), room, options))
        for spans_a, spans_b in plans:
            examples.append({"row": row, **frame.around(_keep(a, spans_a), _keep(b, spans_b))})
        counts.add(len(a) + len(b), _lost(len(a), len(b), room, plans, options), len(plans))
    found = counts.found()
    return Encoded(examples, *messages(found), found, lost=counts.each)


NOTHING = np.empty(0, dtype=np.int32)


def check_overlap(room: int, options: TextOptions) -> None:
    """Raise a RecipeError for windows that would not be longer than their overlap.

    Args:
        room: tokens of text in a window.
    """
    if options.long_text == "windows" and room <= options.window_overlap:
        what = f"{options.window_overlap}: a window holds only {room} tokens of text"
        raise RecipeError.at("options.window_overlap", what, "lower it, or raise options.max_length")


class Cutter:
    """Cuts single texts, or splits them into windows, as the options say, and counts what is lost.

    Args:
        limit: most tokens of an example, for messages.
        room: most tokens of a text in an example.
    """

    def __init__(self, limit: int, room: int, options: TextOptions):
        check_overlap(room, options)
        self._room, self._options = room, options
        self._counts = _Counts(limit, options.long_text)

    def __call__(self, tokens: np.ndarray, *, before: np.ndarray = NOTHING) -> list[np.ndarray]:
        """The tokens `(token,)` of each example of a text; each begins with `before`."""
        room = self._room - len(before)
        plans = list(_plans(len(tokens), 0, room, self._options))
        self._counts.add(len(tokens), _lost(len(tokens), 0, room, plans, self._options), len(plans))
        kept = [_keep(tokens, spans) for spans, _ in plans]
        return [np.concatenate([before, one]) for one in kept] if len(before) else kept

    def found(self) -> Counts:
        """As `Encoded.counts`."""
        return self._counts.found()


def _plans(n: int, m: int, room: int, options: TextOptions) -> Iterator[tuple[list[Span], list[Span]]]:
    """The spans of the first and of the second text in each example of a row.

    Args:
        n, m: tokens of the first and of the second text.
        room: most tokens of both in one example.
    """
    if n + m <= room:
        yield [(0, n)], [(0, m)]
    elif options.long_text == "windows":
        if m == 0:
            yield from (([span], []) for span in windows(n, room, options.window_overlap))
            return
        kept = min(n, max(room // 2, room - m))
        if m > room - kept:  # the second text's windows must be longer than their overlap
            kept = min(kept, room - options.window_overlap - 1)
        yield from (([(0, kept)], [span]) for span in windows(m, room - kept, options.window_overlap))
    else:
        part = head_and_tail if options.long_text == "head_tail" else lambda length, size: [(0, min(length, size))]
        size_a, size_b = pair_lengths(n, m, room)
        yield part(n, size_a), part(m, size_b)


def _lost(n: int, m: int, room: int, plans: list[Any], options: TextOptions) -> int:
    """Tokens of a row that are in no example."""
    if options.long_text != "windows":
        return max(0, n + m - room)
    return n - plans[0][0][0][1] if m else 0  # with windows only the first text of a pair is cut


def _keep(tokens: np.ndarray, spans: list[Span]) -> np.ndarray:
    """The tokens in these spans: one span, or a head and a tail."""
    parts = [tokens[start:end] for start, end in spans]
    return parts[0] if len(parts) == 1 else np.concatenate([NOTHING, *parts])


class Frame:
    """The special tokens that a tokenizer puts around a text or a pair, found by encoding texts of one token."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, pair: bool):
        backend = tokenizer.backend_tokenizer
        example = backend.encode("a", add_special_tokens=False)
        example.truncate(1)
        framed = backend.post_process(example, example if pair else None, True)
        texts = [place for place, special in enumerate(framed.special_tokens_mask) if not special]
        edges = [-1, *texts, len(framed.ids)]
        between = [slice(left + 1, right) for left, right in itertools.pairwise(edges)]
        ids, types = np.array(framed.ids, dtype=np.int32), np.array(framed.type_ids, dtype=np.int32)
        self.sizes = [part.stop - part.start for part in between]
        """Special tokens before, between and after the texts."""
        self._special = [(ids[part], types[part]) for part in between]
        self._types = types[texts]
        self._typed = "token_type_ids" in tokenizer.model_input_names

    @property
    def front(self) -> int:
        """Special tokens before the first text."""
        return len(self._special[0][0])

    def around(self, *texts: np.ndarray) -> dict[str, np.ndarray]:
        """`input_ids` and, where the model takes them, `token_type_ids` `(token,)` of a text or a pair."""
        ids, types = [self._special[0][0]], [self._special[0][1]]
        for tokens, kind, special in zip(texts, self._types, self._special[1:], strict=False):
            ids += [tokens, special[0]]
            types += [np.full(len(tokens), kind, dtype=np.int32), special[1]]
        example = {"input_ids": np.concatenate(ids)}
        return example | ({"token_type_ids": np.concatenate(types)} if self._typed else {})


class _Counts:
    """What was cut or split, to be reported."""

    def __init__(self, limit: int, how: str):
        self.limit, self.how = limit, how
        self.texts = self.long = self.windows = self.tokens = self.lost = 0
        self.each: list[int] = []
        """Tokens lost of each text."""

    def add(self, tokens: int, lost: int, windows: int) -> None:
        self.texts += 1
        self.tokens += tokens
        self.long += lost > 0 or windows > 1
        self.windows += windows if windows > 1 else 0
        self.lost += lost
        self.each.append(lost)

    def found(self) -> Counts:
        """As `Encoded.counts`."""
        numbers = {name: getattr(self, name) for name in ("texts", "long", "windows", "tokens", "lost")}
        return {"limit": str(self.limit), "how": self.how, **numbers}


def messages(counts: Counts) -> tuple[list[str], list[str]]:
    """Notes and warnings of the counts of `encode`."""
    if not counts.get("long"):
        return [], []
    long, texts, how = counts["long"], counts["texts"], counts["how"]
    kept = {"cut": "cut", "head_tail": "head and tail kept", "windows": f"split into {counts['windows']} windows"}[how]
    head = f"{long} of {texts} texts ({long / texts:.1%}) have more than {counts['limit']} tokens: {kept}"
    note = f"{head}, {counts['lost'] / counts['tokens']:.1%} of all tokens lost"
    if long / texts > 0.5 and how != "windows":
        return [], [f"{note}; raise options.max_length, or set options.long_text: windows"]
    return [note], []


def pad(examples: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase, **others: int) -> dict[str, np.ndarray]:
    """Examples -> `(batch, token)` arrays padded to the longest, with `attention_mask` and any `labels`.

    Args:
        others: name -> filler, for further values per token.
    """
    lengths = np.array([len(example["input_ids"]) for example in examples])
    shape = (len(examples), int(lengths.max()))
    mask = np.arange(shape[1]) < lengths[:, None]  # (batch, token)
    batch = {"attention_mask": mask.astype(np.int64)}
    fillers = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id, **others}
    for name, filler in fillers.items():
        if name in examples[0]:
            padded = np.full(shape, filler, dtype=np.int64)
            padded[mask] = np.concatenate([example[name] for example in examples])
            batch[name] = padded
    if "labels" in examples[0] and "labels" not in others:
        batch["labels"] = np.stack([example["labels"] for example in examples])
    return batch


def pool(scores: list[np.ndarray], encoded: Encoded, count: int, how: str) -> np.ndarray:
    """Scores of examples -> `(row, score)`: the mean or the maximum over the windows of a row."""
    stacked = np.stack(scores).astype(np.float64)  # (example, score)
    owner = np.array([example["row"] for example in encoded.examples])
    pooled = np.full((count, stacked.shape[1]), -np.inf if how == "max" else 0.0)
    if how == "max":
        np.maximum.at(pooled, owner, stacked)
        return pooled
    np.add.at(pooled, owner, stacked)
    return pooled / np.bincount(owner, minlength=count)[:, None]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities `(..., label)` of scores; scipy's sums in scipy's order, without its import."""
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)
