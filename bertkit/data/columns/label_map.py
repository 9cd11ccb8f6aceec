"""Labels of the files -> names (`data.label_map`), and labels that are left out (`data.drop_labels`)."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from bertkit.data.columns.schemes import ROLES
from bertkit.data.read.rows import Unusable, leave_out
from bertkit.errors import did_you_mean
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")


class LabelMap:
    """Names labels, and counts those that are left out; `settle` reports them."""

    def __init__(self, block: DataBlock):
        self._names = block.label_map
        self._known = {*block.label_map.values()}
        self._drop = {*block.drop_labels}
        self._rows: Counter[str] = Counter()
        self._labels: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._names)

    def drops_row(self, value: Any) -> bool:
        """Whether a row with this one label, or a list of it, is left out."""
        if isinstance(value, list) and len(value) < 2:
            value = value[0] if value else None
        return self._drops(value, self._rows)

    def drops(self, value: Any) -> bool:
        """Whether this label of several is left out."""
        return self._drops(value, self._labels)

    def _drops(self, value: Any, counts: Counter[str]) -> bool:
        if not self._drop or not (value is None or isinstance(value, str | int)):
            return False
        text = as_text(value)
        counts[text] += text in self._drop
        return text in self._drop

    def name(self, text: str) -> str:
        """The name of a label; a label that is one of the names already stays.

        Raises:
            Unusable: data.label_map lacks it.
        """
        if text in self._names:
            return self._names[text]
        if not self._names or text in self._known:
            return text
        raise Unusable("is not in data.label_map", did_you_mean(text, self._names), detail=f"{text!r:.40}")

    def tag(self, tag: str) -> str:
        """The tag of a word: the whole tag is mapped, or the type behind its prefix. O stays if it is not mapped.

        Raises:
            Unusable: data.label_map lacks it.
        """
        prefix, dash, kind = tag.partition("-")
        if tag in self._names or not (dash and prefix in ROLES):
            return tag if tag == "O" and tag not in self._names else self.name(tag)
        return f"{prefix}-{self.name(kind)}"

    def settle(self) -> None:
        """Log what was left out, by label, and count the rows."""
        for what, counts in (("rows", self._rows), ("labels", self._labels)):
            if total := counts.total():
                by_label = ", ".join(f"{label or 'none'} {count:,}" for label, count in counts.items() if count)
                log.info("%s left out by data.drop_labels: %s (%s)", what, f"{total:,}", by_label)
        leave_out(dropped=self._rows.total())


def as_text(value: Any) -> str:
    """A label of a file as data.label_map and data.drop_labels write it: whole numbers and true are texts."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
