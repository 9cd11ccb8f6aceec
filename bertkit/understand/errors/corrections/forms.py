"""An answer in the form in which a file writes it: a label as its name or its number, labels in one cell or many.

Whatever comes out is read back before it replaces a file (apply.py), so a form that is not known here is refused, and
never written wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bertkit.data.columns import label_cells
from bertkit.data.columns.label_map import as_text
from bertkit.data.columns.labels import read_label_names
from bertkit.data.columns.schemes import ROLES
from bertkit.data.columns.spans import KEYS, cell
from bertkit.data.read.rows import Unusable
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

    Raises:
        Unusable: a form that can not be written.
    """
    if kind == "labels" and len(old) > 1:  # a column per label
        return {name: _flag(value, block.label_map.get(name, name) in new) for name, value in old.items()}
    ((name, before),) = old.items()
    makers: dict[str, Any] = {
        "label": lambda: _label(new, before, block),
        "labels": lambda: _labels(new, before, block),
        "choice": lambda: _choice(new, before, row),
        "tags": lambda: in_form(_tags(new, before, block), before),
        "spans": lambda: in_form(_spans(new, cell(before), block), before),
        "answers": lambda: in_form(_answers(new, cell(before)), before),
        "number": lambda: _number(new, before, block),
    }
    return {name: makers[kind]()}


def _known(raw: Any, block: DataBlock) -> Any:
    """The name of a label of the file."""
    if block.label_ids:
        names, text = read_label_names(block.label_names) or [], as_text(raw)
        return names[int(text)] if text.isdecimal() and int(text) < len(names) else raw
    return block.label_map.get(as_text(raw), as_text(raw))


def _raw(label: str, old: Any, block: DataBlock) -> Any:
    """A label as the file writes it: its number, or what `data.label_map` gives this name; of the type of `old`."""
    if block.label_ids:
        number = (read_label_names(block.label_names) or []).index(label)
        return str(number) if isinstance(old, str) else number
    if old is not None and _known(old, block) == label:
        return old
    raw = next((raw for raw, name in block.label_map.items() if name == label), label)
    if isinstance(old, bool) and raw in ("true", "false"):
        return raw == "true"
    return int(raw) if type(old) is int and raw.lstrip("-").isdigit() else raw


def _label(new: str, old: Any, block: DataBlock) -> Any:
    if isinstance(old, list):
        return [_raw(new, next(iter(old), None), block)]
    return _raw(new, old, block)


def _labels(new: Sequence[str], old: Any, block: DataBlock) -> Any:
    if isinstance(old, dict):
        return {name: _flag(value, _known(name, block) in new) for name, value in old.items()}
    items = (
        old if isinstance(old, list) else label_cells.split(str(old or ""), block.label_separator, None, chosen=True)
    )
    known = {_known(item, block): item for item in items}
    names = [known.get(label, _raw(label, next(iter(items), None), block)) for label in new]
    if not isinstance(old, str):
        return names
    return in_form(names, old) if old.strip().startswith("[") else label_cells.joined(names, block.label_separator)


def _tags(new: Sequence[str], old: Any, block: DataBlock) -> list[Any]:
    """Tags; those that do not change as the file has them."""
    text = isinstance(old, str) and not old.strip().startswith("[")
    before = str(old).split() if text else cell(old) or []
    if len(before) != len(new):
        before = [None] * len(new)
    return [raw if _tag(raw, block) == tag else _raw_tag(tag, raw, block) for tag, raw in zip(new, before, strict=True)]


def _tag(raw: Any, block: DataBlock) -> Any:
    """The tag of a word: the whole of it is mapped, or its type (`LabelMap.tag`)."""
    prefix, dash, type_ = as_text(raw).partition("-")
    if block.label_ids or not dash or prefix not in ROLES or as_text(raw) in block.label_map:
        return _known(raw, block)
    return f"{prefix}-{_known(type_, block)}"


def _raw_tag(tag: str, old: Any, block: DataBlock) -> Any:
    prefix, dash, type_ = tag.partition("-")
    if block.label_ids or not dash or prefix not in ROLES or tag in block.label_map.values():
        return _raw(tag, old, block)
    return f"{prefix}-{_raw(type_, None, block)}"


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


def _spans(new: Sequence[dict[str, Any]], old: Any, block: DataBlock) -> list[Any]:
    """Entities; those that the file has already as they are there."""
    if isinstance(old, dict):
        what = "entities by label and mention, as CLUENER has them, can not be changed"
        raise Unusable(what, "write the file with a list of spans first: [[0, 4, PER]]")
    items = old if isinstance(old, list) else []
    known = {(*_parts(item)[:2], _known(_parts(item)[2], block)): item for item in items}
    first = items[0] if items else {}
    label = _parts(first)[2]
    return [
        known.get(tuple(span[key] for key in SPAN), _like({**span, "label": _raw(span["label"], label, block)}, first))
        for span in new
    ]


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
