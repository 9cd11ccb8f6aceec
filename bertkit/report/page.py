"""HTML pages in a single file, with style and plots inside, so that they open anywhere without a network.

    page.render("run.html", title="my run", ...)     # the text of the page

A template extends `base.html`, which has head, style and footer, and takes tables and plots from `parts.html`.
Everything is escaped, and made visible (display.py), except plots (plots.py): they are `Markup`, in which matplotlib
has escaped the user's texts.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import bertkit
from bertkit.display import figure, interval, line, visible

TEMPLATES = Path(__file__).parent


def render(template: str, **values: Any) -> str:
    """The text of a page.

    Args:
        template: a file in this folder that extends `base.html`, which needs `title` and optionally `subtitle`.
        values: the variables of the template; a missing one is a bug of ours (`jinja2.UndefinedError`).
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
        finalize=_shown,
    )
    environment.filters["number"] = number
    environment.filters["spread"] = interval
    environment.filters["whole"] = _whole
    return environment


def _shown(value: Any) -> Any:
    """What a page shows of a value, before it is escaped: nothing that hides or reverses a part of it."""
    return line(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _whole(text: str) -> Markup:
    """A filter for a text of several lines, which is not cut."""
    return Markup.escape(visible(text, keep="\n\t"))


def number(value: Any, digits: int = 4) -> str:
    """A figure as in the terminal, `0.9250`; a whole number without decimals."""
    if isinstance(value, int) or (value is not None and float(value).is_integer() and abs(value) >= 2):
        return f"{int(value):,}"
    return figure(value, digits)
