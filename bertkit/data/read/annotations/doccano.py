"""doccano's exports, of all its versions: JSON lines, JSON, and the csv of its text classification.

The text is `text`, in some versions `data`. Entities are `[start, end, label]` in `label`, `labels` or `entities`,
objects with offsets and ids in `entities` beside `relations`, or have the numbers of their labels in `annotations`.
Classes are a list of names in `label`, `labels` or `cats`, or numbers in `annotations`. The csv joins several by `#`.
"""

from __future__ import annotations

from typing import Any

from bertkit.data.read.annotations.export import Annotated, Export, Note, Values, is_triple, listed, same_for_all
from bertkit.data.read.rows import Unusable

_SIGNS = {"id", "Comments", "meta", "annotation_approver"}
_ANSWERS = ("label", "labels", "entities", "cats", "annotations")
_JOINS = "#"


def _fits(values: Values) -> bool:
    if not isinstance(values.get("text", values.get("data")), str):
        return False
    if not _SIGNS & values.keys():
        return isinstance(values.get("labels"), list) and any(map(is_triple, values["labels"]))
    if isinstance(values.get("label"), str):  # csv
        return "Comments" in values or values.keys() == {"id", "data", "label"}
    first = [value[0] for key in _ANSWERS if isinstance(value := values.get(key), list) and value]
    objects = [item for item in first if isinstance(item, dict)]
    if objects:
        return all("start_offset" in item or {"label", "user"} <= item.keys() for item in objects)
    return bool(first) and all(is_triple(item) or isinstance(item, str) for item in first)


def _convert(values: Values, note: Note) -> Annotated:
    used = {*_ANSWERS, "data", "relations", "Comments", "annotation_approver"}
    row = {key: value for key, value in values.items() if key not in used}
    row["text"] = values.get("text", values.get("data"))
    for key in (key for key in _ANSWERS if values.get(key) is not None):
        if isinstance(values[key], str):
            row["label"] = _split(values[key])
            continue
        entities, classes = _sorted(listed(values, key))
        if entities or not classes:
            row["spans"] = [*row.get("spans", []), *entities]
        if classes or not entities:
            row["label"] = [*row.get("label", []), *classes]
    for _ in listed(values, "relations"):
        note("relations between entities, not read")
    return Annotated(row)


def _sorted(items: list[Any]) -> tuple[list[Any], list[Any]]:
    """Entities and classes of one list."""
    entities, classes = [], []
    for number, item in enumerate(items, 1):
        if is_triple(item) or (isinstance(item, dict) and "start_offset" in item):
            entities.append(item)
        elif isinstance(item, dict) and "label" in item:
            classes.append(item["label"])
        elif isinstance(item, str | int):
            classes.append(item)
        else:
            raise Unusable("holds an annotation that doccano does not write", detail=f"number {number}: {item!r:.40}")
    return entities, classes


def _split(joined: str) -> list[str]:
    """The classes of a cell of the csv; a class may itself end in the `#` that joins them (C#)."""
    parts = joined.split(_JOINS)
    return [joined] if len(parts) > 1 and not all(parts) else [part for part in parts if part]


EXPORT = Export("doccano's", _fits, same_for_all(_convert))
