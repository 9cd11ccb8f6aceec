"""Logits of starts and ends -> the best spans of each question, as google-research/bert's `run_squad.py` finds them.

The 20 best starts x the 20 best ends of every window are looked at; pairs fall out that leave the context, have not
their *maximum context* there, end before they start, or are too long. The score of no answer is the minimum over the
windows of start[CLS] + end[CLS]. All pairs of all questions are made at once, in numpy; texts come by the character
offsets of the tokens, never from the tokens themselves.
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
"""How much better no answer scores where no window has a pair that can be one."""

CHUNK = 4096
"""Windows whose pairs stand in memory at a time."""


def best_places(logits: torch.Tensor, mask: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `count` best places of each window and their logits, `(batch, count)`; of equals the first is better.

    Where there are fewer places, the rest are 0 with a logit of minus infinity.
    """
    import torch

    values, places = logits.masked_fill(~mask, -torch.inf).sort(dim=-1, descending=True, stable=True)
    values, places = values[:, :count], places[:, :count]
    places = places.masked_fill(values == -torch.inf, 0)
    missing = (0, count - values.shape[1])
    return torch.nn.functional.pad(places, missing), torch.nn.functional.pad(values, missing, value=-torch.inf)


@dataclass(frozen=True)
class Pairs:
    """Pairs of places that can be answers: one a line, `(pair,)`, sorted by row, then from the best."""

    row: np.ndarray
    start: np.ndarray
    """In characters; `end` is exclusive."""
    end: np.ndarray
    start_logit: np.ndarray
    end_logit: np.ndarray


def pairs(outputs: Outputs, encoded: Encoded, longest: int) -> Pairs:
    """All pairs that can be answers, of at most `longest` tokens."""
    items = encoded.examples
    if not len(items):
        return Pairs(*np.zeros((5, 0)))
    sizes = np.array([len(item["own"]) for item in items])
    begins = np.cumsum(sizes) - sizes  # where a window's tokens begin among all
    own = np.concatenate([item["own"] for item in items])
    offsets = np.concatenate([item["offsets"] for item in items])  # (context token of all windows, 2)
    rows = np.array([item["row"] for item in items])
    first = np.array([item["first"] for item in items])
    found = []
    for start in range(0, len(items), CHUNK):
        part = slice(start, start + CHUNK)
        inside = (first[part, None], sizes[part, None])
        s, s_logit, s_good = _side(outputs, "start", part, *inside)
        e, e_logit, e_good = _side(outputs, "end", part, *inside)
        s_good[s_good] = own[(begins[part, None] + s)[s_good]]
        size = e[:, None, :] - s[:, :, None] + 1  # (window, start, end)
        w, i, j = np.nonzero(s_good[:, :, None] & e_good[:, None, :] & (size > 0) & (size <= longest))
        base = begins[part][w]
        characters = offsets[base + s[w, i], 0], offsets[base + e[w, j], 1]
        found.append((rows[part][w], *characters, s_logit[w, i], e_logit[w, j]))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    order = np.lexsort((-(columns[3] + columns[4]), columns[0]))  # stable: of equals the first window's is better
    return Pairs(*(column[order] for column in columns))


def _side(outputs: Outputs, side: str, part: slice, first: Any, sizes: Any) -> tuple[np.ndarray, ...]:
    """Of the best starts (or ends) of some windows: places in the context, logits, and which are in the context."""
    places = np.stack(outputs[f"{side}_places"][part]).astype(np.int64) - first  # (window, best)
    logits = np.stack(outputs[f"{side}_logits"][part]).astype(np.float64)
    return places, logits, (places >= 0) & (places < sizes) & np.isfinite(logits)


def nulls(outputs: Outputs, encoded: Encoded, count: int) -> np.ndarray:
    """Start and end logit of no answer of each row, `(row, 2)`: those of the window where their sum is least."""
    rows = np.array([item["row"] for item in encoded.examples], dtype=np.int64)
    logits = np.stack(outputs["null"]).astype(np.float64)  # (window, 2)
    order = np.lexsort((logits.sum(1), rows))
    least = order[np.searchsorted(rows[order], np.arange(count))]
    return logits[least]


def decode(
    outputs: Outputs, encoded: Encoded, rows: Rows, *, n_best: int, longest: int, threshold: float | None
) -> list[Answer]:
    """One answer a row, with its `n_best`; probabilities as `run_squad.py` has them, at temperature 1.

    Args:
        n_best: how many texts are kept, beside no answer.
        longest: most tokens of an answer.
        threshold: how much better than the best text no answer must score to be given; None: it never is.
    """
    count = len(rows)
    if not count:
        return []
    found = pairs(outputs, encoded, longest)
    ends = np.searchsorted(found.row, np.arange(count + 1))
    none = nulls(outputs, encoded, count).tolist()
    contexts = _contexts(rows)
    answers = []
    for row in range(count):
        part = slice(ends[row], ends[row + 1])
        columns = (c[part] for c in (found.start, found.end, found.start_logit, found.end_logit))
        spans = zip(*(_lazily(column) for column in columns), strict=True)
        texts = _texts(spans, contexts[row], none[row] if threshold is not None else None, n_best)
        answers.append(_answer(texts, sum(none[row]), threshold))
    return answers


def _lazily(column: np.ndarray, size: int = 100) -> Iterator[Any]:
    """Plain numbers; of a row's hundreds of pairs seldom more than the first are looked at."""
    for start in range(0, len(column), size):
        yield from column[start : start + size].tolist()


def _contexts(rows: Rows) -> list[str]:
    dataset: Any = rows
    return list(dataset["context"]) if hasattr(rows, "column_names") else [row["context"] for row in rows]


def _texts(spans: Iterator[Any], context: str, null: list[float] | None, n_best: int) -> list[dict[str, Any]]:
    """The best spans, each text once, and where `null` is given no answer among them, or after them."""
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
    """The answer of a row, of its best texts; `calibration.weighed` adds the probabilities."""
    best = next((entry for entry in texts if entry["text"]), None)
    score = best["start_logit"] + best["end_logit"] - null if best else -NOTHING_FITS
    given = best if threshold is None or not -score > threshold else None
    answer = {
        "answer": given["text"] if given else "",
        "start": given["start"] if given else None,
        "end": given["end"] if given else None,
        "score": score,
        "n_best": texts,
    }
    return calibration.weighed(answer)
