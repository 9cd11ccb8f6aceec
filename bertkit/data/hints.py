"""Which columns of a file hold what a task needs: proposals for `data.columns`, from the names and the first rows.

A column can be proposed if its first values fit the kind of the task's column. Of texts the longest are taken; of
labels those with few, short values. An index, an id, a date or a column with one value alone is never proposed, nor one
column twice: better no proposal than one that leads to the next error.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bertkit.data.columns import schemes
from bertkit.data.columns.column import Column
from bertkit.data.read.rows import Record
from bertkit.data.read.sources import placeholders
from bertkit.errors import BertkitError, Problem, Setting, name_some

PEEK = 50
"""Rows whose values are looked at."""
LABEL = 60
"""Most characters of a label, on average."""

USUAL = {
    "text": ("text", "sentence", "review", "content", "tweet", "comment", "message", "body", "utterance", "document"),
    "label": ("label", "category", "class", "target", "sentiment", "intent", "emotion", "topic", "tag", "gold"),
    "number": ("score", "rating", "value", "similarity", "target", "label"),
    "answers": ("answer",),
    "spans": ("entit", "annotation"),
    "words": ("words", "tokens"),
    "tags": ("tags", "labels"),
}
"""Kind of a column -> parts of the names that such columns often have."""

SENTENCE = re.compile(r"\S+( \S+){4,}|.{41,}|-?\d+(\.\d+)?|.*[.!?]", re.DOTALL)
"""A cell that is no name of a column."""
WORDS = re.compile(r"\S+( \S+){2,}")
"""A cell that may be a name, and may be a text."""

_IDS = re.compile(r"(.*[\W_])?(id|idx|index|guid|uuid|key|date|time|timestamp|url)(?:[\W_]?\d*)", re.IGNORECASE)
_CODE = re.compile(r"https?://\S*|[\w.:/+#-]*\d[\w.:/+#-]*|[^\w]*", re.ASCII)
_WHOLE = re.compile(r"\s*[+-]?\d{1,18}\s*", re.ASCII)

Row = Mapping[str, Any]


def peek(first: Record, more: Iterator[Record]) -> list[dict[str, Any]]:
    """The values of the first rows; of fewer, where one of them can not be read."""
    rows = [first.values]
    with contextlib.suppress(BertkitError):
        rows.extend(record.values for record in itertools.islice(more, PEEK))
    return rows


def header(columns: Sequence[Column], line: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """Names for the columns of a file whose first line is a row: those of the task where the values fit.

    Args:
        columns: those that are needed.
        line: the first line, and `rows`: the rows after it, with its cells for names.
    """
    names = placeholders(len(line))
    cells = [dict(zip(names, row, strict=False)) for row in (line, *(row.values() for row in rows))]
    best = {place: name for name, place in proposals(columns, names, cells).items()}
    left = [column.name for column in columns if column.name not in best.values()]
    free = [name for name in names if name not in best]
    if len(left) == len(free):  # nothing else can be meant
        best |= dict(zip(free, left, strict=True))
    return tuple(best.get(name, name) for name in names)


def proposals(columns: Sequence[Column], free: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
    """Column of the task -> the best column of the file for it, for those that have one.

    Args:
        columns: those that are looked for.
        free: columns of the file that nothing else is read from.
        rows: the first rows of the file.
    """
    found: dict[str, str] = {}
    for column in sorted(columns, key=lambda column: _rank(column, columns)):
        left = [name for name in free if name not in found.values()]
        scores = {name: _score(column, name, [row.get(name) for row in rows]) for name in left}
        if best := max(left, key=scores.__getitem__, default=""):
            found |= {column.name: best} if scores[best] > 0 else {}
    return found


def _rank(column: Column, columns: Sequence[Column]) -> tuple[int, int]:
    """Texts first, of these the one that answers and spans lie in, which is the longest."""
    number = list(columns).index(column)
    last = max((i for i, other in enumerate(columns) if other.kind == "text"), default=-1)
    return (0, -1 if number == last else number) if column.kind == "text" else (1, number)


def _score(column: Column, name: str, values: Sequence[Any]) -> float:
    """How well a column of a file fits one of the task; 0: not at all."""
    present = [value for value in values if value is not None and value != ""]
    if not present or _IDS.fullmatch(name) or _is_index(present) or _is_constant(present):
        return 0.0
    fit = KINDS[column.kind](present)
    near = difflib.SequenceMatcher(None, column.name.lower(), name.lower()).ratio()
    usual = any(part in name.lower() for part in USUAL.get(column.kind.removesuffix("s"), USUAL.get(column.kind, ())))
    return fit * (1 + 2 * usual + 4 * (near >= 0.6))


def _is_index(values: Sequence[Any]) -> bool:
    texts = [str(value) for value in values]
    if len(texts) < 2 or not all(map(_WHOLE.fullmatch, texts)):
        return False
    return all(int(b) - int(a) == 1 for a, b in itertools.pairwise(texts))


def _is_constant(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(value == values[0] for value in values)


def _texts(values: Sequence[Any]) -> float:
    """The average length."""
    texts = [value for value in values if isinstance(value, str)]
    named = any(character.isalpha() for text in texts for character in text)
    if len(texts) < len(values) or not named or all(_CODE.fullmatch(text) for text in texts):
        return 0.0
    return sum(map(len, texts)) / len(texts)


def _labels(values: Sequence[Any]) -> float:
    """Few and short values are best, names better than numbers; a date or a fraction is worst."""
    if not all(isinstance(value, str | int) for value in values):
        return 0.0
    texts = [str(value).strip() for value in values]
    average, distinct = sum(map(len, texts)) / len(texts), len(set(texts)) / len(texts)
    if average > LABEL or (len(texts) > 9 and distinct == 1.0):
        return 0.0
    named = any(any(character.isalpha() for character in text) for text in texts)
    whole = all(map(_WHOLE.fullmatch, texts))
    return (1.0 if named else 0.5 if whole else 0.1) / ((1 + average / 20) * (0.2 + distinct))


def _several_labels(values: Sequence[Any]) -> float:
    lists = all(isinstance(value, list) and all(isinstance(one, str) for one in value) for value in values)
    return 1.0 if lists else _labels(values)


def _numbers(values: Sequence[Any]) -> float:
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return 0.0
    return 1.0 if all(number.is_integer() for number in numbers) else 2.0


def _lists(values: Sequence[Any], of: Callable[[Any], bool]) -> float:
    good = all(isinstance(value, list) and value and all(map(of, value)) for value in values)
    return 1.0 if good else 0.0


def _is_tag(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and schemes.check_tag(value) is None)


def _words(values: Sequence[Any]) -> float:
    return _lists(values, lambda value: isinstance(value, str)) * (0.1 if _tags(values) else 1.0)


def _tags(values: Sequence[Any]) -> float:
    return _lists(values, _is_tag)


def _records(*keys: str) -> Callable[[Sequence[Any]], float]:
    """Values that are lists of objects with one of these keys, such an object, or a text of JSON."""

    def good(value: Any) -> bool:
        if isinstance(value, str):
            return value.lstrip().startswith(("[", "{"))
        items = value if isinstance(value, list) else [value]
        return all((isinstance(item, dict) and bool({*keys} & {*item})) or isinstance(item, list) for item in items)

    return lambda values: 1.0 if all(map(good, values)) and any(values) else 0.0


KINDS: dict[str, Callable[[Sequence[Any]], float]] = {
    "text": _texts,
    "label": _labels,
    "labels": _several_labels,
    "number": _numbers,
    "words": _words,
    "tags": _tags,
    "spans": _records("start", "start_offset"),
    "answers": _records("text"),
    "choices": lambda values: _lists(values, lambda value: isinstance(value, str)),
    "choice": _labels,
    "texts": lambda values: _lists(values, lambda value: isinstance(value, str)),
}
"""Kind of a column -> how well values fit it."""


def series(names: Iterable[str]) -> list[str]:
    """The longest series of columns that differ only in a number at the end: `ending0`, `ending1`."""
    stems = {name: re.sub(r"\d+$", "", name) for name in names}
    found = [[name for name in stems if stems[name] == stem != name] for stem in dict.fromkeys(stems.values())]
    longest = max(found, key=len, default=[])
    return longest if len(longest) > 1 else []


def missing(
    wanted: Mapping[str, str], columns: Sequence[Column], where: str, has: Sequence[str], free: Sequence[str],
    rows: Sequence[Row], many: Mapping[str, Sequence[str]],
) -> list[Problem]:  # fmt: skip
    """Problems of columns of the task that a source does not have. Seven parameters: all that a message shows.

    Args:
        wanted: column of the task -> the column looked for.
        columns: the task's.
        has: columns of the source, and `free`: those that nothing is read from.
        many: columns of the task that may be read from several columns, with those that were named.
    """
    several = {name: series(one for one in has if one in free or one in many[name]) for name in wanted if name in many}
    taken = {one for ones in several.values() for one in ones}
    best = proposals([c for c in columns if c.name in wanted], [name for name in free if name not in taken], rows)
    problems = []
    for name, column in wanted.items():
        what = f"no column {column!r} for {name}; the columns here: {name_some(has)}"
        key = f"data.columns.{name}"
        if ones := several.get(name):
            problems.append(Problem(where, what, "name the ones that hold it", setting=Setting(key, tuple(ones))))
        elif name in best:
            problems.append(Problem(where, what, "name the one that holds it", setting=Setting(key, best[name])))
        else:
            problems.append(Problem(where, what, f"is this the right file? {key} names the one that holds it"))
    return problems
