"""Figures of rankings by ir-measures: trec_eval's code (pytrec_eval), and MS MARCO's script for the reciprocal rank."""

from __future__ import annotations

import numpy as np

from bertkit.metrics.metric import Array, Trusted

NAMES = {"ndcg@10": "nDCG@10", "mrr@10": "RR@10", "map": "AP", "recall@100": "R@100"}
"""Our names and those of ir-measures."""


def by_ir_measures(name: str) -> Trusted:
    """The mean over the queries that have a relevant document.

    trec_eval breaks ties by the documents' names. The run that it gets has none: its scores are bertkit's ranks, in
    which the less relevant of equal documents stands first.
    """

    def score(predictions: Array, references: Array) -> float:
        import ir_measures

        qrels: dict[str, dict[str, int]] = {}
        run: dict[str, dict[str, float]] = {}
        order = np.lexsort((references[:, 1], -predictions))
        for place, row in enumerate(order):
            query, grade = map(int, references[row])
            qrels.setdefault(str(query), {})[str(row)] = grade
            if predictions[row] > -np.inf:
                run.setdefault(str(query), {})[str(row)] = float(len(order) - place)
        relevant = {query for query, grades in qrels.items() if max(grades.values()) > 0}
        measure = ir_measures.parse_measure(NAMES[name])
        found = ir_measures.iter_calc([measure], qrels, run)
        values = [one.value for one in found if one.query_id in relevant]
        return float(sum(values)) / len(relevant) if relevant else float("nan")

    return Trusted("ir-measures", score)
