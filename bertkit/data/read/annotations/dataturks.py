"""DataTurks' JSON: `content`, and an `annotation` with labels at places whose ends are the last character.

A class of the whole text is `{"labels": ["spam"]}`, or a list of them. A text without an annotation (null) was not
annotated.
"""

from __future__ import annotations

from typing import Any

from bertkit.data.read.annotations.export import Annotated, Export, Note, Values, objects, same_for_all, span
from bertkit.data.read.rows import Unusable

_USED = ("content", "annotation", "extras", "metadata")


def _fits(values: Values) -> bool:
    annotation = values.get("annotation")
    first = annotation[0] if isinstance(annotation, list) and annotation else annotation
    return isinstance(values.get("content"), str) and isinstance(first, dict) and bool({"points", "labels"} & {*first})


def _convert(values: Values, note: Note) -> Annotated:
    row = {key: value for key, value in values.items() if key not in _USED}
    row["text"] = text = values.get("content")
    annotation = values.get("annotation")
    if annotation is None:
        return Annotated(row, "not annotated in DataTurks")
    if isinstance(annotation, dict):
        return Annotated({**row, "label": _names(annotation.get("labels"))})
    row["spans"] = []
    for one in objects(values, "annotation"):
        names = _names(one.get("label"))
        if not names:
            note("spans without a label, left out")
        for point in objects(one, "points"):
            start, last = point.get("start"), point.get("end")
            end = last + 1 if isinstance(last, int) else last
            row["spans"] += [span(start, end, name, point.get("text"), text) for name in names]
    return Annotated(row)


def _names(value: Any) -> list[str]:
    names = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise Unusable("holds a label that is not a text", detail=f"{value!r:.40}")
    return names


EXPORT = Export("DataTurks'", _fits, same_for_all(_convert))
