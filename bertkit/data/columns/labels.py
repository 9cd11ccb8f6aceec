"""Label names: given, or found in the training rows. Their order is the order of the model's outputs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bertkit.data.read.rows import BadRows
from bertkit.errors import DataError, Problem, Setting, did_you_mean
from bertkit.files.json_file import parse
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

HIDDEN = "-1"
"""The label of test rows whose labels a benchmark does not publish."""

NO_AGREEMENT = "-"
"""The label of rows on which annotators did not agree, in SNLI, MultiNLI and OCNLI."""

LEAVE_OUT = Setting("data.drop_labels", (NO_AGREEMENT,))

HIDDEN_TODO = "a test set without answers can only be predicted"

Rows = Sequence[dict[str, Any]]


def read_label_names(value: list[str] | str | None) -> list[str] | None:
    """Label names in order, from a list or a file (one name per line, or a JSON list); None if `value` is None.

    Raises:
        DataError: the file can not be read, or a name is empty or occurs twice.
    """
    if value is None:
        return None
    if isinstance(value, str):
        named = _from_file(Path(value))
    else:
        named = [(f"data.label_names[{position}]", name.strip()) for position, name in enumerate(value)]
    first: dict[str, str] = {}
    problems = []
    for place, name in named:
        if not name:
            problems.append(Problem(place, "an empty label name"))
        elif name in first:
            problems.append(Problem(place, f"the label {name!r} occurs twice", f"first at {first[name]}"))
        first.setdefault(name, place)
    if problems or not first:
        raise DataError(*problems or [Problem("data.label_names", "no label names")])
    return list(first)


def given_names(block: DataBlock) -> list[str] | None:
    """The names that the recipe gives, in order: data.label_names, else those of its columns if each label has one."""
    columns = block.columns.get("label")
    if block.label_names is not None or not isinstance(columns, list):
        return read_label_names(block.label_names)
    return list(dict.fromkeys(block.label_map.get(one, one) for one in columns if one not in block.drop_labels))


def _from_file(file: Path) -> list[tuple[str, str]]:
    try:
        text = file.read_text("utf-8-sig")
        if file.suffix.lower() != ".json":
            return [(f"{file}:{line}", name.strip()) for line, name in enumerate(text.rstrip().split("\n"), 1)]
        names = parse(text, Any)
    except OSError as error:
        todo = "data.label_names is a list of names, or a file with one name per line"
        raise DataError.at("data.label_names", f"{file} can not be read: {error.strerror}", todo) from error
    except ValueError as error:  # wrong bytes, or broken JSON
        raise DataError.at(str(file), f"can not be read: {error}") from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError.at(str(file), "expected a list of texts")
    return [(f"{file}[{position}]", name.strip()) for position, name in enumerate(names)]


def distinct_labels(rows: Rows, column: str) -> list[str]:
    """The distinct labels of a column of names or lists of names, in natural order: 2 before 10."""
    names = {name for _, label in _labels(rows, column) for name in label}
    return sorted(names, key=natural)


def natural(name: str) -> tuple[Any, ...]:
    """Sort key: whole numbers by value, also inside other names. Python converts no text of thousands of digits."""
    if re.fullmatch(r"-?\d{1,18}", name):
        return (0, int(name), name)
    parts = [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d{1,18})", name)]
    return (1, parts, name)


def check_labels(rows: Rows, column: str, names: Sequence[str], split: str, *, given: bool | None = None) -> None:
    """Check that every label is one of `names`.

    Args:
        split: `validation` or the like, for the message.
        given: True if `names` are data.label_names, False if they are those of the training rows, None if unknown.

    Raises:
        DataError: unknown labels, with their places: the first ten, the others counted.
    """
    known = set(names)
    origin = {True: "one of data.label_names", False: "in the training rows", None: "a known label"}[given]
    bad = BadRows()
    for place, labels in _labels(rows, column):
        for name in labels:
            if name not in known:
                todo, setting = _unknown_todo(name, names), LEAVE_OUT if name == NO_AGREEMENT else None
                bad.add(Problem(place, f"{split}: the label {name!r} is not {origin}", todo, setting=setting))
    bad.settle()


def _unknown_todo(name: str, names: Sequence[str]) -> str:
    if name == NO_AGREEMENT:
        return "if it marks rows on which annotators did not agree, as in SNLI"
    if name == HIDDEN:
        return f"-1 marks a hidden label: {HIDDEN_TODO}"
    if (parts := re.split(r"[,|;\t；，、]", name))[1:] and all(part.strip() in names for part in parts):
        return f"several labels in one? data.label_separator is {name[len(parts[0])]!r} then, with options.multi_label"
    folded = {known.casefold(): known for known in names}
    return f"did you mean {folded[name.casefold()]}?" if name.casefold() in folded else did_you_mean(name, names)


def check_classes(rows: Rows, column: str, names: Sequence[str]) -> None:
    """Check that the training rows can teach the labels `names`; warn of labels without rows.

    Raises:
        DataError: only one label, or fewer rows than labels (not if a row may have several labels).
    """
    counts: Counter[str] = Counter()
    several = False
    for _, labels in _labels(rows, column):
        counts.update(labels)
        several = several or isinstance(labels, list)
    if not names:
        raise DataError.at(f"column {column}", "no row has any label", "is this the right column?")
    if not several and len(names) < 2:
        todo = "a model needs two or more; is this the right column?"
        raise DataError.at(f"column {column}", f"only one label: {', '.join(names)}", todo)
    if not several and len(rows) < len(names):
        what = f"{len(rows)} training rows for {len(names)} labels"
        raise DataError.at(f"column {column}", what, "is this a column of labels? For numbers use task: regress")
    if NO_AGREEMENT in names and len(names) > 2:
        warn(f"{NO_AGREEMENT} is trained as a label; if it marks rows without agreement, leave them out: {LEAVE_OUT}")
    if absent := [name for name in names if not counts[name]]:
        shown = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
        warn(f"labels without training rows, which can not be learnt: {len(absent)} ({shown})")
    if several and len(rows) > 1 and (always := [name for name in names if counts[name] >= len(rows)]):
        warn(f"labels that all training rows have, which can not be learnt: {', '.join(always[:5])}")


def _labels(rows: Rows, column: str) -> Iterator[tuple[str, Iterable[str]]]:
    """Place and labels of each row: a list if a row may have several, else a tuple of one."""
    dataset: Any = rows
    if hasattr(rows, "column_names"):
        values = dataset[column][:]
        places = dataset["place"][:] if "place" in dataset.column_names else None
    else:
        values = [row[column] for row in rows]
        places = [row["place"] for row in rows] if rows and "place" in rows[0] else None
    for number, value in enumerate(values):
        place = places[number] if places else f"row {number + 1}"
        yield place, value if isinstance(value, list) else (value,)
