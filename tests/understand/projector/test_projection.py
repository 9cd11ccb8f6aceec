"""Planes: known directions, and how far they can be trusted."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from bertkit import extras
from bertkit.errors import ExtraError
from bertkit.understand.projector import projection
from bertkit.understand.projector.projection import project, trustworthiness

DRAW = np.random.default_rng(0)
FLAT = np.concatenate([DRAW.normal(size=(60, 2)) * [3, 1], np.zeros((60, 6))], axis=1)
"""Points of a plane, in eight dimensions."""


def test_a_plane_is_found_again() -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))
    found = project(FLAT @ turn)
    assert sum(found.variance) == pytest.approx(1)
    assert found.variance[0] > found.variance[1]
    assert found.trustworthiness == pytest.approx(1)
    apart = [np.linalg.norm(one[:, None] - one[None], axis=-1) for one in (FLAT, found.points)]
    assert apart[1] == pytest.approx(apart[0], abs=1e-3)


def test_a_plane_by_chance_is_not_trusted() -> None:
    value, measured = trustworthiness(FLAT, DRAW.normal(size=(60, 2)))
    assert value is not None and 0.3 < value < 0.7
    assert measured == 60


def test_it_is_measured_on_some_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "DRAWN", 20)
    found = project(FLAT)
    assert found.measured == 20
    assert found.trustworthiness == pytest.approx(1)


def test_few_rows_one_dimension_and_equal_vectors() -> None:
    assert project(np.ones((3, 1))).points.shape == (3, 2)
    assert project(np.eye(3)).trustworthiness is not None
    equal = project(np.ones((5, 4)))
    assert np.isfinite(equal.points).all()
    assert np.isfinite(equal.variance).all()
    assert np.isfinite(project(np.array([[np.nan, 1.0], [0, 1], [1, 0]])).points).all()


def test_without_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda name: name != "umap")
    with pytest.raises(ExtraError, match=r"bertkit\[projector\]"):
        project(FLAT, "umap")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("umap") is None, reason="umap-learn is not installed")
def test_umap_keeps_groups_apart() -> None:
    groups = np.concatenate([DRAW.normal(size=(40, 8)) + 20 * np.eye(8)[n] for n in range(3)])
    found = project(groups, "umap")
    assert found.variance == []
    assert found.trustworthiness is not None and found.trustworthiness > 0.7
    centres = found.points.reshape(3, 40, 2).mean(1)
    spread = np.linalg.norm(found.points.reshape(3, 40, 2) - centres[:, None], axis=-1).mean()
    assert min(np.linalg.norm(centres[a] - centres[b]) for a, b in ((0, 1), (0, 2), (1, 2))) > 2 * spread
    assert project(groups[:4], "umap").points.shape == (4, 2)
