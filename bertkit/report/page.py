"""Pages that are one file: HTML with its style and its plots inside, which needs no network and opens anywhere.

    page.render("run.html", title="my run", ...)     # the text of the page

A template extends `base.html`, which brings head, style and footer, and takes tables and plots from `parts.html`. All
that is written into a page is escaped, but for the plots (plots.py), which are `Markup` and hold no text of the user's
that matplotlib has not escaped.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import Any

import jinja2

import bertkit

TEMPLATES = Path(__file__).parent


def render(template: str, **values: Any) -> str:
    """The text of a page.

    Args:
        template: a file of this folder; it extends `base.html`, which wants `title` and may have `subtitle`.
        values: what it names; one that it names and that is not given is an error of ours (`jinja2.UndefinedError`).
    """
    return _environment().get_template(template).render(version=bertkit.__version__, **values)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = number
    environment.filters["spread"] = spread
    return environment


def number(value: Any, digits: int = 4) -> str:
    """A figure as the terminal shows it, `0.9250`; a whole one without decimals, one that is undefined as a dash."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 2):
        return f"{int(value):,}"
    return f"{value:.{digits}f}"


def spread(interval: Any, digits: int = 4) -> str:
    """An interval, `0.9162 to 0.9334`; nothing where there is none."""
    low, high = interval or (None, None)
    return "" if low is None or high is None else f"{low:.{digits}f} to {high:.{digits}f}"
