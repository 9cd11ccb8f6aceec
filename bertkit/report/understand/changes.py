"""What changed in a text, marked for a page."""

from __future__ import annotations

import difflib
import re

from markupsafe import Markup

from bertkit.display import line

_PARTS = re.compile(r"\s+|\w+|[^\w\s]")


def marked(before: str, after: str) -> Markup:
    """The text after a change, with what is new marked, and a sign where something is gone."""
    old, new = _PARTS.findall(line(before)), _PARTS.findall(line(after))
    parts = []
    for kind, _, _, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        text = Markup.escape("".join(new[first:last]))
        parts.append(
            Markup("<del></del>")
            if kind == "delete"
            else text
            if kind == "equal"
            else Markup("<mark>{}</mark>").format(text)
        )
    return Markup("").join(parts)
