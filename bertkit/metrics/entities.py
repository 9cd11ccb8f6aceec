"""Precision, recall and F1 of entities as metrics (see tagging.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertkit.metrics.metric import Array, Metric
from bertkit.metrics.tagging import FIGURES, EntityMatches, Mode, Tags, compare, precision_recall_f1
from bertkit.metrics.trusted import tags as trusted

KEYS = ("entity_f1", "entity_precision", "entity_recall")


def entity_metric(mode: Mode) -> Metric:
    """The micro averages over all entities; the strict mode's keys begin with `strict_`."""
    start = "strict_" if mode == "strict" else ""
    keys = tuple(start + key for key in KEYS)

    def compared(predictions: Tags, references: Tags) -> EntityMatches:
        return compare(predictions, references, _scheme([*references, *predictions]), mode)

    def score(predictions: Tags, references: Tags) -> dict[str, float]:
        figures = compared(predictions, references).score()
        return {start + key: figures[key] for key in KEYS}

    def per_row(predictions: Tags, references: Tags) -> Array:
        return compared(predictions, references).by_sentence()

    def finish(sums: Array, rows: int) -> dict[str, Array]:
        figures = dict(zip(FIGURES, precision_recall_f1(sums.T), strict=True))
        return {key: figures[key.rpartition("_")[2]] for key in keys}

    return Metric(
        f"{start}entity_f1", score, "tags", keys=keys, per_row=per_row, finish=finish, bootstrap="groups",
        reference=trusted.entities(keys, strict=mode == "strict"),
    )  # fmt: skip


def by_type(types: Sequence[str]) -> Metric:
    """The lenient F1 of each type, `entity_f1_PER`; 0 for one that does not occur, in the whole set or a resample."""

    def score(predictions: Tags, references: Tags) -> dict[str, float]:
        f1 = {row["type"]: row["f1"] for row in compare(predictions, references).by_type()}
        return {f"entity_f1_{type_}": f1.get(type_, 0.0) for type_ in types}

    def per_row(predictions: Tags, references: Tags) -> Array:
        return compare(predictions, references).by_sentence(types)

    def finish(sums: Array, rows: int) -> dict[str, Array]:
        f1 = precision_recall_f1(np.moveaxis(sums.reshape(len(sums), len(types), 3), 2, 0))[2]  # (sample, type)
        return dict(zip(keys, f1.T, strict=True))

    keys = tuple(f"entity_f1_{type_}" for type_ in types)
    return Metric(
        "entity_f1_by_type", score, "tags", keys=keys, per_row=per_row, finish=finish, bootstrap="groups",
        reference=trusted.by_type(types),
    )  # fmt: skip


def _scheme(tags: Tags) -> str:
    """The tagging scheme, by the prefixes that occur; IO and IOB1 look like IOB2, and count as it."""
    prefixes = {tag[:1] for row in tags for tag in row if tag}
    if prefixes & {"L", "U"}:
        return "BILOU"
    if "M" in prefixes:
        return "BMES"
    return "BIOES" if prefixes & {"E", "S"} else "IOB2"


ENTITIES = (entity_metric("lenient"), entity_metric("strict"))
