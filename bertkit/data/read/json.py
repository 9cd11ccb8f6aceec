"""JSON and JSON Lines, with the line where each row starts."""

from __future__ import annotations

import functools
import itertools
import json
import logging
import re
from collections.abc import Iterable, Iterator
from typing import Any

from bertkit.data.read.annotations import spacy
from bertkit.data.read.json_text import Repeated, describe, parse, parse_all, reason
from bertkit.data.read.lines import lines
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source
from bertkit.data.read.squad import NAMES, layout, questions
from bertkit.data.read.tables import columnwise
from bertkit.errors import BertkitError, DataError, Problem, Setting, did_you_mean, name_some
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

_GAP = re.compile(r"[ \t\n\r,:]*")
_skip_value = json.JSONDecoder().raw_decode


def read_jsonl(source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    """One object (or, with `data.header`, one list) per line; or one article or paragraph in SQuAD's layout."""
    return _of_lines(lines(source, block), source, block)


def _of_lines(content: Iterable[str], source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    values = _values_of_lines(content, source)
    first = list(itertools.islice(values, 1))
    values = itertools.chain(first, values)
    found = layout([one[1] for one in first if not isinstance(one, Problem)], source)
    if found is not None:
        items = (one if isinstance(one, Problem) else (f"line {one[0]}", one[1]) for one in values)
        yield from questions(items, found[1], source)
        return
    for number, one in enumerate(values, 1):
        yield one if isinstance(one, Problem) else _row(one[1], block, source.line(one[0]), number)


def _values_of_lines(content: Iterable[str], source: Source) -> Iterator[Problem | tuple[int, Any]]:
    """The number and the value of each line that is not blank."""
    blank, number = Tally(), 0
    for line, text in enumerate(content, 1):
        place = source.line(line)
        if not text.strip():
            blank.add("blank lines skipped", place)
            continue
        number += 1
        try:
            value = parse(text.rstrip())
        except (ValueError, RecursionError) as error:
            if number == 1 and text.lstrip().startswith("["):
                what, setting = "opens one list, not one object per line", Setting("data.format", "json")
                raise DataError.at(place, what, setting=setting) from error
            yield Problem(place, "broken JSON", "a line is one whole object: {...}", reason(error))
        else:
            yield line, value
    blank.warn()


def read_json(source: Source, block: DataBlock, *, squad: bool = False) -> Iterator[Record | Problem]:
    """A list of objects (or, with `data.header`, of lists); `file.json#key` names the list at `key`.

    Also read are an object with a single list of objects, a table by columns (columnwise.py), and objects one after
    the other. SQuAD's layout and those like it are recognised: their questions are the rows (squad.py).

    Args:
        squad: accept SQuAD's layout only.

    Raises:
        DataError: the file is not valid JSON, or there is no list at the top or at the key.
    """
    text = "".join(lines(source, block))
    if not text.strip():
        return
    try:
        value = parse(text)
    except (ValueError, RecursionError) as error:
        more = isinstance(error, json.JSONDecodeError) and error.msg == "Extra data"
        if more and text.lstrip().startswith("{") and not (squad or source.key):
            yield from _one_after_the_other(text, source, block)
            return
        raise _broken(error, source) from error
    value, position = _descend(value, text, spacy.at_rows(source, value))
    if (found := layout(value, source)) is not None:
        listed, keys = found
        items = ((f"{NAMES[keys[0]]} {number}", item) for number, item in enumerate(listed, 1))
        yield from questions(items, keys, source)
        return
    if squad:
        what = 'not SQuAD\'s layout: no "data" with a list of articles that have "paragraphs"'
        raise DataError.at(source.name, what, "if it is a list of rows", setting=Setting("data.format", "json"))
    if isinstance(value, dict) and (rows := columnwise.rows_of(value, lists=block.header is not None)) is not None:
        log.info("%s: a table by columns, %s rows", source.name, f"{len(rows):,}")
        yield from (_row(row, block, source.row(number), number) for number, row in enumerate(rows, 1))
        return
    yield from _placed(_listed(value, text, position, source, block), text, source, block)


def _placed(rows: Iterable[tuple[Any, int]], text: str, source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    """The rows with the lines of their positions in the text."""
    line, counted = 1, 0
    for number, (row, start) in enumerate(rows, 1):
        line, counted = line + text.count("\n", counted, start), start
        yield _row(row, block, source.line(line), number)


def _one_after_the_other(text: str, source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    """Objects that no list holds: one a line, or each over several lines, as CLUENER was published.

    Raises:
        DataError: one over several lines is broken: where the next one starts is unknown.
    """
    content = text.removesuffix("\n").split("\n")
    first = next(line for line in content if line.strip())
    try:
        parse(first.strip())
    except (ValueError, RecursionError):
        pass
    else:
        log.info("%s: an object per line", source.name)
        yield from _of_lines(content, source, block)
        return
    try:
        values = parse_all(text)
    except (ValueError, RecursionError) as error:
        raise _broken(error, source) from error
    log.info("%s: %s objects, one after the other", source.name, f"{len(values):,}")
    yield from _placed(values, text, source, block)


def _broken(error: Exception, source: Source) -> BertkitError:
    place = source.line(getattr(error, "lineno", 1))
    return DataError.at(place, "broken JSON", "look there and just above", detail=reason(error))


read_squad = functools.partial(read_json, squad=True)


def _descend(value: Any, text: str, source: Source) -> tuple[Any, int]:
    """The value at `source.key` (`train`, or `data/train`), and its position in the text."""
    position = _gap(text, 0)
    for key in source.key.split("/") if source.key else []:
        if not isinstance(value, dict) or key not in value:
            known = did_you_mean(key, value) if isinstance(value, dict) else f"here is {describe(value)}"
            raise DataError.at(source.name, f"no key {key!r} on the way to #{source.key}", known)
        if isinstance(value, Repeated):
            raise DataError(value.problem(source.name))
        value, position = value[key], dict(_children(text, position))[key]
    return value, position


def _listed(value: Any, text: str, position: int, source: Source, block: DataBlock) -> Iterator[tuple[Any, int]]:
    """Each row of a list, or of the only list of rows in an object, and its position in the text."""
    if isinstance(value, list):
        return zip(value, (start for _, start in _children(text, position)), strict=True)
    if not isinstance(value, dict):
        raise DataError.at(source.name, f"expected a list of rows, found {describe(value)}", "write [{...}, {...}]")
    kinds = dict if block.header is None else (dict, list)
    rows = [key for key, v in value.items() if isinstance(v, list) and any(isinstance(row, kinds) for row in v)]
    if len(rows) == 1:
        if isinstance(value, Repeated):
            raise DataError(value.problem(source.name))
        log.info("%s: the rows are those of its key %s", source.name, rows[0])
        return _listed(value[rows[0]], text, dict(_children(text, position))[rows[0]], source, block)
    keys = name_some(f"{key} ({len(v):,} rows)" if isinstance(v, list) else key for key, v in value.items())
    lists = rows or [key for key, v in value.items() if isinstance(v, list)]
    path = f"{source.key}/{(lists or ['KEY'])[0]}".lstrip("/")
    todo = f"name the key of the rows: {source.name}#{path}"
    raise DataError.at(source.name, f"expected a list of rows, found an object with the keys {keys}", todo)


def _children(text: str, start: int) -> Iterator[tuple[str | None, int]]:
    """Key (None in a list) and position of each child of the list or object at `start`; the text is valid JSON."""
    position = _gap(text, start + 1)
    while text[position] not in "]}":
        key = None
        if text[start] == "{":
            key, position = _skip_value(text, position)
            position = _gap(text, position)
        yield key, position
        position = _gap(text, _skip_value(text, position)[1])


def _gap(text: str, position: int) -> int:
    """Where the next value, key or bracket starts."""
    gap = _GAP.match(text, position)
    return gap.end() if gap else position


def _row(value: Any, block: DataBlock, place: str, number: int) -> Record | Problem:
    if isinstance(value, Repeated):
        return value.problem(place)
    if block.header is None:
        value = spacy.paired(value)
    if isinstance(value, dict):
        if block.header is not None and number == 1:
            what = "an object, whose keys name the columns; data.header is for lists"
            raise DataError.at(place, what, "leave data.header out")
        return Record(place, number, value)
    if not isinstance(value, list):
        return Problem(place, "not an object", 'a row is {"column": value, ...}', f"found {describe(value)}")
    if block.header is None:
        todo = "name its columns in data.header, or call them by their numbers"
        problem = Problem(place, "a list instead of an object", todo, setting=Setting("data.header", False))
        if number == 1:
            raise DataError(problem)
        return problem
    if block.header is False:
        return Record(place, number, {str(position): item for position, item in enumerate(value, 1)})
    if len(value) != len(block.header):
        detail = f"{len(value)}, data.header names {len(block.header)}"
        return Problem(place, "wrong number of values", detail=detail)
    if number == 1 and value == block.header:
        raise DataError.at(place, "this row is a header, but data.header says there is none", "take it out of the file")
    return Record(place, number, dict(zip(block.header, value, strict=True)))
