"""Values of a file -> values of the task's columns, or why they are unusable."""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from bertkit.data.columns import choices, label_cells, spans
from bertkit.data.columns.characters import check_characters
from bertkit.data.columns.choices import SKIP
from bertkit.data.columns.column import Column
from bertkit.data.columns.label_map import LabelMap
from bertkit.data.columns.labels import HIDDEN, HIDDEN_TODO, given_names
from bertkit.data.columns.offsets import agree
from bertkit.data.read.json_text import describe
from bertkit.data.read.rows import Tally, Unusable
from bertkit.errors import DataError, Problem, Setting
from bertkit.recipe.schema import DataBlock

EVERY_ROW = "every row needs one; to leave such rows out and count them"
SEVERAL = "write one label; rows with several labels need options.multi_label: true"
EVERY_WORD = "every word needs a visible character; to leave such rows out"

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


class Values:
    """Converts values one by one; `settle` reports what shows only over all of them.

    Args:
        tally: counts values that were accepted but look doubtful.
        keep_empty: accept empty texts (rows to predict).
        train: whether the rows are trained on (see `offsets.fit_answers`).
    """

    def __init__(self, block: DataBlock, tally: Tally, *, keep_empty: bool = False, train: bool = False):
        self._block, self._tally, self._keep_empty, self._train = block, tally, keep_empty, train
        self._names, self._map = given_names(block), LabelMap(block)
        self._first_of: dict[str, tuple[str, Any]] = {}
        self._first_list = ""
        self._flag_counts: set[int] = set()
        """Lengths of the lists of labels that may be one-hot; 0: one is not."""
        self._take: dict[str, Callable[[Any, str], Any]] = {
            "text": self._text,
            "label": self._one_label,
            "labels": self._labels,
            "number": self._number,
            "words": self._words,
            "tags": self._tags,
            "spans": lambda value, place: spans.spans(value, lambda label: self._label(label, place)),
            "answers": lambda value, place: spans.answers(value),
            "choices": self._choices,
            "choice": self._choice,
            "texts": lambda value, place: choices.texts(value),
            "id": self._id,
        }

    def take(self, kind: str, value: Any, place: str) -> Any:
        """The value as a column of this kind (or an `id`) holds it.

        Raises:
            Unusable: the column can not hold it.
            DataError: data.label_ids is set, but there are no data.label_names.
        """
        return self._take[kind](value, place)

    def drops(self, value: Any) -> bool:
        """Whether data.drop_labels leaves out a row with this label; it is counted."""
        return self._map.drops_row(value)

    def agree(self, row: dict[str, Any], columns: Sequence[Column], place: str) -> None:
        """Check that the columns of a row agree (see offsets.py).

        Raises:
            Unusable: two do not.
        """
        agree(row, columns, self._tally, place, train=self._train)

    def gather(self, kind: str, cells: dict[str, Any], place: str) -> Any:
        """The value of a row with one column per choice, or one per label, by the columns' names.

        Choices: a list of them; missing ones are empty cells at the end.
        """
        if kind == "labels":
            return cells
        full = list(cells.values())
        while full and (full[-1] is None or (isinstance(full[-1], str) and not full[-1].strip())):
            full.pop()
        if 2 <= len(full) < len(cells):
            self._tally.add(choices.FEWER, place)
        return full

    def settle(self) -> None:
        """Call after the last value.

        Raises:
            DataError: the labels are of different types, are one-hot without names, or hold the -1 of a hidden label.
        """
        self._map.settle()
        if len(self._flag_counts) == 1 and (count := max(self._flag_counts)) > 1:
            what, todo = label_cells.NO_NAMES
            setting = label_cells.placeholder_names(count)
            raise DataError.at(self._first_list, f"label {what}", todo, setting=setting)
        kinds = {kind: first for kind, first in self._first_of.items() if kind != HIDDEN}
        if len(kinds) > 1:
            what = "labels of different types"
            problems = [Problem(place, what, detail=f"{v!r} is {kind}") for kind, (place, v) in kinds.items()]
            raise DataError(*problems, Problem("", "which of them name the same label? write all as texts"))
        if HIDDEN in self._first_of and self._names is None and "a name" not in kinds:
            todo = f"{HIDDEN_TODO}; if it is a class of yours, list all labels in data.label_names"
            raise DataError.at(self._first_of[HIDDEN][0], "the label -1 usually marks a hidden label", todo)

    def empty(self, value: str | None, place: str) -> str:
        """A text that may be empty or missing, counted."""
        self._tally.add("empty texts", place)
        return value or ""

    def _text(self, value: Any, place: str) -> str:
        if not isinstance(value, str):
            if value is None:
                raise Unusable("is missing", EVERY_ROW, setting=SKIP)
            raise Unusable("is not a text", "write it in quotes", detail=f"found {describe(value)} ({value!r:.40})")
        if not value.strip():
            if not self._keep_empty:
                raise Unusable("is empty", EVERY_ROW, setting=SKIP)
            return self.empty(value, place)
        self._check_length(len(value), "an unclosed quote often merges rows")
        check_characters(value)
        return value

    def _check_length(self, size: int, why: str) -> None:
        most = self._block.max_characters
        if size > most:
            detail, setting = (
                f"{size:,} characters, data.max_characters is {most:,}",
                Setting("data.max_characters", size),
            )
            raise Unusable("is too long", f"{why}; if it is intended", detail=detail, setting=setting)

    def _words(self, value: Any, place: str) -> list[str]:
        words = _list(value, "words")
        for position, word in enumerate(words):
            if not isinstance(word, str):
                detail = f"word {position + 1} is {describe(word)} ({word!r:.40})"
                raise Unusable("holds a word that is not a text", "write it in quotes", detail=detail, word=position)
            if not word.strip():
                detail = f"word {position + 1} is {word!r:.40}"
                raise Unusable("holds an empty word", EVERY_WORD, detail=detail, setting=SKIP, word=position)
            check_characters(word)
        if not words:
            raise Unusable("has no words", EVERY_ROW, setting=SKIP)
        self._check_length(sum(map(len, words)), "are the empty lines between sentences missing?")
        return words

    def _tags(self, value: Any, place: str) -> list[str]:
        """One label name per word."""
        names = []
        for position, tag in enumerate(_list(value, "tags")):
            if tag is None or (isinstance(tag, str) and not tag.strip()):
                todo, detail = "a word outside of all entities has the tag O", f"that of word {position + 1}"
                raise Unusable("holds an empty tag", todo, detail=detail, word=position)
            try:
                names.append(self._label(tag, place, self._map.tag))
            except Unusable as error:
                raise error.inside("holds a bad tag", f"that of word {position + 1}", position) from None
        return names

    def _label(self, value: Any, place: str, named: Callable[[str], str] | None = None) -> str:
        """One label name; whole numbers and true/false become texts.

        Args:
            named: gives the name of a label; default: data.label_map's.
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            raise Unusable("is missing", f"every row needs one; {HIDDEN_TODO}")
        if not isinstance(value, str | int):
            detail = f"found {describe(value)} ({value!r:.40})"
            raise Unusable("is not a label", "write a name or a whole number", detail=detail)
        name = str(value).lower() if isinstance(value, bool) else str(value).strip()
        check_characters(name)
        if isinstance(value, str) and name != value:
            self._tally.add("labels with white space around them, removed", place)
        if self._block.label_ids:
            return self._at_position(name)
        if self._map:
            return (named or self._map.name)(name)
        if name == HIDDEN:
            self._first_of.setdefault(HIDDEN, (place, value))
        # "1" and 1 are the same name, so a text that is a number fits both kinds of file.
        if isinstance(value, bool) or not _WHOLE.fullmatch(name):
            self._first_of.setdefault("true or false" if isinstance(value, bool) else "a name", (place, value))
        elif isinstance(value, int):
            self._first_of.setdefault("a number", (place, value))
        return name

    def _choices(self, value: Any, place: str) -> list[str]:
        texts = choices.choices(value)
        for text in texts:
            check_characters(text)
            self._check_length(len(text), "are the choices in one text?")
        if len(set(map(choices.plain, texts))) < len(texts):
            self._tally.add(choices.TWICE, place)
        return texts

    def _choice(self, value: Any, place: str) -> int | str:
        """Unchanged: the choice that it names depends on the row's choices (see `agree`)."""
        if value is None or (isinstance(value, str) and not value.strip()):
            raise Unusable("is missing", f"every row needs one; {HIDDEN_TODO}")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Unusable("is not a choice", choices.NAME_IT, detail=f"found {describe(value)} ({value!r:.40})")
        return value

    def _labels(self, value: Any, place: str) -> list[str]:
        """Any number of label names (label_cells.py has the notations)."""
        if isinstance(value, str):
            chosen = "label_separator" in self._block.model_fields_set
            value = label_cells.split(value, self._block.label_separator, self._names, chosen=chosen)
        if isinstance(value, dict):
            value = label_cells.flagged(value)
        if not isinstance(value, list):
            what = "is missing" if value is None else "is not a list of labels"
            detail = "" if value is None else f"found {describe(value)}"
            raise Unusable(what, "a row without labels has an empty list", detail=detail)
        if not self._block.label_ids:
            value = self._by_flags(value, place)
        value = [item for item in value if not self._map.drops(item)]
        names = [self._label(item, place) for item in value]
        if len(set(names)) < len(names) and not self._map:
            todo = "are these one-hot? then leave data.label_ids out" if self._block.label_ids else ""
            raise Unusable("holds a label twice", todo, detail=", ".join(names))
        return list(dict.fromkeys(names))

    def _by_flags(self, values: list[Any], place: str) -> list[Any]:
        """The names of a one-hot list; any other list unchanged."""
        if flags := label_cells.flags(values, self._names):
            return [name for name, flag in zip(self._names or (), flags, strict=True) if flag]
        may_be = (
            self._names is None and bool(values) and all(str(value).lower() in label_cells.FLAGS for value in values)
        )
        self._first_list = self._first_list or place
        self._flag_counts.add(len(values) if may_be else 0)
        return values

    def _one_label(self, value: Any, place: str) -> str:
        """The label of a row that has exactly one."""
        if isinstance(value, list) and len(value) < 2:  # annotation tools write a list also where there is one
            value = value[0] if value else None
        if isinstance(value, list):
            raise Unusable("is a list, not one label", SEVERAL, detail=f"{value!r:.40}")
        if isinstance(value, str) and value not in (self._names or ()) and label_cells.listed(value) is not None:
            raise Unusable("is a list, not one label", SEVERAL, detail=f"{value!r:.40}")
        return self._label(value, place)

    def _at_position(self, text: str) -> str:
        assert self._names is not None  # DataBlock takes label_ids with label_names alone
        if text == HIDDEN:
            raise Unusable("is -1, which marks a hidden label", HIDDEN_TODO)
        if not _WHOLE.fullmatch(text) or not 0 <= int(text) < len(self._names):
            detail = f"{text!r}, expected 0 to {len(self._names) - 1}"
            raise Unusable("is no position in data.label_names", detail=detail)
        return self._names[int(text)]

    def _number(self, value: Any, place: str) -> float:
        mark, other = self._block.decimal, "," if self._block.decimal == "." else "."
        if isinstance(value, str) and other not in value and _NUMBER.fullmatch(value.replace(mark, ".")):
            value = float(value.replace(mark, "."))
        if isinstance(value, bool) or not isinstance(value, int | float | decimal.Decimal):
            if value in (None, ""):
                raise Unusable("is missing", EVERY_ROW, setting=SKIP)
            todo, setting = f"write it as 1{mark}5 or 3e-4", None
            plain = isinstance(value, str) and mark not in value and _NUMBER.fullmatch(value.replace(other, "."))
            if plain and mark == ".":  # a file with both has no setting that reads it
                todo, setting = f"if {other!r} stands before its decimals", Setting("data.decimal", other)
            raise Unusable("is not a number", todo, detail=f"{value!r:.40}", setting=setting)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise Unusable("is not a finite number", EVERY_ROW, detail=str(number), setting=SKIP)
        return number

    def _id(self, value: Any, place: str) -> str | None:
        if value is None:
            return None
        check_characters(str(value))
        return str(value)


def _list(value: Any, elements: str) -> list[Any]:
    value = spans.cell(value)
    if value is None or value == "":
        raise Unusable("is missing", EVERY_ROW, setting=SKIP)
    if not isinstance(value, list):
        raise Unusable(f"is not a list of {elements}", 'write ["a", "b"]', detail=f"found {describe(value)}")
    return value
