"""spaCy's training data, `["text", {"entities": [[0, 4, "PER"]], "cats": {"sport": 1.0}}]`, and `Doc.to_json`.

A class holds for a text from 0.5 on, as spaCy's scorer counts it. The NER Annotator for spaCy writes such a list under
`annotations`, beside its `classes`. DocBin files are read by docbin.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bertkit.data.read.annotations.export import Annotated, Export, Note, Values, listed, same_for_all
from bertkit.data.read.rows import Unusable
from bertkit.data.read.sources import Source

THRESHOLD = 0.5
"""The default of spaCy's `textcat` for the classes that a text has."""

_KEYS = {"entities", "cats", "spans", "links", "relations", "tags", "heads", "deps", "words", "sent_starts"}
"""Keys of the annotations beside a text."""


def paired(value: Any) -> Any:
    """A row `["text", {annotations}]` as an object; any other value unchanged."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        return {"text": value[0], "annotations": value[1]} if value[1].keys() <= _KEYS else value
    return value


def at_rows(source: Source, value: Any) -> Source:
    """The source, at the list of rows that the NER Annotator writes."""
    known = isinstance(value, dict) and value.keys() == {"classes", "annotations"}
    return replace(source, key="annotations") if known and not source.key else source


def _fits(values: Values) -> bool:
    if not isinstance(values.get("text"), str):
        return False
    if _is_pair(values) or isinstance(values.get("ents"), list):
        return True
    cats = values.get("cats")
    return isinstance(cats, dict) and bool(cats) and all(isinstance(share, int | float) for share in cats.values())


def _is_pair(values: Values) -> bool:
    return values.keys() == {"text", "annotations"} and isinstance(values["annotations"], dict)


def _convert(values: Values, note: Note) -> Annotated:
    given = values["annotations"] if _is_pair(values) else values
    used = {"annotations", "cats", "entities", "ents", *_KEYS}
    row = {key: value for key, value in values.items() if key not in used and key not in ("tokens", "sents")}
    key = "ents" if "ents" in given else "entities"
    if key in given:
        row["spans"] = listed(given, key)
    for other in ("spans", "links", "relations"):
        if given.get(other):
            note(f"{other} of spaCy's, not read")
    cats = given.get("cats")
    if cats is not None:
        if not isinstance(cats, dict) or not all(isinstance(share, int | float) for share in cats.values()):
            raise Unusable("cats is not an object of numbers", 'write {"sport": 1.0}', detail=f"{cats!r:.40}")
        row["label"] = [name for name, share in cats.items() if share >= THRESHOLD]
    return Annotated(row)


EXPORT = Export("spaCy's", _fits, same_for_all(_convert))
