"""Entities by seqeval itself: as the reference of bertkit's metrics, and as a metric of its own.

seqeval takes a hundred times as long as bertkit's metrics (benchmarks/entity_metrics.py). The metric's parts of a row
are seqeval's entities of that sentence, so that its intervals and paired tests need it once for each sentence.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.metrics.metric import Array, Metric, Trusted

Tags = Sequence[Sequence[str | None]]
KEYS = ("overall_f1", "overall_precision", "overall_recall", "overall_accuracy")
"""The names of the module `seqeval` of `evaluate`."""


def entities(names: Sequence[str], *, strict: bool) -> Trusted:
    """F1, precision and recall of all entities, under these names; strict in the scheme that the prefixes show."""

    def score(predictions: Tags, references: Tags) -> dict[str, float]:
        sides = _texts(references), _texts(predictions)
        figures = _scores(*sides, scheme=_scheme(*sides) if strict else None)
        return dict(zip(names, figures, strict=True))

    mode = "strict" if strict else "default"
    return Trusted(f"seqeval, {mode} mode", score, _without_prefix)


def by_type(types: Sequence[str]) -> Trusted:
    """The F1 of each type, from seqeval's `classification_report`."""

    def score(predictions: Tags, references: Tags) -> dict[str, float]:
        from seqeval.metrics import classification_report

        sides = _texts(references), _texts(predictions)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = classification_report(*sides, output_dict=True, zero_division=0) if _any_entity(*sides) else {}
        return {f"entity_f1_{name}": float(report.get(name, {}).get("f1-score", 0.0)) for name in types}

    return Trusted("seqeval classification_report", score, _without_prefix)


def seqeval_metric(name: str, scheme: str | None = None) -> Metric:
    """seqeval's figures: of its default mode, or of its strict mode in a scheme (a class of `seqeval.scheme`)."""

    def figures(predictions: Tags, references: Tags) -> dict[str, float]:
        from seqeval.metrics import accuracy_score

        sides = _texts(references), _texts(predictions)
        f1, precision, recall = _scores(*sides, scheme=scheme)
        return dict(zip(KEYS, (f1, precision, recall, float(accuracy_score(*sides))), strict=True))

    def per_row(predictions: Tags, references: Tags) -> Array:
        rows = []
        for actual, predicted in zip(_texts(references), _texts(predictions), strict=True):
            gold, ours = _found(actual, scheme), _found(predicted, scheme)
            right = sum(a == b for a, b in zip(actual, predicted, strict=True))
            rows.append((len(gold & ours), len(ours), len(gold), right, len(actual)))
        return np.array(rows, dtype=np.float64)

    def finish(sums: Array, rows: int) -> dict[str, Array]:
        hits, predicted, gold, right, words = sums.T
        above = (2 * hits, hits, hits, right)
        below = (predicted + gold, predicted, gold, words)
        pairs = zip(above, below, strict=True)
        values = (np.divide(a, b, out=np.zeros(len(sums)), where=b > 0) for a, b in pairs)
        return dict(zip(KEYS, values, strict=True))

    return Metric(name, figures, "tags", keys=KEYS, per_row=per_row, finish=finish, bootstrap="groups")


def _scores(references: Any, predictions: Any, scheme: str | None) -> tuple[float, float, float]:
    """F1, precision, recall."""
    import seqeval.scheme
    from seqeval import metrics

    kind = {"mode": "strict", "scheme": getattr(seqeval.scheme, scheme)} if scheme else {}
    functions = (metrics.f1_score, metrics.precision_score, metrics.recall_score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sides without entities
        f1, precision, recall = (each(references, predictions, zero_division=0, **kind) for each in functions)
    return float(f1), float(precision), float(recall)


def _found(tags: list[str], scheme: str | None) -> set[Any]:
    """The entities of one sentence."""
    import seqeval.scheme
    from seqeval.metrics.sequence_labeling import get_entities

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if scheme is None:
            return set(get_entities(tags))
        found = seqeval.scheme.Entities([tags], getattr(seqeval.scheme, scheme)).entities[0]
    return {entity.to_tuple()[1:] for entity in found}


def _texts(sentences: Tags) -> list[list[str]]:
    """A word without a prediction is outside of entities."""
    return [["O" if tag is None else tag for tag in tags] for tags in sentences]


def _any_entity(*sides: list[list[str]]) -> bool:
    return any(tag != "O" for side in sides for tags in side for tag in tags)


def _scheme(*sides: list[list[str]]) -> str:
    letters = {tag[0] for side in sides for tags in side for tag in tags}
    return "BILOU" if letters & {"L", "U"} else "IOBES" if letters & {"E", "S"} else "IOB2"


def _without_prefix(predictions: Tags, references: Tags) -> str:
    tags = {tag for side in (predictions, references) for row in side for tag in row if tag and tag != "O"}
    if any(tag[1:2] != "-" for tag in tags):
        return "tags without a prefix: seqeval reads PER as the type ER"
    if any(tag[0] in "MLU" for tag in tags):
        return "the prefixes M, L and U: seqeval's default mode does not know them, nor its strict mode M"
    return ""


SEQEVAL = (
    seqeval_metric("seqeval"),
    seqeval_metric("seqeval/IOB2", "IOB2"),
    seqeval_metric("seqeval/IOBES", "IOBES"),
)
