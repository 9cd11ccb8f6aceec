"""brat's standoff: a text (`.txt`) with its annotations beside it (`.ann`); one row per text.

    T1<TAB>Location 10 23<TAB>South America        an entity, in characters of the text
    T2<TAB>Location 0 5;16 23<TAB>North America    one in two parts

An entity in parts that only white space divides is one (brat divides at a line break); any other is read from its first
to its last character, as standoff2conll does, and counted. What begins with another letter (relations, events,
attributes, notes) is counted.

Source: https://brat.nlplab.org/standoff.html
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from bertkit.data.read.annotations.export import Values, plain, span
from bertkit.data.read.lines import lines
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source, shown
from bertkit.errors import DataError, Problem, Setting
from bertkit.recipe.schema import DataBlock

KINDS = {
    "R": "relations",
    "*": "relations",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "normalizations",
    "#": "notes",
}
"""First character of an annotation that is no entity -> what it is."""

_ENTITY = re.compile(r"T\S+\t(?P<label>\S+)[ \t](?P<parts>\d{1,18} \d{1,18}(;\d{1,18} \d{1,18})*)(\t(?P<mention>.*))?")
_TODO = "an entity is T1<TAB>TYPE START END<TAB>TEXT"


def read_brat(source: Source, block: DataBlock, bad: BadRows, *, answers: bool) -> Iterator[Record | Problem]:
    """One row: `text`, and the `spans` of its entities. A text without a file of annotations has none.

    Args:
        source: the text.
        bad: counts what is not read.
        answers: whether the row must have annotations; a text without them is then left out, with a warning.

    Raises:
        DataError: there is no text beside the annotations, or one of the two files can not be read.
    """
    if source.file is None:
        raise DataError.at(source.name, "brat's annotations are files", "name the folder that holds .txt and .ann")
    file = source.file.with_suffix(".ann")
    if not source.file.is_file():
        raise DataError.at(shown(file), f"there is no {source.file.name} beside it", "brat keeps the text there")
    text = "".join(lines(source, block))
    if not file.is_file():
        if answers:
            bad.pass_over("no annotations (.ann) beside the text", source.name)
        else:
            yield Record(source.name, 1, {"text": text})
        return
    yield _row(text, source, replace(source, name=shown(file), file=file), block, bad)


def _row(text: str, source: Source, annotations: Source, block: DataBlock, bad: BadRows) -> Record | Problem:
    spans: list[Values] = []
    for number, line in enumerate(lines(annotations, block), 1):
        place, line = annotations.line(number), line.rstrip("\r\n")
        if not line.strip():
            continue
        if kind := KINDS.get(line[0]):
            bad.note(f"{kind} of brat's, not read", place)
            continue
        entity = _entity(line, text, place, bad)
        if isinstance(entity, Problem):
            return entity
        spans.append(entity)
    return Record(source.name, 1, {"text": text, "spans": spans})


def _entity(line: str, text: str, place: str, bad: BadRows) -> Values | Problem:
    found = _ENTITY.fullmatch(line)
    if not found:
        return Problem(place, "not an annotation of brat's", _TODO, f"{line!r:.60}")
    parts = [(int(start), int(end)) for start, end in (part.split(" ") for part in found["parts"].split(";"))]
    start, end, mention = parts[0][0], parts[-1][1], found["mention"]
    if len(parts) > 1:
        between = [text[before:after] for (_, before), (after, _) in itertools.pairwise(parts)]
        if any(gap.strip() for gap in between):
            bad.note("entities in parts, read from the first to the last character", place)
        there = " ".join(text[first:last] for first, last in parts)
        if mention and plain(there) != plain(mention):
            detail = f"{mention!r:.40}, where the text has {there!r:.40}"
            todo, setting = "correct it, or leave such texts out and count them", Setting("data.bad_rows", "skip")
            return Problem(place, "spans is not at its place", todo, detail, setting)
        mention = None
    return span(start, end, found["label"], mention or None, text)
