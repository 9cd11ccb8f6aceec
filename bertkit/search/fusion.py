"""One ranking of several: reciprocal rank fusion (Cormack, Clarke and Buettcher 2009).

Scores of BM25 and cosines can not be added; ranks can. A document gets 1 / (60 + its rank) from each ranking that has
it. Their constant 60 was found on TREC's collections, and is what other search engines use.
"""

from __future__ import annotations

from collections.abc import Sequence

CONSTANT = 60


def fused(rankings: Sequence[Sequence[int]], count: int) -> list[tuple[int, float]]:
    """The `count` documents with the highest sums, and these; of equal ones the first of the first ranking that has
    them.

    Args:
        rankings: numbers of documents, the best first, each once.
    """
    sums: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, 1):
            sums[number] = sums.get(number, 0.0) + 1 / (CONSTANT + rank)
    return sorted(sums.items(), key=lambda one: -one[1])[:count]
