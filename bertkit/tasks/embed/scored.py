"""Rows of two texts and a score: what of them can not be learnt from or scored on."""

from __future__ import annotations

from bertkit.data.read.rows import BadRows
from bertkit.errors import DataError, Problem, Setting
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.task import Rows
from bertkit.tasks.texts import column


def check(rows: Rows, split: str, options: EmbedOptions) -> None:
    """Raise a DataError for rows without a second text or a score or, with the loss `cosine`, with scores that are no
    cosines, each with its place."""
    scores = column(rows, "score")
    if options.loss == "simcse" and scores is None:
        what = f"no scores in the {split} rows: texts alone teach simcse, but its vectors are scored on pairs"
        raise DataError.at("data.validation", what, "name a file with text, text_pair and score, as STS-B has them")
    for name, values in (("text_pair", column(rows, "text_pair")), ("score", scores)):
        if values is None:
            what = f"no column for {name}: vectors are scored by pairs with a score"
            raise DataError.at(split, what, "name it", setting=Setting(f"data.columns.{name}", "COLUMN"))
    if options.loss != "cosine":
        return
    low, high = options.score_range or (-1.0, 1.0)
    places, bad = column(rows, "place") or [f"row {number}" for number in range(1, len(rows) + 1)], BadRows()
    for place, score in zip(places, scores or [], strict=True):
        if not low <= score <= high:
            what = f"{split}: score {score:g} is not in {low:g} to {high:g}"
            bad.add(Problem(place, what, "name the range of the scores: options.score_range: [LOWEST, HIGHEST]"))
    bad.settle()
