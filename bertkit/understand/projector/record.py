"""Points as a page holds them: places of 16 bits, columns as numbers of their values, texts compressed."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.display import visible
from bertkit.understand.projector.points import Points
from bertkit.understand.projector.projection import Projection

CATEGORIES = 300
"""Most distinct values of a column that points are coloured by; one with more is only shown and searched."""
CHARACTERS = 300
"""Of a value that is shown."""
PREFERRED = ("correct", "expected", "label", "predicted")
"""Columns that colour points at first, in this order."""


def record(points: Points, projection: Projection) -> dict[str, Any]:
    """Plain values, for the page."""
    scaled = _scaled(projection.points)
    columns = {visible(name): values for name, values in points.columns.items()}
    coloured = {name: found for name, values in columns.items() if (found := _column(values))}
    shown = {name: [_shown(value) for value in values] for name, values in columns.items()}
    return {
        "rows": len(scaled),
        "places": _text(scaled.tobytes()),
        "columns": coloured,
        "values": _text(zlib.compress(json.dumps(shown, ensure_ascii=False).encode("utf-8"), 6)),
        "names": list(shown),
        "first": next((name for name in (*PREFERRED, *coloured) if name in coloured), None),
        "method": projection.method,
        "variance": projection.variance,
        "trustworthiness": projection.trustworthiness,
        "measured": projection.measured,
    }


def _scaled(points: np.ndarray) -> np.ndarray:
    """`(row, 2)` whole numbers from 0 to 65,535, with one scale for both directions."""
    low, high = points.min(0), points.max(0)
    scale = float((high - low).max()) or 1.0
    middle = (low + high) / 2
    return np.rint((points - middle) / scale * 65535 + 32767.5).clip(0, 65535).astype("<u2")


def _column(values: Sequence[Any]) -> dict[str, Any] | None:
    """How a column colours points: `numbers` by their size, else each value by a colour of its own. None: it does not,
    as it has too many values, or only one."""
    numbers = _numbers(values)
    if numbers is not None:
        distinct = len(np.unique(numbers[np.isfinite(numbers)]))
        if distinct > 12:
            low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
            codes = np.where(np.isfinite(numbers), np.rint((numbers - low) / (high - low or 1) * 65534), 65535)
            return {"kind": "numbers", "low": low, "high": high, "codes": _text(codes.astype("<u2").tobytes())}
    names = [_shown(value) for value in values]
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    if not 1 < len(counts) <= CATEGORIES:
        return None
    order = sorted(counts, key=lambda name: (-counts[name], name))
    number = {name: place for place, name in enumerate(order)}
    codes = np.array([number[name] for name in names], dtype="<u2")
    return {"kind": "categories", "names": order, "counts": [counts[n] for n in order], "codes": _text(codes.tobytes())}


def _numbers(values: Sequence[Any]) -> np.ndarray | None:
    """`(row,)`, nan where a value is missing; None where one is no number. A csv has numbers as texts."""
    found = []
    for value in values:
        if value is None or value == "":
            found.append(math.nan)
        elif isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return None
        else:
            try:
                found.append(float(value))
            except (ValueError, OverflowError):
                return None
    numbers = np.array(found)
    numbers[~np.isfinite(numbers)] = math.nan
    return numbers if np.isfinite(numbers).any() else None


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float):
        text = f"{value:.4g}"
    return visible(text[:CHARACTERS] + ("…" if len(text) > CHARACTERS else ""))


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
