"""CoNLL: one word per line, with columns separated by tabs or spaces, and an empty line between sentences.

The format has no specification, so the layout is inferred from all lines: the whole file is read before the first
sentence is returned. Columns are separated by tabs if any line contains one (a word may then hold a space), otherwise
by spaces. A line of white space alone also ends a sentence, as in WNUT-17's training file.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bertkit.data.read.lines import lines
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source, fitting
from bertkit.errors import DataError, Problem, Setting
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

log = logging.getLogger("bertkit")

DOCUMENT = "-DOCSTART-"
"""First field of the line that starts a document in CoNLL-2003."""

_COUNTER = re.compile(r"[0-9]+([-.][0-9]+)?")  # CoNLL-U: 3-4 of a contraction, 3.1 of an empty node
_COMMENT = re.compile(r"#(\s|$)")  # "# text = ..." and GermEval's "#<TAB>http://..."
_SPACES = re.compile("[ \t]+")
_GLUED = re.compile(r".+?[0-9]+", re.DOTALL)
_SURELY = 0.9
"""Share of words whose digits count up from 0 from which on this is no coincidence."""

Split = Callable[[str], list[str]]


@dataclass(frozen=True)
class _Layout:
    """How the lines of a file are split, how many columns most of them have, and what stands in them."""

    split: Split
    tabs: bool
    width: int
    last: set[str]
    """The values of the last column."""
    counted: bool
    """Whether the first column counts the words."""


@dataclass
class _Sentence:
    """The fields of each word, the line (from 1) of the first, the number of the document, and the first bad line."""

    line: int
    document: int
    words: list[list[str]]
    bad: Problem | None = None


def read_conll(source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    """One row per sentence: one list per column, and the line of each word in `Record.lines`.

    The first column is called `tokens`, the last `tags` and those between by their numbers (`2`, `3`), unless
    `data.header` names them. A number or name that `data.columns` refers to is kept, also for the first and the last.
    If the file marks documents, `document` counts them from 1. A file of one column has `tokens` only.

    Raises:
        DataError: only few lines have tabs, or `data.header` names another number of columns.
    """
    content = [line.rstrip("\r\n") for line in lines(source, block)]
    if not any(map(str.strip, content)):
        return
    layout = _layout(content, source)
    names = _names(layout.width, block, source)
    sentences = list(_sentences(content, layout, source))
    words = _column(str(block.columns.get("tokens", "tokens")), names)
    glued = [[fields[words] for fields in sentence.words] for sentence in sentences if not sentence.bad]
    if not block.glued_digits and _looks_glued(glued):
        what = "every word ends in a digit, as if each character carried its position in a segmented word"
        warn(f"{source.name}: {what}; data.glued_digits=true removes the digits")
    tally = Tally()
    documents = any(map(_opens_document, content))
    for number, sentence in enumerate(sentences, 1):
        where = range(sentence.line, sentence.line + len(sentence.words))
        places = [source.line(line) for line in where]
        bad = sentence.bad or (_unglue(sentence.words, words, places, tally) if block.glued_digits else None)
        values = {} if bad else dict(zip(names, map(list, zip(*sentence.words, strict=True)), strict=True))
        document = {"document": sentence.document} if documents else {}
        yield bad or Record(places[0], number, {**document, **values}, list(where))
    tally.warn()


def _layout(content: list[str], source: Source) -> _Layout:
    """Infer the layout from all lines; lines that may be comments are used only if there are no others."""
    plain = [line for line in content if line.strip() and not _opens_document(line)]
    words = [line for line in plain if not _COMMENT.match(line)] or plain
    tabs = any("\t" in line.strip() for line in words)
    split: Split = _by_tab if tabs else _by_space
    rows = [split(line) for line in words]
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 1
    if tabs and width == 1:
        first = next(number for number, line in enumerate(content, 1) if "\t" in line.strip())
        what = "this line has a tab, but most lines have none"
        raise DataError.at(source.line(first), what, "separate the columns of all lines by tabs, or of all by spaces")
    whole = [fields for fields in rows if len(fields) == width]
    counted = width > 1 and whole[0][0] in "01" and all(_COUNTER.fullmatch(fields[0]) for fields in whole)
    return _Layout(split, tabs, width, {fields[-1] for fields in whole}, counted)


def _by_tab(line: str) -> list[str]:
    return line.split("\t")


def _by_space(line: str) -> list[str]:
    """Only at spaces and tabs: a full-width or unbreakable space is a character of a word."""
    return _SPACES.split(line.strip(" \t"))


def _opens_document(line: str) -> bool:
    return line.startswith(DOCUMENT) and (len(line) == len(DOCUMENT) or line[len(DOCUMENT)].isspace())


def _sentences(content: list[str], layout: _Layout, source: Source) -> Iterator[_Sentence]:
    """The sentences in their order."""
    sentence: _Sentence | None = None
    document, filled, comments = 1, False, 0
    for number, line in enumerate(content, 1):
        opens = _opens_document(line)
        if opens or not line.strip():
            if sentence:
                yield sentence
                sentence, filled = None, True
            if opens and filled:
                document, filled = document + 1, False
            continue
        fields = layout.split(line)
        while len(fields) > layout.width and not fields[-1]:
            fields.pop()
        if sentence is None and _is_comment(line, fields, layout):
            comments += 1
            continue
        sentence = sentence or _Sentence(number, document, [])
        sentence.words.append(fields)
        if len(fields) != layout.width and not sentence.bad:
            sentence.bad = _wrong_width(source.line(number), len(fields), layout)
    if sentence:
        yield sentence
    if comments:
        log.info("%s: comment lines skipped: %s", source.name, f"{comments:,}")


def _is_comment(line: str, fields: list[str], layout: _Layout) -> bool:
    """Whether a line before the first word of a sentence is a comment. A `#` may be a word: its line has all columns.

    A comment may have all columns by coincidence. GermEval's `#<TAB>http://...<TAB>[2009-10-17]<TAB>` has no number
    where all words have one, and nothing in its last column; MultiCoNER's `# id 5c<TAB>domain=en` has a tag that no
    word has.
    """
    empty = layout.width > 2 and not fields[-1]
    by_chance = layout.counted or empty or ("=" in line and fields[-1] not in layout.last)
    return bool(_COMMENT.match(line)) and (len(fields) != layout.width or by_chance)


def _wrong_width(place: str, count: int, layout: _Layout) -> Problem:
    detail = f"{count}, most lines of the file have {layout.width}"
    todo = "a line is a word and its columns; an empty line ends a sentence"
    if not layout.tabs and count > layout.width:
        todo = "if a word here holds a space, separate the columns of all lines by tabs"
    return Problem(place, "wrong number of columns", todo, detail)


def _names(width: int, block: DataBlock, source: Source) -> list[str]:
    names = block.header or [str(number) for number in range(1, width + 1)]
    if len(names) != width:
        what = f"data.header names {len(names)} columns, most lines have {width}"
        setting = Setting("data.header", fitting(names, width))
        raise DataError.at(source.name, what, f"name {width}", setting=setting)
    asked = block.columns.values()
    renamed = {0: "tokens"} | ({width - 1: "tags"} if width > 1 else {})
    free = {i: new for i, new in renamed.items() if names[i] not in asked and new not in {*names, *block.columns}}
    return [free.get(position, name) for position, name in enumerate(names)]


def _column(name: str, names: list[str]) -> int:
    """Position of the column of the words; the first if no column has this name, which is reported later."""
    return names.index(name) if name in names else 0


def _looks_glued(sentences: list[list[str]]) -> bool:
    """Whether all words end in a digit, and these count up from 0."""
    in_step = count = 0
    for words in sentences:
        last = -1
        for word in words:
            if not _GLUED.fullmatch(word):
                return False
            _, last, fits = _without_number(word, last)
            count, in_step = count + 1, in_step + fits
    return count > 1 and in_step >= _SURELY * count


def _without_number(word: str, last: int) -> tuple[str, int, bool]:
    """`p10` after 9 -> (`p`, 10, True); the digits count the characters of a segmented word from 0.

    Weibo counts beyond 9 in long words, so removing one digit is not enough. If no number continues the count, only the
    last digit is removed, and the third value is False.
    """
    for end in range(1, len(word)):
        if word[end:] == "0" or word[end:] == str(last + 1):
            return word[:end], int(word[end:]), True
    return word[:-1], int(word[-1]), False


def _unglue(words: list[list[str]], column: int, places: list[str], tally: Tally) -> Problem | None:
    """Remove the number from each word of a sentence, in place; returns the problem of the first word without one."""
    last = -1
    for fields, place in zip(words, places, strict=True):
        word = fields[column]
        if not _GLUED.fullmatch(word):
            todo = "data.glued_digits is for files in which each character carries one"
            return Problem(place, "no digit is glued to this word", todo, f"{word!r:.40}")
        fields[column], last, fits = _without_number(word, last)
        if not fits:
            tally.add("glued digits that do not count up, the last one removed", place)
    return None
