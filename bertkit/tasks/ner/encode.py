"""Words -> tokens -> examples; each word belongs to exactly one example.

A sentence longer than the limit is split into windows between words. Each word is trained and predicted in the window
where it has the most context (data/windows.py, `maximum_context`). Words are tokenized one by one, each distinct word
once. What the model can not see is counted and reported: words without tokens (invisible characters), and the end of a
word that is longer than a window.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.data.read.rows import some
from bertkit.data.windows import Span, maximum_context
from bertkit.engine.examples import PLACES, Counts
from bertkit.errors import RecipeError
from bertkit.tasks.ner.options import NerOptions
from bertkit.tasks.ner.sentences import Sentences
from bertkit.tasks.task import Encoded
from bertkit.tasks.texts import NOTHING, Frame

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

OVERLAP = 32
"""Tokens that neighbouring windows share where `window_overlap` is not set."""
IGNORED = -100
"""The label of a token that is not trained."""


def encode(
    sentences: Sentences,
    tokenizer: PreTrainedTokenizerBase,
    limit: int,
    options: NerOptions,
    labels: Sequence[Sequence[int]] | None,
) -> Encoded:
    """Examples with `input_ids`, `token_type_ids`, `first_tokens` `(token,)`, `own_words` `(own word,)` and `row`.

    The own words of an example are those that it is trained on and predicts; `own_words` has their positions in the
    sentence. `first_tokens` has the position of the word's first token for each token of an own word, and -1 for other
    tokens (and for a lone space before a word, as SentencePiece may add). A sentence without tokens has no example.

    Args:
        labels: a label number per word; examples then have `labels` `(token,)`.

    Raises:
        RecipeError: windows that would not be longer than their overlap.
    """
    limit = min(limit, options.max_length or limit)
    frame = Frame(tokenizer, pair=False)
    room = limit - tokenizer.num_special_tokens_to_add()
    overlap, space = _overlap(options, room), _space(tokenizer)
    tokens = _tokens(sentences, tokenizer)
    counts = _Counts(limit, sentences)
    examples = []
    for row, words in enumerate(tokens):
        cut = [word[:room] for word in words]
        lengths = np.array([len(word) for word in cut], dtype=np.int64)  # (word,)
        plans = _plans(lengths, room, overlap)
        counts.add(row, words, lengths, len(plans))
        sides = _sides(tokens, sentences, row, room - int(lengths.sum())) if options.context == "document" else None
        word_labels = None if labels is None else np.asarray(labels[row], dtype=np.int64)  # (word,)
        for first, end, own in plans:
            before, after = sides if sides and len(plans) == 1 else (NOTHING, NOTHING)
            body = frame.around(np.concatenate([before, *cut[first:end], after]))
            first_tokens = _first_tokens(lengths, first, end, own, frame.front + len(before), len(body["input_ids"]))
            first_tokens = _past_spaces(first_tokens, body["input_ids"] == space)
            own_words = np.array(own, dtype=np.int32)
            example = {"row": row, **body, "first_tokens": first_tokens, "own_words": own_words}
            if word_labels is not None:
                example["labels"] = _labels(first_tokens, word_labels[own], options.subtoken_pooling)
            examples.append(example)
    found = counts.found()
    return Encoded(examples, *messages(found), found, lost=counts.each)


def _tokens(sentences: Sentences, tokenizer: PreTrainedTokenizerBase) -> list[list[np.ndarray]]:
    """Token ids `(token,)` of each word of each sentence."""
    forms = sentences.spaced() if _needs_spaces(tokenizer) else sentences.words
    distinct = list(dict.fromkeys(itertools.chain.from_iterable(forms)))
    encoded = tokenizer.backend_tokenizer.encode_batch(
        [[form] for form in distinct], is_pretokenized=True, add_special_tokens=False
    )
    ids = {form: np.array(e.ids, dtype=np.int32) for form, e in zip(distinct, encoded, strict=True)}
    return [[ids[form] for form in sentence] for sentence in forms]


def _needs_spaces(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether words need a space before them: a byte-level BPE, such as RoBERTa's, tokenizes a word after a space
    differently from one at the beginning of a text. False where the tokenizer adds the space itself."""
    return any(step["type"] == "ByteLevel" and not step["add_prefix_space"] for step in _steps(tokenizer))


def _space(tokenizer: PreTrainedTokenizerBase) -> int:
    """The id of the token of a lone space, if the tokenizer may put one before a word, else -1."""
    signs = {"ByteLevel": "\u0120", "Metaspace": "\u2581"}
    used = [signs[step["type"]] for step in _steps(tokenizer) if step["type"] in signs]
    token_id = tokenizer.backend_tokenizer.token_to_id(used[0]) if used else None
    return -1 if token_id is None else token_id


def _steps(tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    """The tokenizer's pre-tokenization steps, from its file."""
    step = json.loads(tokenizer.backend_tokenizer.to_str())["pre_tokenizer"]
    return step.get("pretokenizers", [step]) if step else []


def _overlap(options: NerOptions, room: int) -> int:
    if options.window_overlap is None:
        return min(OVERLAP, room // 2)
    if room <= options.window_overlap:
        what = f"{options.window_overlap}: a window holds only {room} tokens of text"
        raise RecipeError.at("options.window_overlap", what, "lower it, or raise options.max_length")
    return options.window_overlap


def _plans(lengths: np.ndarray, room: int, overlap: int) -> list[tuple[int, int, list[int]]]:
    """The windows of a sentence, each with its first word, the word after its last, and its own words."""
    seen = np.flatnonzero(lengths).tolist()
    if not seen:
        return []
    if lengths.sum() <= room:
        return [(0, len(lengths), seen)]
    spans = windows(lengths, room, overlap)
    best = maximum_context(spans, lengths).tolist()  # (word,)
    own: list[list[int]] = [[] for _ in spans]
    for word in seen:
        own[best[word]].append(word)
    return [(*span, words) for span, words in zip(spans, own, strict=True) if words]


def windows(lengths: np.ndarray, room: int, overlap: int) -> list[Span]:
    """Windows of at most `room` tokens, as `(first word, word after the last)`; neighbours share at most `overlap`
    tokens, but the last window is filled up from the left. No word may be longer than `room`.

    Args:
        lengths: tokens of each word, `(word,)`.
    """
    ends = np.concatenate([[0], np.cumsum(lengths)])
    spans: list[Span] = []
    first = 0
    while True:
        end = int(np.searchsorted(ends, ends[first] + room, side="right")) - 1
        if end >= len(lengths):
            first = int(np.searchsorted(ends, ends[-1] - room, side="left"))
            return [*spans, (first, len(lengths))]
        spans.append((first, end))
        shared = int(np.searchsorted(ends, ends[end] - overlap, side="left"))
        fits = int(np.searchsorted(ends, ends[end + 1] - room, side="left"))  # the next window must hold the next word
        first = max(shared, fits, first + 1)


def _sides(tokens: list[list[np.ndarray]], sentences: Sentences, row: int, free: int) -> tuple[np.ndarray, np.ndarray]:
    """Up to `free` tokens of the sentences before and after a sentence in its document, half of them on each side."""
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
    """`first_tokens` `(token,)` of an example of `size` tokens, of which `front` stand before the window's words."""
    part = lengths[first:end]
    starts = np.cumsum(part) - part + front
    is_own = np.isin(np.arange(first, end), own)
    first_tokens = np.full(size, -1, dtype=np.int32)
    first_tokens[front : front + int(part.sum())] = np.repeat(np.where(is_own, starts, -1), part)
    return first_tokens


def _past_spaces(first_tokens: np.ndarray, spaces: np.ndarray) -> np.ndarray:
    """`first_tokens` where a first token that is a lone space is replaced by the next token of its word, if any.

    Args:
        spaces: which tokens are lone spaces, `(token,)`.
    """
    goes_on = np.append(first_tokens[1:] == first_tokens[:-1], False)
    lone = is_first_token(first_tokens) & spaces & goes_on
    moved = first_tokens + lone[first_tokens]  # -1 stays -1: lone[-1] is False, as nothing follows the last token
    moved[lone] = -1
    return moved


def _labels(first_tokens: np.ndarray, labels: np.ndarray, which: str) -> np.ndarray:
    """`(token,)`: the label of each word `(own word,)` at its first token, or at all of them."""
    firsts = is_first_token(first_tokens)
    by_token = np.full(len(first_tokens), IGNORED, dtype=np.int64)
    by_token[firsts] = labels
    return np.where(first_tokens >= 0, by_token[first_tokens], IGNORED) if which == "all" else by_token


def is_first_token(first_tokens: np.ndarray) -> np.ndarray:
    """Which tokens `(token,)` are the first of one of the example's own words."""
    return first_tokens == np.arange(len(first_tokens))


class _Counts:
    """What was split or lost, to be reported."""

    def __init__(self, limit: int, sentences: Sentences):
        self.limit, self.sentences = limit, sentences
        self.rows = self.long = self.windows = self.cut = self.empty = 0
        self.empty_places: list[str] = []
        self.cut_places: list[str] = []
        self.each: list[int] = []
        """Tokens lost of each row."""

    def add(self, row: int, words: list[np.ndarray], lengths: np.ndarray, windows: int) -> None:
        self.rows += 1
        self.each.append(sum(map(len, words)) - int(lengths.sum()))
        if windows > 1:
            self.long += 1
            self.windows += windows
        for word in np.flatnonzero(lengths == 0).tolist():
            self.empty += 1
            if len(self.empty_places) < PLACES:
                self.empty_places.append(self.sentences.place(row, word))
        if len(words) and max(map(len, words)) > lengths.max():
            for word in np.flatnonzero([len(w) for w in words] > lengths).tolist():
                self.cut += 1
                if len(self.cut_places) < PLACES:
                    self.cut_places.append(self.sentences.place(row, word))

    def found(self) -> Counts:
        """As `Encoded.counts`."""
        names = ("rows", "long", "windows", "cut", "cut_places", "empty", "empty_places")
        return {"limit": str(self.limit), **{name: getattr(self, name) for name in names}}


def messages(counts: Counts) -> tuple[list[str], list[str]]:
    """Notes and warnings of the counts of `encode`."""
    notes: list[str] = []
    warnings: list[str] = []
    if counts.get("long"):
        share = counts["long"] / counts["rows"]
        head = f"{counts['long']} of {counts['rows']} sentences ({share:.1%}) have more than {counts['limit']} tokens"
        notes.append(f"{head}: split into {counts['windows']} windows, each word predicted once")
    if counts.get("cut"):
        head = f"{counts['cut']} words are longer than a window: cut"
        warnings.append(f"{head} ({some(counts['cut_places'], counts['cut'])})")
    if counts.get("empty"):
        head = f"{counts['empty']} words have no tokens: predicted O, or as a part of the entity around them"
        warnings.append(f"{head} ({some(counts['empty_places'], counts['empty'])})")
    return notes, warnings
