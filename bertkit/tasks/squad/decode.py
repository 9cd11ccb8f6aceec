"""Logits of starts and ends -> the best spans of each question, as in google-research/bert's `run_squad.py`.

All pairs of the 20 best starts and the 20 best ends of a window are candidates, except pairs that leave the context,
start where they do not have their *maximum context*, end before they start, or are too long. The score of no answer is
the minimum over the windows of start[CLS] + end[CLS]. Pairs of all questions are computed at once, in numpy. Texts are
cut from the context by character offsets, never put together from tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bertkit.tasks.squad import calibration
from bertkit.tasks.task import Answer, Encoded, Outputs, Rows

if TYPE_CHECKING:
    import torch

NOTHING_FITS = 1e4
"""How much better no answer scores if no window has a candidate."""

CHUNK = 4096
"""Windows whose pairs are in memory at a time."""


def best_places(logits: torch.Tensor, mask: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `count` best positions of each window and their logits, `(batch, count)`; the first of equals is better.

    If there are fewer positions, the rest are 0 with a logit of minus infinity. No shape depends on their number, so
    that one graph serves all lengths.
    """
    import torch

    real = torch.nn.functional.pad(logits.masked_fill(~mask, -torch.inf), (0, count), value=-torch.inf)
    values, places = real.sort(dim=-1, descending=True, stable=True)
    values, places = values[:, :count], places[:, :count]
    return places.masked_fill(values == -torch.inf, 0), values


@dataclass(frozen=True)
class Pairs:
    """Candidates: pairs of a start and an end, `(pair,)` each, sorted by row, then from the best."""

    row: np.ndarray
    start: np.ndarray
    """In characters; `end` is exclusive."""
    end: np.ndarray
    start_logit: np.ndarray
    end_logit: np.ndarray


def pairs(outputs: Outputs, encoded: Encoded, longest: int) -> Pairs:
    """All candidates of at most `longest` tokens."""
    examples = encoded.examples
    if not len(examples):
        return Pairs(*np.zeros((5, 0)))
    sizes = np.array([len(example["own"]) for example in examples])
    begins = np.cumsum(sizes) - sizes  # of each window, among the tokens of all windows
    own = np.concatenate([example["own"] for example in examples])
    offsets = np.concatenate([example["offsets"] for example in examples])  # (context token of all windows, 2)
    rows = np.array([example["row"] for example in examples])
    first = np.array([example["first"] for example in examples])
    chunks = []
    for start in range(0, len(examples), CHUNK):
        part = slice(start, start + CHUNK)
        inside = (first[part, None], sizes[part, None])
        s, s_logit, s_good = _side(outputs, "start", part, *inside)
        e, e_logit, e_good = _side(outputs, "end", part, *inside)
        s_good[s_good] = own[(begins[part, None] + s)[s_good]]
        size = e[:, None, :] - s[:, :, None] + 1  # (window, start, end)
        w, i, j = np.nonzero(s_good[:, :, None] & e_good[:, None, :] & (size > 0) & (size <= longest))
        base = begins[part][w]
        characters = offsets[base + s[w, i], 0], offsets[base + e[w, j], 1]
        chunks.append((rows[part][w], *characters, s_logit[w, i], e_logit[w, j]))
    columns = [np.concatenate(column) for column in zip(*chunks, strict=True)]
    order = np.lexsort(
        (-(columns[3] + columns[4]), columns[0])
    )  # stable: of equals the one of the first window is better
    return Pairs(*(column[order] for column in columns))


def _side(outputs: Outputs, side: str, part: slice, first: Any, sizes: Any) -> tuple[np.ndarray, ...]:
    """The best starts (or ends) of some windows: positions in the context, logits, and which are in the context."""
    places = np.stack(outputs[f"{side}_places"][part]).astype(np.int64) - first  # (window, best)
    logits = np.stack(outputs[f"{side}_logits"][part]).astype(np.float64)
    return places, logits, (places >= 0) & (places < sizes) & np.isfinite(logits)


def nulls(outputs: Outputs, encoded: Encoded, count: int) -> np.ndarray:
    """Start and end logit of no answer of each row, `(row, 2)`: those of the window with the lowest sum."""
    rows = np.array([example["row"] for example in encoded.examples], dtype=np.int64)
    logits = np.stack(outputs["null"]).astype(np.float64)  # (window, 2)
    order = np.lexsort((logits.sum(1), rows))
    least = order[np.searchsorted(rows[order], np.arange(count))]
    return logits[least]


def decode(
    outputs: Outputs, encoded: Encoded, rows: Rows, *, n_best: int, longest: int, threshold: float | None
) -> list[Answer]:
    """One answer per row, with its `n_best`; probabilities are those of `run_squad.py`, at temperature 1.

    Args:
        n_best: number of texts to keep, besides no answer.
        longest: most tokens of an answer.
        threshold: predict no answer if it scores more than this above the best text; None: never.
    """
    count = len(rows)
    if not count:
        return []
    best = pairs(outputs, encoded, longest)
    ends = np.searchsorted(best.row, np.arange(count + 1))
    none = nulls(outputs, encoded, count).tolist()
    contexts = _contexts(rows)
    answers = []
    for row in range(count):
        part = slice(ends[row], ends[row + 1])
        columns = (c[part] for c in (best.start, best.end, best.start_logit, best.end_logit))
        spans = zip(*(_lazily(column) for column in columns), strict=True)
        texts = _texts(spans, contexts[row], none[row] if threshold is not None else None, n_best)
        answers.append(_answer(texts, sum(none[row]), threshold))
    return answers


def _lazily(column: np.ndarray, size: int = 100) -> Iterator[Any]:
    """Python numbers in blocks: of a row's hundreds of pairs, mostly only the first are used."""
    for start in range(0, len(column), size):
        yield from column[start : start + size].tolist()


def _contexts(rows: Rows) -> list[str]:
    dataset: Any = rows
    return dataset["context"][:] if hasattr(rows, "column_names") else [row["context"] for row in rows]


def _texts(spans: Iterator[Any], context: str, null: list[float] | None, n_best: int) -> list[dict[str, Any]]:
    """The best spans, each text once, and with `null` also no answer, among them or after them."""
    kept: list[dict[str, Any]] = []
    seen = set()
    waiting = null is not None
    for start, end, start_logit, end_logit in spans:
        if len(kept) >= n_best:
            break
        if waiting and null and sum(null) > start_logit + end_logit:
            kept.append(_entry("", None, None, *null))
            waiting = False
            if len(kept) >= n_best:
                break
        text = context[start:end]
        if text and text not in seen:
            seen.add(text)
            kept.append(_entry(text, start, end, start_logit, end_logit))
    if waiting and null:
        kept.append(_entry("", None, None, *null))
    return kept


def _entry(text: str, start: int | None, end: int | None, start_logit: float, end_logit: float) -> dict[str, Any]:
    return {"text": text, "start": start, "end": end, "start_logit": start_logit, "end_logit": end_logit}


def _answer(texts: list[dict[str, Any]], null: float, threshold: float | None) -> Answer:
    """The answer of a row, from its best texts; `calibration.weighed` adds the probabilities."""
    best = next((entry for entry in texts if entry["text"]), None)
    score = best["start_logit"] + best["end_logit"] - null if best else -NOTHING_FITS
    chosen = best if threshold is None or not -score > threshold else None
    answer = {
        "answer": chosen["text"] if chosen else "",
        "start": chosen["start"] if chosen else None,
        "end": chosen["end"] if chosen else None,
        "score": score,
        "n_best": texts,
    }
    return calibration.weighed(answer)
