"""An answer in the form in which a file writes it: a label as its name or its number, labels in one cell or many.

Whatever comes out is read back before it replaces a file (apply.py), so a form that is not known here is refused, and
never written wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bertkit.data.columns import label_cells
from bertkit.data.columns.labels import read_label_names
from bertkit.data.columns.spans import KEYS, cell
from bertkit.recipe.schema import DataBlock
from bertkit.understand.errors.corrections.values import in_form

SPAN = ("start", "end", "label")


def written(kind: str, new: Any, old: Mapping[str, Any], row: Mapping[str, Any], block: DataBlock) -> dict[str, Any]:
    """Column of the file -> its new value.

    Args:
        kind: of the task's column.
        new: the corrected answer, as the column holds it.
        old: the file's columns of the answer, with their values.
        row: the row with the task's columns.
    """
    if kind == "labels" and len(old) > 1:  # a column per label
        return {name: _flag(value, block.label_map.get(name, name) in new) for name, value in old.items()}
    ((name, before),) = old.items()
    makers: dict[str, Any] = {
        "label": lambda: _label(new, before, block),
        "labels": lambda: _labels(new, before, block),
        "choice": lambda: _choice(new, before, row),
        "tags": lambda: in_form([_named(tag, None, block) for tag in new], before),
        "spans": lambda: in_form(_spans(new, cell(before)), before),
        "answers": lambda: in_form(_answers(new, cell(before)), before),
        "number": lambda: _number(new, before, block),
    }
    return {name: makers[kind]()}


def _named(label: str, old: Any, block: DataBlock) -> Any:
    """A label, or its number where the file has numbers."""
    if block.label_ids:
        number = (read_label_names(block.label_names) or []).index(label)
        return str(number) if isinstance(old, str) else number
    return int(label) if type(old) is int and label.lstrip("-").isdigit() else label


def _label(new: str, old: Any, block: DataBlock) -> Any:
    return [_named(new, None, block)] if isinstance(old, list) else _named(new, old, block)


def _labels(new: Sequence[str], old: Any, block: DataBlock) -> Any:
    if isinstance(old, dict):
        return {name: _flag(value, name in new) for name, value in old.items()}
    names = [_named(label, None, block) for label in new]
    if not isinstance(old, str):
        return names
    return in_form(names, old) if old.strip().startswith("[") else label_cells.joined(names, block.label_separator)


def _flag(old: Any, there: bool) -> Any:
    """1 or 0, or true or false, as the file writes it."""
    if isinstance(old, bool):
        return there
    text = str(old).strip().lower()
    if text in ("true", "false"):
        return "true" if there else "false"
    number = 1.0 if there else 0.0
    return (f"{number}" if "." in text else f"{number:.0f}") if isinstance(old, str) else type(old)(number)


def _choice(new: int, old: Any, row: Mapping[str, Any]) -> Any:
    if isinstance(old, str) and not old.strip().isdigit():
        texts = next(
            value for value in row.values() if isinstance(value, list) and all(isinstance(v, str) for v in value)
        )
        return texts[new]
    return str(new) if isinstance(old, str) else new


def _spans(new: Sequence[dict[str, Any]], old: Any) -> list[Any]:
    """Entities; those that the file has already as they are there."""
    items = old if isinstance(old, list) else []
    known = {tuple(_parts(item)): item for item in items}
    first = items[0] if items else {}
    return [known.get(tuple(span[key] for key in SPAN), _like(span, first)) for span in new]


def _parts(item: Any) -> list[Any]:
    if isinstance(item, list):
        return item[:3]
    return [next((item[name] for name in KEYS[key] if name in item), None) for key in SPAN]


def _like(span: dict[str, Any], other: Any) -> Any:
    """A span with the names that another one has."""
    if isinstance(other, list):
        return [span[key] for key in SPAN]
    return {next((name for name in KEYS[key] if name in other), key): span[key] for key in SPAN}


def _answers(new: Sequence[dict[str, Any]], old: Any) -> Any:
    if isinstance(old, dict):
        start = "answer_start" if "answer_start" in old else "start"
        return {**old, "text": [one["text"] for one in new], start: [one["start"] for one in new]}
    start = "start" if isinstance(old, list) and old and "answer_start" not in old[0] else "answer_start"
    return [{"text": one["text"], start: one["start"]} for one in new]


def _number(new: float, old: Any, block: DataBlock) -> Any:
    value: Any = int(new) if float(new).is_integer() and not isinstance(old, float) else new
    if isinstance(old, str):
        return str(value).replace(".", block.decimal)
    return value
