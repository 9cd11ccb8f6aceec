"""nDCG, MRR, MAP and recall of ranked documents: the mean over queries, as trec_eval and BEIR compute them.

- `ndcg@10` (Järvelin & Kekäläinen 2002, as trec_eval has it): the sum of grade / log2(rank + 1) over the first ten,
  divided by that of the best order of all judged documents. The gain is the grade, not 2^grade - 1.
- `mrr@10`: 1 / rank of the first relevant document; 0 if it is not among the first ten (MS MARCO).
- `map`: the mean, over the relevant documents, of the precision at the rank of each; 0 for one that was not retrieved.
- `recall@100`: the share of the relevant documents that are among the first hundred.

A document is relevant if its grade is above 0. A query without a relevant document has no figures: it is left out of
the means, which are nan if there is no other. Ties: see queries.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bertkit.metrics.metric import Array, Metric
from bertkit.metrics.ranking.queries import Ranked, ranked
from bertkit.metrics.trusted.ranking import by_ir_measures

PerQuery = Callable[[Ranked], Array]
"""Documents in order -> a figure of each query, `(query,)`; any number where no document is relevant."""


def ndcg(cut: int) -> PerQuery:
    """nDCG of the first `cut` documents."""

    def figure(docs: Ranked) -> Array:
        best = docs.grade[np.lexsort((-docs.grade, docs.query))]  # the same queries and ranks, in the best order
        sums = []
        for grade, counts in ((docs.grade, docs.retrieved), (best, True)):
            gains = np.where((docs.rank <= cut) & counts, grade / np.log2(docs.rank + 1.0), 0.0)
            sums.append(np.bincount(docs.query, weights=gains))
        return _share(sums[0], sums[1])

    return figure


def reciprocal_rank(cut: int) -> PerQuery:
    """1 / rank of the first relevant document among the first `cut`, else 0."""

    def figure(docs: Ranked) -> Array:
        found = np.zeros(len(docs.relevant))
        hit = (docs.grade > 0) & docs.retrieved & (docs.rank <= cut)
        np.maximum.at(found, docs.query[hit], 1 / docs.rank[hit])
        return found

    return figure


def average_precision(docs: Ranked) -> Array:
    """Precision at the rank of each relevant document, their mean."""
    hit = (docs.grade > 0) & docs.retrieved
    before: Array = np.cumsum(hit) - hit
    hits = before - before[np.searchsorted(docs.query, docs.query)] + 1  # relevant ones of the query up to this one
    return _share(np.bincount(docs.query, weights=np.where(hit, hits / docs.rank, 0.0)), docs.relevant)


def recall(cut: int) -> PerQuery:
    """Share of the relevant documents that are among the first `cut`."""

    def figure(docs: Ranked) -> Array:
        hit = (docs.grade > 0) & docs.retrieved & (docs.rank <= cut)
        return _share(np.bincount(docs.query, weights=hit), docs.relevant)

    return figure


def _share(part: Array, whole: Array) -> Array:
    """`part / whole`, `(query,)`; 0 where no document is relevant."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _metric(name: str, figure: PerQuery) -> Metric:
    def per_query(predictions: Array, references: Array) -> Array:
        """`(query, 2)`: the figure, and whether there is one."""
        docs = ranked(predictions, references)
        counts = docs.relevant > 0
        return np.stack([np.where(counts, figure(docs), 0.0), counts], axis=1)

    def mean(predictions: Array, references: Array) -> float:
        sums = per_query(predictions, references).sum(axis=0)
        return float(sums[0] / sums[1]) if sums[1] else float("nan")

    def finish(sums: Array, queries: int) -> dict[str, Array]:
        return {name: np.divide(sums[:, 0], sums[:, 1], out=np.full(len(sums), np.nan), where=sums[:, 1] > 0)}

    return Metric(name, mean, "ranking", per_row=per_query, finish=finish, reference=by_ir_measures(name))


RANKING = (
    _metric("ndcg@10", ndcg(10)),
    _metric("mrr@10", reciprocal_rank(10)),
    _metric("map", average_precision),
    _metric("recall@100", recall(100)),
)
