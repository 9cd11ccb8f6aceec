"""Rankings -> figures with intervals over queries, and paired tests against the first model.

All models are scored on the same rows: every document that any of them found or that is judged. A document that a model
did not find has the score minus infinity, and no rank. So models share the references, as paired tests need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertkit.bench.retrieval.ranking import Ranking
from bertkit.data.beir import Collection
from bertkit.inference import score
from bertkit.metrics import METRICS, intervals
from bertkit.metrics.metric import Metric
from bertkit.metrics.paired import Difference, Effort, differences, holm

Array = NDArray[Any]

FIGURES = ("ndcg@10", "mrr@10", "map", "recall@100")
"""The main one first. `map` is over the documents that were found, at most 100."""


@dataclass(frozen=True)
class Figure:
    """A figure of one model on one collection."""

    value: float
    interval: tuple[float, float]
    difference: Difference | None = None
    """From the first model, `corrected` where several are compared with it; None: of the first model itself."""


def score_all(rankings: Mapping[str, Ranking], collection: Collection) -> dict[str, dict[str, Figure]]:
    """Model -> figure -> value, interval and difference from the first model."""
    predictions, references = as_rows(rankings, collection)
    found: dict[str, dict[str, Figure]] = {name: {} for name in predictions}
    first = next(iter(predictions))
    for name in FIGURES:
        metric = METRICS[name]
        tests = _against_first(metric, predictions, references)
        for model, own in predictions.items():
            value = metric(own, references)[name]
            span = intervals(metric, own, references, samples=score.SAMPLES)[name]
            found[model][name] = Figure(value, span, None if model == first else tests[model])
    return found


def as_rows(rankings: Mapping[str, Ranking], collection: Collection) -> tuple[dict[str, Array], Array]:
    """The predictions `(row,)` of each model, and the references `(row, 2)`: number of the query and grade."""
    references: list[tuple[int, int]] = []
    scores: dict[str, list[float]] = {name: [] for name in rankings}
    for number, grades in enumerate(collection.judged.values()):
        graded = {collection.numbers.get(name, name): grade for name, grade in grades.items()}
        found = {
            model: dict(zip(own.documents[number].tolist(), own.scores[number].tolist(), strict=True))
            for model, own in rankings.items()
        }
        rows = dict.fromkeys([*graded, *(document for own in found.values() for document in own)])
        references += [(number, graded.get(document, 0)) for document in rows]
        for model, own in found.items():
            scores[model] += [own.get(document, -np.inf) for document in rows]
    return {model: np.array(own) for model, own in scores.items()}, np.array(references, dtype=np.int64)


def _against_first(metric: Metric, predictions: Mapping[str, Array], references: Array) -> dict[str, Difference]:
    """Of each model but the first: its difference from that, with Holm's correction where there are several."""
    (_, one), *others = predictions.items()
    effort = Effort(score.SAMPLES)
    found = {model: differences(metric, one, other, references, effort)[0] for model, other in others}
    corrected = holm([difference.p for difference in found.values()])
    return {model: replace(own, corrected=p) for (model, own), p in zip(found.items(), corrected, strict=True)}
