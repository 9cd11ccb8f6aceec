"""Vectors -> points of a plane, and how far neighbours there can be trusted.

- `pca`: the two directions with most variance (scikit-learn). Distances keep their meaning, and the share of the
  variance that they hold is known.
- `umap` (McInnes et al. 2018; the extra `projector`): near points stay near. Distances between groups, and the sizes
  of groups, mean little.

Trustworthiness (Venna and Kaski 2001): 1 where the nearest points of the plane are near among the vectors too, about
0.5 where the plane is drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from bertkit import extras

Method = Literal["pca", "umap"]
METHODS: tuple[str, ...] = get_args(Method)
NEAREST = 10
"""Neighbours of a point that trustworthiness looks at."""
DRAWN = 2000
"""Points that it is measured on, as it compares all pairs."""
FEWEST = 3
"""Rows that a plane needs."""


@dataclass(frozen=True)
class Projection:
    """Points `(row, 2)` of a plane.

    Args:
        variance: share of each direction; empty for a method that has none.
        trustworthiness: 0 to 1; None for too few points.
        measured: points that it was measured on.
    """

    method: Method
    points: np.ndarray
    variance: list[float]
    trustworthiness: float | None
    measured: int


def project(vectors: np.ndarray, method: Method = "pca", *, seed: int = 0, nearest: int = NEAREST) -> Projection:
    """Args: vectors: `(row, size)`, at least `FEWEST` rows. nearest: neighbours of each point.

    Raises:
        ExtraError: UMAP is not installed.
    """
    vectors = np.nan_to_num(vectors.astype(np.float32))
    points, variance = (_by_pca if method == "pca" else _by_umap)(vectors, seed)
    trust, measured = trustworthiness(vectors, points, seed=seed, nearest=nearest)
    return Projection(method, points, variance, trust, measured)


def trustworthiness(
    vectors: np.ndarray, points: np.ndarray, *, seed: int = 0, nearest: int = NEAREST
) -> tuple[float | None, int]:
    """The figure, and how many points it was measured on: all, or `DRAWN` of them at random."""
    from sklearn.manifold import trustworthiness as measure

    chosen = np.arange(len(vectors))
    if len(vectors) > DRAWN:
        chosen = np.random.default_rng(seed).choice(len(vectors), DRAWN, replace=False)
    nearest = min(nearest, (len(chosen) - 1) // 2)  # it is defined for less than half of the points
    if nearest < 1:
        return None, len(chosen)
    return float(measure(vectors[chosen], points[chosen], n_neighbors=nearest)), len(chosen)


def _by_pca(vectors: np.ndarray, seed: int) -> tuple[np.ndarray, list[float]]:
    from sklearn.decomposition import PCA

    count = min(2, vectors.shape[1])
    found = PCA(count, random_state=seed)
    points = found.fit_transform(vectors)
    if count < 2:
        points = np.concatenate([points, np.zeros_like(points)], axis=1)
    return points, np.nan_to_num(found.explained_variance_ratio_).tolist()


def _by_umap(vectors: np.ndarray, seed: int) -> tuple[np.ndarray, list[float]]:
    umap: Any = extras.need("umap", extra="projector", feature="--method umap")
    near = min(15, len(vectors) - 1)
    start = "spectral" if len(vectors) > 50 else "random"  # a graph of few points has too few eigenvectors
    found = umap.UMAP(n_neighbors=near, metric="cosine", random_state=seed, n_jobs=1, init=start)
    return np.nan_to_num(found.fit_transform(vectors)), []
