"""Files in the forms that people have: what each holds, and the keys of a recipe that read it.

A module per family lists its `FORMS`. tests/test_good_input.py reads each form, trains on it, evaluates and predicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Form(NamedTuple):
    """Files that are right, and what is to be read from them."""

    name: str
    files: Mapping[str, str | bytes]
    """Name -> content; a text is written as UTF-8."""
    train: str
    """`data.train`: what is read."""
    rows: int
    """Rows used."""
    answers: Mapping[str, int]
    """How often each answer occurs, in the words of `answers_of`."""
    task: str = "classify"
    sets: Sequence[str] = ()
    """`KEY=VALUE` texts, besides `data.train`."""
    inputs: Sequence[str] = ()
    """Texts that must be among the inputs of the rows, if any are given."""
    warns: Sequence[str] = ()
    """Parts of the warnings or log lines that must be shown."""


def write(form: Form, folder: Path) -> None:
    """Write the form's files."""
    for name, content in form.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def answers_of(columns: Sequence[Any], rows: Sequence[dict[str, Any]]) -> Counter[str]:
    """How often each answer occurs: a label, a number (`2.25`), an entity (`PER Mara`), an answer's text (`no answer`
    where there is none) or the number of a choice."""
    counts: Counter[str] = Counter()
    for column in columns:
        if column.answer:
            for row in rows:
                if column.name in row and row[column.name] is not None:
                    counts.update(_said(column.kind, row[column.name], row))
    return counts


def _said(kind: str, value: Any, row: dict[str, Any]) -> list[str]:
    if kind in ("label", "number", "choice"):
        return [str(value)]
    if kind == "labels":
        return list(value)
    if kind == "spans":
        return [f"{span['label']} {row['text'][span['start'] : span['end']]}" for span in value]
    if kind == "answers":
        return [answer["text"] for answer in value] or ["no answer"]
    if kind == "tags":
        return _entities(value, row["tokens"])
    raise AssertionError(f"no such kind of answers: {kind}")


def _entities(tags: Sequence[str], words: Sequence[str]) -> list[str]:
    """Entities of IOB2 or IOB1 tags, their words joined by spaces."""
    found: list[list[str]] = []
    before = "O"
    for tag, word in zip(tags, words, strict=True):
        kind = tag.partition("-")[2]
        if tag != "O" and (tag.startswith(("B-", "S-")) or before.partition("-")[2] != kind):
            found.append([kind, word])
        elif tag != "O":
            found[-1].append(word)
        before = tag
    return [" ".join(entity) for entity in found]


def inputs_of(columns: Sequence[Any], rows: Sequence[dict[str, Any]]) -> set[str]:
    """The texts of all inputs; words joined by spaces."""
    names = [column.name for column in columns if not column.answer]
    values = (row[name] for row in rows for name in names if row.get(name) is not None)
    return {value if isinstance(value, str) else " ".join(value) for value in values}
