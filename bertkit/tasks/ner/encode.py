"""Words -> tokens -> model inputs, each word in exactly one of them.

A sentence beyond the limit is read in windows that end between words; a word is trained and predicted in the window
that gives it the most context (as google-research/bert's run_squad.py chooses for answers). A word is cut into tokens
apart from its neighbours, so that each distinct one is cut once. What the model can not see is counted and said: words
that give no token (control characters), and what a word alone has beyond a window.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from bertkit.data.read.rows import some
from bertkit.errors import RecipeError
from bertkit.tasks.ner.sentences import Sentences
from bertkit.tasks.task import Encoded, TaskOptions
from bertkit.tasks.texts import NOTHING, Frame

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

OVERLAP = 32
IGNORED = -100
"""The label of a token that is not trained."""


class TaggingOptions(TaskOptions):
    renamed: ClassVar[dict[str, str]] = {"pieces": "subtoken_pooling"}
    max_length: int | None = Field(default=None, ge=4)
    """Most tokens of a sentence or window, [CLS] and [SEP] included. Default: all that the model can take."""
    window_overlap: int | None = Field(default=None, ge=0)
    """Most tokens that neighbouring windows share. Default: 32, or half of a window that holds fewer than 64."""
    subtoken_pooling: Literal["first", "all", "mean"] = "first"
    """What stands for a word: its first token; each of its tokens (its scores are their mean); the mean of them."""
    context: Literal["sentence", "document"] = "sentence"
    """What the model sees beside a sentence: nothing, or the sentences around it, as far as the limit allows."""


def encode(
    sentences: Sentences,
    tokenizer: PreTrainedTokenizerBase,
    limit: int,
    options: TaggingOptions,
    labels: Sequence[Sequence[int]] | None,
) -> Encoded:
    """Items with `input_ids`, `token_type_ids`, `first_tokens` `(token,)`, `words` `(own word,)` and `row`.

    `first_tokens` is, for each token of a word that this item answers for, the place of the word's first token, else -1
    (so for a lone space, as SentencePiece may put before a word); `words` `(own word,)` are these words' positions in
    the sentence. A sentence without any token has no item.

    Args:
        labels: a label number a word; `labels` `(token,)` are then added.

    Raises:
        RecipeError: windows that would not be longer than their overlap.
    """
    limit = min(limit, options.max_length or limit)
    frame = Frame(tokenizer, pair=False)
    room = limit - tokenizer.num_special_tokens_to_add()
    overlap, space = _overlap(options, room), _space(tokenizer)
    tokens = _tokens(sentences, tokenizer)
    counts = _Counts(limit, sentences)
    items = []
    for row, words in enumerate(tokens):
        cut = [word[:room] for word in words]
        lengths = np.array([len(word) for word in cut], dtype=np.int64)  # (word,)
        plans = _plans(lengths, room, overlap)
        counts.add(row, words, lengths, len(plans))
        sides = _sides(tokens, sentences, row, room - int(lengths.sum())) if options.context == "document" else None
        wanted = None if labels is None else np.asarray(labels[row], dtype=np.int64)  # (word,)
        for first, end, own in plans:
            before, after = sides if sides and len(plans) == 1 else (NOTHING, NOTHING)
            body = frame.around(np.concatenate([before, *cut[first:end], after]))
            first_tokens = _first_tokens(lengths, first, end, own, frame.front + len(before), len(body["input_ids"]))
            first_tokens = _past_spaces(first_tokens, body["input_ids"] == space)
            given = {} if wanted is None else {"labels": _labels(first_tokens, wanted[own], options.subtoken_pooling)}
            items.append(
                {"row": row, **body, "first_tokens": first_tokens, "words": np.array(own, dtype=np.int32), **given}
            )
    return Encoded(items, *counts.said())


def _tokens(sentences: Sentences, tokenizer: PreTrainedTokenizerBase) -> list[list[np.ndarray]]:
    """Numbers of the tokens `(token,)` of each word of each sentence."""
    forms = sentences.spaced() if _wants_spaces(tokenizer) else sentences.words
    distinct = list(dict.fromkeys(itertools.chain.from_iterable(forms)))
    encoded = tokenizer.backend_tokenizer.encode_batch(
        [[form] for form in distinct], is_pretokenized=True, add_special_tokens=False
    )
    known = {form: np.array(e.ids, dtype=np.int32) for form, e in zip(distinct, encoded, strict=True)}
    return [[known[form] for form in sentence] for sentence in forms]


def _wants_spaces(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether a word looks otherwise at the beginning of a text than after a space, as RoBERTa's byte-level BPE has it,
    and the tokenizer does not see to it itself."""
    return any(step["type"] == "ByteLevel" and not step["add_prefix_space"] for step in _steps(tokenizer))


def _space(tokenizer: PreTrainedTokenizerBase) -> int:
    """The token that holds a space alone, if the tokenizer may put one before a word, else -1."""
    signs = {"ByteLevel": "\u0120", "Metaspace": "\u2581"}
    found = [signs[step["type"]] for step in _steps(tokenizer) if step["type"] in signs]
    number = tokenizer.backend_tokenizer.token_to_id(found[0]) if found else None
    return -1 if number is None else number


def _steps(tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    """How the tokenizer parts a text before it looks for tokens, as its file says."""
    step = json.loads(tokenizer.backend_tokenizer.to_str())["pre_tokenizer"]
    return step.get("pretokenizers", [step]) if step else []


def _overlap(options: TaggingOptions, room: int) -> int:
    if options.window_overlap is None:
        return min(OVERLAP, room // 2)
    if room <= options.window_overlap:
        what = f"{options.window_overlap}: a window holds only {room} tokens of text"
        raise RecipeError.at("options.window_overlap", what, "lower it, or raise options.max_length")
    return options.window_overlap


def _plans(lengths: np.ndarray, room: int, overlap: int) -> list[tuple[int, int, list[int]]]:
    """First word, the one after the last, and the words of its own, of each window of a sentence."""
    seen = np.flatnonzero(lengths).tolist()
    if not seen:
        return []
    if lengths.sum() <= room:
        return [(0, len(lengths), seen)]
    spans = windows(lengths, room, overlap)
    ends = np.concatenate([[0], np.cumsum(lengths)])  # tokens before each word, and in all
    best: dict[int, tuple[float, int]] = {}
    for number, (first, end) in enumerate(spans):
        for word in range(first, end):
            context = min(ends[word] - ends[first], ends[end] - ends[word + 1])
            score = context + 0.01 * (ends[end] - ends[first])
            if word not in best or score > best[word][0]:
                best[word] = (score, number)
    own: list[list[int]] = [[] for _ in spans]
    for word in seen:
        own[best[word][1]].append(word)
    return [(*span, words) for span, words in zip(spans, own, strict=True) if words]


def windows(lengths: np.ndarray, room: int, overlap: int) -> list[tuple[int, int]]:
    """Words `first` to `end` of windows of at most `room` tokens; neighbours share at most `overlap` tokens.

    The last one alone begins further left where it has room. No word may be longer than `room`.
    """
    ends = np.concatenate([[0], np.cumsum(lengths)])
    spans: list[tuple[int, int]] = []
    first = 0
    while True:
        end = int(np.searchsorted(ends, ends[first] + room, side="right")) - 1
        if end >= len(lengths):
            first = int(np.searchsorted(ends, ends[-1] - room, side="left"))
            return [*spans, (first, len(lengths))]
        spans.append((first, end))
        shared = int(np.searchsorted(ends, ends[end] - overlap, side="left"))
        fits = int(np.searchsorted(ends, ends[end + 1] - room, side="left"))  # the next word must have a place
        first = max(shared, fits, first + 1)


def _sides(tokens: list[list[np.ndarray]], sentences: Sentences, row: int, free: int) -> tuple[np.ndarray, np.ndarray]:
    """Tokens of the sentences before and after one, of its document, as many as are free: half of them each side."""
    before, after = NOTHING, NOTHING
    if free <= 0:
        return before, after
    left = right = row
    while len(before) < free and left and sentences.adjoin(left - 1):
        left -= 1
        before = np.concatenate([NOTHING, *tokens[left], before])
    while len(after) < free and right + 1 < len(tokens) and sentences.adjoin(right):
        right += 1
        after = np.concatenate([after, *tokens[right]])
    half = min(len(before), max(free // 2, free - len(after)))
    return before[len(before) - half :], after[: free - half]


def _first_tokens(lengths: np.ndarray, first: int, end: int, own: list[int], front: int, size: int) -> np.ndarray:
    part = lengths[first:end]
    starts = np.cumsum(part) - part + front
    mine = np.isin(np.arange(first, end), own)
    first_tokens = np.full(size, -1, dtype=np.int32)
    first_tokens[front : front + int(part.sum())] = np.repeat(np.where(mine, starts, -1), part)
    return first_tokens


def _past_spaces(first_tokens: np.ndarray, spaces: np.ndarray) -> np.ndarray:
    """First tokens that stand at a space alone `(token,)` move to the next token of their word, where it has one."""
    goes_on = np.append(first_tokens[1:] == first_tokens[:-1], False)
    lone = is_first_token(first_tokens) & spaces & goes_on
    moved = first_tokens + lone[first_tokens]  # what is -1 stays so: the last token is never alone
    moved[lone] = -1
    return moved


def _labels(first_tokens: np.ndarray, labels: np.ndarray, which: str) -> np.ndarray:
    """`(token,)`: the label of each word `(own word,)` at its first token, or at all of them."""
    firsts = is_first_token(first_tokens)
    of = np.full(len(first_tokens), IGNORED, dtype=np.int64)
    of[firsts] = labels
    return np.where(first_tokens >= 0, of[first_tokens], IGNORED) if which == "all" else of


def is_first_token(first_tokens: np.ndarray) -> np.ndarray:
    """Which tokens `(token,)` are the first of a word that the item answers for."""
    return first_tokens == np.arange(len(first_tokens))


class _Counts:
    def __init__(self, limit: int, sentences: Sentences):
        self.limit, self.sentences = limit, sentences
        self.rows = self.long = self.windows = self.cut = self.unseen = 0
        self.places: list[str] = []
        self.cut_places: list[str] = []

    def add(self, row: int, words: list[np.ndarray], lengths: np.ndarray, windows: int) -> None:
        self.rows += 1
        if windows > 1:
            self.long += 1
            self.windows += windows
        for word in np.flatnonzero(lengths == 0).tolist():
            self.unseen += 1
            if len(self.places) < 3:
                self.places.append(self.sentences.place(row, word))
        if len(words) and max(map(len, words)) > lengths.max():
            for word in np.flatnonzero([len(w) for w in words] > lengths).tolist():
                self.cut += 1
                if len(self.cut_places) < 3:
                    self.cut_places.append(self.sentences.place(row, word))

    def said(self) -> tuple[list[str], list[str]]:
        """Notes and warnings."""
        notes, warnings = [], []
        if self.long:
            share = self.long / self.rows
            head = f"{self.long} of {self.rows} sentences ({share:.1%}) have more than {self.limit} tokens"
            notes.append(f"{head}: read in {self.windows} windows, each word predicted once")
        if self.cut:
            head = f"{self.cut} words are longer than a window, and lose their end"
            warnings.append(f"{head} ({some(self.cut_places, self.cut)})")
        if self.unseen:
            head = f"{self.unseen} words give the model nothing to read (control characters?), and are predicted O"
            warnings.append(f"{head} ({some(self.places, self.unseen)})")
        return notes, warnings
