"""The page of points: what it says, and that strangers' texts are data."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from bertkit.report.understand.projector import page
from bertkit.understand.projector.points import Points
from bertkit.understand.projector.projection import Projection, project
from bertkit.understand.projector.record import record

VECTORS = np.random.default_rng(0).normal(size=(6, 3))
EVIL = "</script><script>alert(1)</script>"


def made(projection: Projection | None = None, name: str = "run") -> str:
    points = Points(VECTORS, {"label": ["a", "b", EVIL] * 2, EVIL: ["x", "y"] * 3})
    return page(record(points, projection or project(VECTORS)), name=name)


def test_strangers_texts_are_data() -> None:
    html = made(name=EVIL)
    assert EVIL not in html
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    data: dict[str, Any] = json.loads(text)
    assert data["names"] == ["label", EVIL]
    assert data["rows"] == 6


def test_what_it_says_of_the_plane() -> None:
    html = made()
    assert re.search(r"hold \d+% of it \(\d+\.\d% and \d+\.\d%\)", html)
    assert "Trustworthiness" in html
    umap = made(Projection("umap", VECTORS[:, :2], [], 0.9, 3))
    assert "distances between groups and their sizes mean little" in umap
    assert "measured on 3 rows" in umap
    assert "Trustworthiness" not in made(Projection("umap", VECTORS[:, :2], [], None, 6))


def test_nothing_is_loaded() -> None:
    assert not re.search(r"https?://|src=|@import", made())
