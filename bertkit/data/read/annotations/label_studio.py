"""Label Studio's exports JSON, JSON-MIN, CSV and TSV. Its CONLL export is read as CoNLL.

A task has `data`, as it was imported, and `annotations`, each with `result`s of controls: entities (`labels`), classes
(`choices`), a `rating` or `number`. The first annotation that was not cancelled is used. JSON-MIN and the tables have
the keys of `data` and one key per control, between `id` and `annotator`: a text there may be the class of a control.

The columns: the keys of `data`; `text`, what was annotated; `spans`, of all controls; `label`, if there is one control
of classes; `score`, if there is one of numbers; and where `data` has a `question`, the `context` and `answers`, which
are the entities. A control that `data.columns` names is a column of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bertkit.data.read.annotations.export import Annotated, Convert, Export, Note, Values, listed, objects, span
from bertkit.data.read.json_text import describe, parse
from bertkit.data.read.rows import Unusable

LISTS = ("annotations", "completions")
"""Key of a task's annotations; the second is that of versions before 1.0."""

NUMBERS = ("rating", "number")
KINDS = ("labels", "choices", *NUMBERS)
"""Types of results that are read; each is also the key of its value."""

_OWN = {"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
"""Keys of JSON-MIN that are neither data nor answers."""


@dataclass
class _Found:
    """What the controls of one task hold, by the controls' names."""

    spans: dict[str, list[Values]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    """Names of what was annotated, that of entities first."""


def _is_task(values: Values) -> bool:
    return isinstance(values.get("data"), dict) and any(isinstance(values.get(key), list) for key in LISTS)


def _fits(values: Values) -> bool:
    if _is_task(values) or {"annotator", "annotation_id"} <= values.keys():
        return True
    first = [value[0] for value in values.values() if isinstance(value, list) and value]
    return any(isinstance(item, dict) and "start" in item and isinstance(item.get("labels"), list) for item in first)


def _opened(rows: Sequence[Values], asked: set[str]) -> Convert:
    names = {name for row in rows for name in _class_controls(row)}
    return functools.partial(_convert, asked=asked, classes=names)


def _class_controls(row: Values) -> list[str]:
    """Names of the controls with classes in a row; none if it is malformed, which is reported when it is converted."""
    try:
        return list(_found(_results(row, lambda reason: None)[1], lambda reason: None).choices)
    except Unusable:
        return []


def _convert(values: Values, note: Note, *, asked: set[str], classes: set[str]) -> Annotated:
    data, results, left_out = _results(values, note)
    found = _found(results, note)
    row = {**data, **({"id": values["id"]} if "id" in values else {})}
    text = _text(data, found)
    if text is not None:
        row["text"] = text
    if left_out:
        return Annotated(row, left_out)
    own: Values = {name: [_fitted(one, text) for one in spans] for name, spans in found.spans.items()}
    row["spans"] = [one for spans in own.values() for one in spans]
    if new := sorted(found.choices.keys() - classes):
        todo = f"name the column of the label: data.columns.label={new[0]}"
        raise Unusable("has classes of a control that no earlier task has", todo, detail=new[0])
    if len(classes) == 1:
        row["label"] = next(iter(found.choices.values()), [])
    if len(found.numbers) == 1:
        row["score"] = next(iter(found.numbers.values()))
    if isinstance(data.get("question"), str) and text is not None and (found.spans or "answers" not in data):
        row["context"] = text
        row["answers"] = [_answer(one, text) for one in row["spans"]]
    own |= {**found.choices, **found.numbers}
    wanted = {*asked, *(found.choices if len(classes) > 1 else ())}
    flat = not _is_task(values)  # then a text of the data may have been taken for a class
    row |= {name: value for name, value in own.items() if name in wanted and not (flat and name in data)}
    return Annotated(row)


def _results(values: Values, note: Note) -> tuple[Values, list[Values], str]:
    """A task's data, its results and why it has none, if so; JSON-MIN is brought into the same form."""
    if not _is_task(values):
        data, results = _flat(values)
        return data, results, ""
    key = next(key for key in LISTS if isinstance(values.get(key), list))
    annotations = objects(values, key)
    done = [one for one in annotations if not (one.get("was_cancelled") or one.get("skipped"))]
    if not done:
        return values["data"], [], "cancelled in Label Studio" if annotations else "not annotated in Label Studio"
    for _ in annotations[len(done) :]:
        note("cancelled annotations, left out")
    for _ in done[1:]:
        note("further annotations of a task, left out; the first one is used")
    return values["data"], objects(done[0], "result"), ""


def _flat(values: Values) -> tuple[Values, list[Values]]:
    """Data and results of a row of JSON-MIN."""
    names = list(values)
    between = names[names.index("id") + 1 : names.index("annotator")] if {"id", "annotator"} <= {*names} else []
    results: list[Values] = []
    data: Values = {}
    for name, value in values.items():
        value = _cell(value)
        one = isinstance(value, dict) and isinstance(value.get("choices"), list)
        items = value if isinstance(value, list) else [value] if one else []
        if items and all(isinstance(item, dict) and {*KINDS} & item.keys() for item in items):
            results += [{"from_name": name, "type": _kind(item), "value": item} for item in items]
        else:
            if name in between and isinstance(value, str) and name != "text":
                results.append({"from_name": name, "type": "choices", "value": {"choices": [value]}})
            if name not in _OWN:
                data[name] = value
    return data, results


def _cell(value: Any) -> Any:
    """The value of a cell of the CSV and TSV exports that holds results."""
    if isinstance(value, str) and value.startswith(("[{", '{"')):
        try:
            return parse(value)
        except (ValueError, RecursionError):
            return value
    return value


def _kind(item: Values) -> str:
    kind = next(kind for kind in KINDS if kind in item)
    return "hypertextlabels" if kind == "labels" and "startOffset" in item else kind


def _found(results: list[Values], note: Note) -> _Found:
    found = _Found()
    for kind, name, value, target in _each(results):
        if kind in ("hypertextlabels", "paragraphlabels"):
            raise Unusable(f"has {kind}, whose places are not characters of a text", "annotate plain text (<Text>)")
        if kind == "labels":
            found.targets.insert(0, target)
            found.spans.setdefault(name, []).extend(_regions(value, note))
        elif kind == "choices" and "start" not in value:
            found.targets.append(target)
            found.choices.setdefault(name, []).extend(listed(value, "choices"))
        elif kind in NUMBERS:
            found.targets.append(target)
            found.numbers[name] = value.get(kind)
        else:
            note(f"results of the type {kind}{' of a part of a text' if kind == 'choices' else ''}, not read")
    return found


def _each(results: list[Values]) -> Iterator[tuple[str, str, Values, str]]:
    """Type, control, value and target of each result."""
    for result in results:
        value = result.get("value", {})
        if not isinstance(value, dict):
            raise Unusable("has a result whose value is not an object", detail=f"found {describe(value)}")
        yield str(result.get("type")), str(result.get("from_name")), value, str(result.get("to_name", ""))


def _regions(value: Values, note: Note) -> list[Values]:
    """One entity per label of a region."""
    if not (labels := listed(value, "labels")):
        note("regions without a label, left out")
    return [span(value.get("start"), value.get("end"), label, value.get("text"), None) for label in labels]


def _text(data: Values, found: _Found) -> str | None:
    """What was annotated: the key of the target's name, else where the mentions are found, else `text`, else the only
    text."""
    texts = {key: value for key, value in data.items() if isinstance(value, str) and key not in found.choices}
    named = [texts[target] for target in found.targets if target in texts]
    spans = [one for spans in found.spans.values() for one in spans if isinstance(one.get("text"), str)]
    fitting = [text for text in texts.values() if all(_is_there(one, text) for one in spans)]
    if named:
        return named[0]
    if spans and len(fitting) == 1:
        return fitting[0]
    return texts.get("text", next(iter(texts.values())) if len(texts) == 1 else None)


def _is_there(one: Values, text: str) -> bool:
    return "text" not in _fitted(one, text)


def _fitted(one: Values, text: str | None) -> Values:
    return span(one["start"], one["end"], one["label"], one.get("text"), text)


def _answer(one: Values, text: str) -> Values:
    start, end = one["start"], one["end"]
    there = text[start:end] if isinstance(start, int) and isinstance(end, int) else None
    return {"text": one.get("text", there), "answer_start": start}


EXPORT = Export("Label Studio's", _fits, _opened)
