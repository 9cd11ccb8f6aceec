"""A frame with a title, in place of what matplotlib draws: a plot takes a tenth of a second, and a page has five."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup


def frame(paint: Any, *, title: str, x: str = "", y: str = "") -> Markup:
    """As `bertkit.report.plots.drawn`."""
    return Markup('<svg viewBox="0 0 1 1" role="img" aria-label="{}"></svg>').format(f"{title} {x} {y}")
