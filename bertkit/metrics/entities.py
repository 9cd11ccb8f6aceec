"""Precision, recall and F1 of entities as metrics (see tagging.py)."""

from __future__ import annotations

from collections.abc import Sequence

from bertkit.metrics.metric import Metric
from bertkit.metrics.tagging import Comparison, Mode, Tags, compare

KEYS = ("entity_f1", "entity_precision", "entity_recall")


def entity_metric(mode: Mode) -> Metric:
    """The micro averages over all entities; the strict mode's keys begin with `strict_`."""
    start = "strict_" if mode == "strict" else ""

    def compared(predictions: Tags, references: Tags) -> Comparison:
        return compare(predictions, references, _scheme([*references, *predictions]), mode)

    def score(predictions: Tags, references: Tags) -> dict[str, float]:
        figures = compared(predictions, references).score()
        return {start + key: figures[key] for key in KEYS}

    def intervals(predictions: Tags, references: Tags, samples: int) -> dict[str, tuple[float, float]]:
        spans = compared(predictions, references).intervals(samples=samples)
        return {start + key: spans[key] for key in KEYS}

    return Metric(f"{start}entity_f1", score, "tags", keys=tuple(start + key for key in KEYS), intervals=intervals)


def by_type(types: Sequence[str]) -> Metric:
    """The lenient F1 of each type, `entity_f1_PER`; 0 for one that does not occur. Without intervals."""

    def score(predictions: Tags, references: Tags) -> dict[str, float]:
        found = {row["type"]: row["f1"] for row in compare(predictions, references).by_type()}
        return {f"entity_f1_{type_}": found.get(type_, 0.0) for type_ in types}

    keys = tuple(f"entity_f1_{type_}" for type_ in types)
    return Metric("entity_f1_by_type", score, "tags", keys=keys, intervals=lambda *_: {})


def _scheme(tags: Tags) -> str:
    """What sequences are written in, as far as their prefixes tell; what could be IO, IOB1 or IOB2 is IOB2."""
    prefixes = {tag[:1] for row in tags for tag in row if tag}
    if prefixes & {"L", "U"}:
        return "BILOU"
    if "M" in prefixes:
        return "BMES"
    return "BIOES" if prefixes & {"E", "S"} else "IOB2"


ENTITIES = (entity_metric("lenient"), entity_metric("strict"))
