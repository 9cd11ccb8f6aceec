"""How well an index of vectors finds the nearest documents, against comparing all of them in float32."""

from __future__ import annotations

import numpy as np

from bertkit.search.exact import unit
from bertkit.search.index.about import Recall
from bertkit.search.index.store import ID, Store

AT = 10
QUERIES = {True: 200, False: 20}
"""Documents that are asked for their neighbours, with an index of vectors and without: all are compared anyway."""


def recall_of(store: Store) -> Recall:
    """How many of the nearest documents a search finds, against comparing all in float32."""
    rows = store.rows()
    drawn = np.random.default_rng(0).choice(rows, min(QUERIES[store.has_vector_index], len(rows)), replace=False)
    documents = store.at(drawn.tolist(), [ID])
    own = store.vectors([document[ID] for document in documents.values()])
    hits = total = 0
    for vector in unit(own):
        exact = store.nearest(vector, AT, exact=True)
        found = store.nearest(vector, AT)
        floor = exact.cosines.min(initial=1.0) - 1e-6  # of equally near ones any will do
        hits += int((found.cosines >= floor).sum())
        total += len(exact.rows)
    return Recall(at=AT, recall=hits / max(total, 1), queries=len(own), documents=len(rows))
