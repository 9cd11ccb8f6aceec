"""Rows of one or several texts -> examples, and examples -> a batch.

Where rows are to be answered and have one text each, a window is an example of its own; else an example holds all texts
of its row, as a step compares them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bertkit.errors import RecipeError
from bertkit.tasks import text_sets
from bertkit.tasks.embed.neighbours import unit
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.task import Encoded, Rows
from bertkit.tasks.texts import NOTHING, Cutter, Frame, column, token_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PARTS = ("text", "positive", "text_pair", "negative")
"""Columns that hold one text of a row each, in the order of its vectors."""
UNUSED = re.compile(r"\[unused\d+\]")
"""Places that BERT's vocabulary leaves free."""
BLOCK = 1000
"""Rows tokenized at a time: the tokenizer's result holds offsets and masks too, which take memory."""


class Prompts(NamedTuple):
    """What is put before texts."""

    query: str = ""
    """Before `text`."""
    document: str = ""
    """Before all others."""


def texts_of(rows: Rows) -> list[list[str]]:
    """The texts of each row: `text`, then those that it is compared with; a negative that is empty is left out."""
    first = column(rows, "text") or []
    others = [values for name in PARTS[1:] if (values := column(rows, name))]
    lists: list[list[str]] = column(rows, "negatives") or [[]] * len(first)
    parts: list[tuple[str, ...]] = [*zip(*others, strict=True)] if others else [()] * len(first)
    return [
        [text, *(part for part in row if part is not None and part.strip()), *(more or [])]
        for text, row, more in zip(first, parts, lists, strict=True)
    ]


def encode(
    texts: Sequence[Sequence[str]], tokenizer: PreTrainedTokenizerBase, limit: int, options: EmbedOptions,
    prompts: Prompts, *, compared: bool,
) -> Encoded:  # fmt: skip
    """Examples with `input_ids` and `token_type_ids` `(token,)` of all texts one after the other, `sizes` `(text,)`:
    their tokens, `parts` `(text,)`: which of the row's texts each is, as a text may be split into windows, and `row`.

    Args:
        texts: of each row.
        limit: most tokens of a text, special ones included: no option lowers it here.
        compared: whether the texts of rows will be compared: then an example also has `ids` `(part,)`, equal for equal
            texts.

    Raises:
        RecipeError: windows or prompts that leave no room for text.
    """
    frame = Frame(tokenizer, pair=False)
    room = limit - sum(frame.sizes)
    before = token_ids(tokenizer, list(prompts))
    if (longest := max(map(len, before))) + (options.long_text == "windows") * options.window_overlap >= room:
        what = f"{longest} tokens: a text of at most {limit} tokens has no room for more"
        raise RecipeError.at("options.prompts" if longest else "options.window_overlap", what, "shorten it")
    cutter = Cutter(limit, room, options)
    examples: list[dict[str, Any]] = []
    lost: list[int] = []
    windows: list[int] = []
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        flat = [f"{prompts[number > 0]}{text}" for row in block for number, text in enumerate(row)]
        tokens = iter(token_ids(tokenizer, flat))
        for row, own in enumerate(block, start):
            already = cutter.found()["lost"]
            pieces = [_pieces(next(tokens), before[number > 0], cutter) for number in range(len(own))]
            examples += _examples(row, pieces, frame, compared=compared)
            lost.append(cutter.found()["lost"] - already)
            windows.append(max(map(len, pieces)))
    found = cutter.found()
    return Encoded(examples, counts=found, lost=lost, windows=windows)


def _pieces(tokens: np.ndarray, before: np.ndarray, cutter: Cutter) -> list[np.ndarray]:
    """The windows of a text, each with the prompt."""
    if not len(before) or not np.array_equal(tokens[: len(before)], before):  # joined to the text's first word
        before = NOTHING
    return cutter(tokens[len(before) :], before=before)


def _examples(row: int, pieces: list[list[np.ndarray]], frame: Frame, *, compared: bool) -> list[dict[str, Any]]:
    framed = [[frame.around(piece) for piece in windows] for windows in pieces]
    if len(framed) == 1 and not compared:
        one = np.zeros(1, dtype=np.int64)
        return [{"row": row, "parts": one, **text_sets.joined([window])} for window in framed[0]]
    parts = np.repeat(np.arange(len(framed)), [len(windows) for windows in framed])
    example: dict[str, Any] = {"row": row, "parts": parts}
    example |= text_sets.joined([window for windows in framed for window in windows])
    if compared:
        example["ids"] = np.array([identity(windows) for windows in pieces])
    return [example]


def of_tokens(tokenizer: PreTrainedTokenizerBase) -> list[dict[str, Any]]:
    """An example of each token of the vocabulary, by id (`Codec.vocabulary`)."""
    frame = Frame(tokenizer, pair=False)
    names = {number: name for name, number in tokenizer.get_vocab().items()}
    special = {*tokenizer.all_special_ids}
    examples = []
    for number in range(max(names) + 1):
        (example,) = _examples(number, [[np.array([number], dtype=np.int32)]], frame, compared=False)
        unused = number not in names or UNUSED.fullmatch(names[number])
        examples.append({**example, "counts": number not in special and not unused})
    return examples


def identity(windows: Sequence[np.ndarray]) -> int:
    """A number above 0 that is equal for texts with equal tokens."""
    digest = hashlib.blake2b(b"|".join(window.tobytes() for window in windows), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) | 1


def collate(examples: list[dict[str, Any]], tokenizer: PreTrainedTokenizerBase) -> dict[str, np.ndarray]:
    """Examples -> a batch of all their texts (text_sets.py). Where rows are compared, also with

    `ids` `(row, part)`, 0 after the last part of a row; `shares` `(row, part, text)`: what share of a part's tokens
    each text has; `labels` `(row,)`.
    """
    batch = text_sets.collate(examples, tokenizer)
    if "ids" not in examples[0]:
        return batch
    most = max(len(example["ids"]) for example in examples)
    batch["ids"] = np.zeros((len(examples), most), dtype=np.int64)
    batch["shares"] = np.zeros((len(examples), most, batch["places"].shape[1]), dtype=np.float32)
    for row, example in enumerate(examples):
        sizes, parts = example["sizes"], example["parts"]
        batch["ids"][row, : len(example["ids"])] = example["ids"]
        batch["shares"][row, parts, np.arange(len(sizes))] = sizes / np.bincount(parts, weights=sizes)[parts]
    if "labels" in examples[0]:
        batch["labels"] = np.array([example["labels"] for example in examples])
    return batch


def pooled(
    vectors: list[np.ndarray], encoded: Encoded, how: str, *, size: int | None = None, normalize: bool = False
) -> list[np.ndarray]:
    """The vectors `(part, size)` float32 of each row, from those of its windows.

    Args:
        vectors: `(text, size)` of each example.
        how: `mean`, weighted by the tokens of the windows, or `max`.
        size: dimensions to keep; None: all.
        normalize: whether vectors get length 1.
    """
    if not vectors:
        return []
    counts = [len(example["sizes"]) for example in encoded.examples]
    owner = np.repeat([example["row"] for example in encoded.examples], counts)
    part = np.concatenate([example["parts"] for example in encoded.examples])
    flat = np.concatenate(vectors)  # (text, size)
    keys, place = np.unique(owner * (part.max() + 1) + part, return_inverse=True)
    if len(keys) == len(flat):  # no windows
        whole = flat[np.argsort(place, kind="stable")]
    else:
        sizes = np.concatenate([example["sizes"] for example in encoded.examples])
        whole = _over_windows(flat.astype(np.float64), place, sizes, how)
    whole = whole[:, :size].astype(np.float32)
    ends = np.flatnonzero(np.diff(keys // (part.max() + 1))) + 1
    return np.split(unit(whole) if normalize else whole, ends)


def _over_windows(flat: np.ndarray, place: np.ndarray, sizes: np.ndarray, how: str) -> np.ndarray:
    """`(part, size)`, from `(text, size)`, the part of each text and its tokens."""
    pooled = np.full((place.max() + 1, flat.shape[1]), -np.inf if how == "max" else 0.0)
    if how == "max":
        np.maximum.at(pooled, place, flat)
        return pooled
    np.add.at(pooled, place, flat * sizes[:, None])
    return pooled / np.bincount(place, weights=sizes)[:, None]


def labels_of(rows: Rows, options: EmbedOptions, names: Sequence[str]) -> np.ndarray | None:
    """`(row,)`: scores as cosines, or numbers of labels; None where the loss needs neither."""
    if options.kind.takes == "labels":
        number = {name: place for place, name in enumerate(names)}
        return np.array([number[name] for name in column(rows, "label") or []], dtype=np.int64)
    scores = column(rows, "score") if options.kind.takes == "scores" else None
    if scores is None:
        return None
    low, high = options.score_range or (0.0, 1.0)
    return ((np.array(scores, dtype=np.float64) - low) / (high - low)).astype(np.float32)
