"""Prodigy's annotations, as `prodigy db-out` writes them: JSON lines with the `answer` that the annotator gave.

Only accepted ones are used; rejected and ignored ones are counted. A rejected label says what a text is not, which no
column holds. `ner.teach` and the like ask about one entity of a text: such rows are used, with a warning.
"""

from __future__ import annotations

from typing import Any

from bertkit.data.read.annotations.export import Annotated, Export, Note, Values, objects, same_for_all, span
from bertkit.data.read.rows import Unusable

ANSWERS = {"accept": "", "reject": "rejected in Prodigy", "ignore": "ignored in Prodigy"}
"""Answer -> why such a row is not used."""

_KEYS = {"_input_hash", "_task_hash", "spans", "accept", "options", "label", "tokens"}
_USED = {"spans", "accept", "options", "label", "answer", "tokens", "config", "relations"}


def _fits(values: Values) -> bool:
    answer = values.get("answer")
    known = isinstance(answer, str) and answer in ANSWERS
    return known and isinstance(values.get("text"), str) and bool(_KEYS & values.keys())


def _convert(values: Values, note: Note) -> Annotated:
    answer = values.get("answer")
    if not isinstance(answer, str) or answer not in ANSWERS:
        raise Unusable("has no answer of Prodigy's", "it is accept, reject or ignore", detail=f"found {answer!r:.40}")
    row = {key: value for key, value in values.items() if key not in _USED and not key.startswith("_")}
    if "spans" in values:
        row["spans"] = [_span(one, values.get("text")) for one in objects(values, "spans") if _is_labelled(one, note)]
    label = values.get("accept", values.get("label"))
    if label is not None:
        row["label"] = label if isinstance(label, list) else [label]
    if answer == "accept":
        if values.get("_view_id") == "ner":
            note("Prodigy's questions about one entity: other entities of the text are not marked")
        for _ in objects(values, "relations"):
            note("relations between entities, not read")
    return Annotated(row, ANSWERS[answer])


def _is_labelled(one: Values, note: Note) -> bool:
    if one.get("label") is None:
        note("spans without a label, left out")
    return one.get("label") is not None


def _span(one: Values, text: Any) -> Values:
    return span(one.get("start"), one.get("end"), one["label"], one.get("text"), text)


EXPORT = Export("Prodigy's", _fits, same_for_all(_convert))
