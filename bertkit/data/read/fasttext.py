"""fastText's files: `__label__pos a fine film`, one row per line, with one label or several.

As in fastText itself, every word with the prefix is a label, wherever it stands, and all others are the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bertkit.data.read.lines import lines
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source
from bertkit.recipe.schema import DataBlock

PREFIX = "__label__"
_LABEL = re.compile(rf"(?:(?<=\s)|^){PREFIX}(\S+)(?:\s+|$)")


def read_fasttext(source: Source, block: DataBlock) -> Iterator[Record]:
    """One row per line: `text`, and `label`, a list of names; None where a line has no label, which trains nothing."""
    blank, number = Tally(), 0
    for line, content in enumerate(lines(source, block), 1):
        place = source.line(line)
        if not content.strip():
            blank.add("blank lines skipped", place)
            continue
        number += 1
        labels = _LABEL.findall(content)
        yield Record(place, number, {"text": _LABEL.sub("", content).strip(), "label": labels or None})
    blank.warn()
