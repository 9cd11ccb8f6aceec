"""Columns of a file of predictions -> labels and probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.data.columns import label_cells
from bertkit.data.read.rows import Unusable
from bertkit.errors import did_you_mean
from bertkit.tasks import label_match
from bertkit.tasks.parsing import number, position


class LabelNames:
    """The labels that a cell may name.

    Args:
        ordered: whether a cell may also have a label's number, as the data set has an order.
    """

    def __init__(self, labels: Sequence[str], *, ordered: bool):
        self.labels, self.ordered = labels, ordered
        self._plain = {label_match.plain(name): name for name in labels}

    def named(self, value: Any) -> str:
        """The label that a cell names.

        Raises:
            Unusable: none.
        """
        text = str(value).strip() if value is not None else ""
        if text in self.labels or label_match.plain(text) in self._plain:
            return text if text in self.labels else self._plain[label_match.plain(text)]
        if self.ordered and (known := position(text, len(self.labels))) is not None:
            return self.labels[known]
        raise Unusable(f"an unknown label: {text!r:.40}", did_you_mean(text, self.labels))

    def several(self, value: Any, separator: str) -> list[str]:
        """The labels of a cell that may name any number of them (raises as `named`)."""
        text = "" if value is None else str(value)
        parts = value if isinstance(value, list) else label_cells.split(text, separator, [*self.labels], chosen=True)
        return [self.named(part) for part in parts]


def probabilities(columns: dict[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """The part `probabilities` of an answer; empty unless there is one of each label.

    Raises:
        Unusable: one is no number.
    """
    cells = {name: columns.get(f"probability_{name}") for name in labels}
    if any(cell is None or cell == "" for cell in cells.values()):
        return {}
    return {"probabilities": {name: number(cell) for name, cell in cells.items()}}
