"""The labels of one row, in the notations that other tools write.

    a,b                             names, split at `data.label_separator`
    ["a", "b"]  ['a', 'b']  {'a'}   JSON; a list, tuple or set as Python or numpy prints it
    [0, 1, 0]  0,1,0                one-hot: a value for each name, if the names are known
    {"a": 0, "b": 1}                a value for each name: also one column per label

What can be read in two ways is refused, and the remedy names the option that decides.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bertkit.data.columns.labels import HIDDEN, HIDDEN_TODO
from bertkit.data.read.json_text import Repeated, parse
from bertkit.data.read.rows import Unusable
from bertkit.errors import Setting

SEPARATORS = ("|", ";", "\t", "；", "，", "、")
"""What separates labels in files of other tools, besides the default comma."""

FLAGS = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}
"""A value of a one-hot list as text -> whether the row has the label."""

_NUMBER = r"[+-]?(?:0|[1-9]\d*)(?:\.\d*)?(?![\w.])"
_ITEM = re.compile(rf"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|{_NUMBER}|True|False|None)\s*(,|(?<=\s)|$)""")
"""An item of a list as Python or numpy prints it, and the comma or space behind it."""

_BRACKETS = {"[": "]", "(": ")", "{": "}"}


def listed(text: str) -> Any:
    """The flat list, or the JSON, that a cell holds; None if it holds neither.

    A tuple or set in one pair of brackets without a comma or a quote is none: `(other)` is a name.
    """
    text = text.strip()
    if _BRACKETS.get(text[:1]) != text[-1:] or len(text) < 2:
        return [] if text == "set()" else None
    try:
        return parse(text)
    except (ValueError, RecursionError):
        pass
    inner, items, at = text[1:-1].strip(), [], 0
    while at < len(inner):
        if not (item := _ITEM.match(inner, at)):
            return None
        try:
            items.append(ast.literal_eval(item[1]))
        except (ValueError, SyntaxError):  # an escape that Python does not have
            return None
        at = item.end()
    return items if text[0] == "[" or "," in inner or inner[:1] in ("'", '"', "") else None


def split(text: str, separator: str, names: Sequence[str] | None, *, chosen: bool) -> list[Any]:
    """The labels that a cell of text holds.

    Args:
        names: all label names, where they are known.
        chosen: whether the recipe sets the separator.

    Raises:
        Unusable: it holds no labels, or they are separated by something else.
    """
    if not text.strip():
        return []
    if (values := listed(text)) is not None:
        return flagged(values) if isinstance(values, dict) else values
    if names and text.strip() in names:
        return [text]
    if text.lstrip()[0] in "[{":
        todo = 'write ["a", "b"]; if it is one label, list all names in data.label_names'
        raise Unusable("is a list that can not be read", todo, detail=f"{text!r:.40}")
    parts = [part.strip() for part in text.split(separator)]
    if "" in parts:
        raise Unusable("has an empty label", f"labels are separated by {separator!r}", detail=f"{text!r:.40}")
    other = next((mark for mark in SEPARATORS if mark in text), None)
    if other and not chosen and not (names and all(part in names for part in parts)):
        todo = f'if it is part of a name, set data.label_separator to "{separator}"; if it separates labels'
        setting = Setting("data.label_separator", other)
        raise Unusable(f"holds {other!r}, which may separate labels", todo, detail=f"{text!r:.40}", setting=setting)
    return parts


def flags(values: Sequence[Any], names: Sequence[str] | None) -> list[bool] | None:
    """The flags of a one-hot list; None if its values are names or numbers of labels.

    Raises:
        Unusable: it is one-hot, but the names are unknown, or there is another number of them.
    """
    marks = [FLAGS.get(str(value).strip().lower()) for value in values]
    if not marks or None in marks or any(str(value).strip() in (names or ()) for value in values):
        return None
    if names is None:
        if len(set(marks)) == len(marks):
            return None  # [1] and [0, 1] may be numbers of labels: `Values.settle` looks at all rows
        raise Unusable(*NO_NAMES, detail=f"{values!r:.40}", setting=placeholder_names(len(values)))
    if len(marks) != len(names):
        detail = f"{len(values)} values for {len(names)} label names"
        raise Unusable("is one-hot of another length", "data.label_names needs a name for each value", detail=detail)
    return [bool(mark) for mark in marks]


NO_NAMES = ("is one-hot, and its labels have no names", "name them, in the order of the values")


def placeholder_names(count: int) -> Setting:
    return Setting("data.label_names", tuple(f"label{number}" for number in range(1, count + 1)))


def flagged(cells: Mapping[str, Any]) -> list[str]:
    """The names whose cell is 1 or true.

    Raises:
        Unusable: a cell is neither 0 nor 1, true nor false.
    """
    if isinstance(cells, Repeated):
        raise Unusable("holds an object with a key twice", "keep one of them", detail=repr(cells.key))
    names = []
    for name, cell in cells.items():
        text = "" if cell is None else str(cell).strip().lower()
        if text in (HIDDEN, f"{HIDDEN}.0"):
            raise Unusable("is -1, which marks a hidden label", HIDDEN_TODO, detail=name)
        if text not in FLAGS:
            found = f"{name} is {cell!r:.40}" if text else f"{name} is empty"
            raise Unusable("holds a value that is neither 0 nor 1", "write 1 where the row has the label", detail=found)
        if FLAGS[text]:
            names.append(name)
    return names


def joined(names: Sequence[Any], separator: str) -> str:
    """A cell that `split` reads as these names; JSON where a name would be split or read as a list."""
    texts = [str(name) for name in names]
    plain = all(
        text[:1] not in _BRACKETS and not any(mark in text for mark in (separator, *SEPARATORS)) for text in texts
    )
    return separator.join(texts) if plain else json.dumps(texts, ensure_ascii=False)
