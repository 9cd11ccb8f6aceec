"""Rows with words and tags, or with a text and its entities -> sentences; checks of their tags.

If rows have both words and a text, the words are used, unless the answers are `spans`, which refer to the text.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bertkit.data.columns import schemes
from bertkit.data.columns.labels import natural
from bertkit.data.columns.schemes import PREFIXES, ROLES, Scheme
from bertkit.data.read.rows import BadRows, Tally, some, word_place
from bertkit.errors import DataError, Problem, Setting, did_you_mean
from bertkit.tasks.ner.unseen import settle
from bertkit.tasks.task import Rows
from bertkit.tasks.texts import column
from bertkit.tasks.words import Overlaps, Reason, is_unseen, scripts_without_spaces, split, to_words
from bertkit.warn import warn

log = logging.getLogger("bertkit")

EXPECTED = "give tokens (a list of words), or a text"


@dataclass(frozen=True)
class Sentences:
    """The words of rows, and their places in the source."""

    words: list[list[str]]
    texts: list[str] | None = None
    """The text of each row, if the words were split from it."""
    characters: list[list[tuple[int, int]]] = field(default_factory=list)
    """Start and (exclusive) end of each word in its text, if there are texts."""
    documents: list[Any] | None = None
    numbers: list[int] | None = None
    """Number of each row in its source."""
    places: list[str] | None = None
    lines: list[list[int] | None] | None = None
    """The line of each word, for formats with one word per line."""

    def place(self, row: int, word: int | None = None) -> str:
        """Place of a row, or of a word (from 0) of it if the rows have its line."""
        if self.places is None:
            return f"row {row + 1}"
        return word_place(self.places[row], self.lines[row] if self.lines else None, word)

    def adjoin(self, row: int) -> bool:
        """Whether the next row follows this one in the same document."""
        documents, numbers = self.documents, self.numbers
        if documents is None or documents[row] is None or documents[row] != documents[row + 1]:
            return False
        return numbers is None or numbers[row] + 1 == numbers[row + 1]

    def spaced(self) -> list[list[str]]:
        """The words, each with a space before it if its text has one; without texts, all have one."""
        if self.texts is None:
            return [[f" {word}" for word in words] for words in self.words]
        return [
            [
                f" {text[start:end]}" if any(map(str.isspace, text[before:start])) else text[start:end]
                for before, (start, end) in zip([0, *(end for _, end in at)], at, strict=False)
            ]
            for text, at in zip(self.texts, self.characters, strict=True)
        ]


def sentences_of(rows: Rows) -> Sentences:
    """The words of rows.

    Raises:
        DataError: they have neither words nor texts.
    """
    words, texts = column(rows, "tokens"), column(rows, "text")
    by_text = texts is not None and (words is None or (_has(rows, "spans") and not _has(rows, "tags")))
    names = {"documents": "document", "numbers": "row", "places": "place", "lines": "lines"}
    origin: dict[str, Any] = {key: column(rows, name) for key, name in names.items() if _has(rows, name)}
    if by_text and texts is not None:
        characters = [split(text) for text in texts]
        split_words = [[text[a:b] for a, b in at] for text, at in zip(texts, characters, strict=True)]
        return Sentences(split_words, texts, characters, **origin)
    if words is None:
        raise DataError.at("rows", "neither words nor a text", EXPECTED)
    for number, sentence in enumerate(words, 1):
        if not isinstance(sentence, list) or not all(isinstance(word, str) and word for word in sentence):
            what = "tokens is not a list of words"
            raise DataError.at(f"row {number}", what, EXPECTED, detail=f"{sentence!r:.60}")
    return Sentences(words, **origin)


def _has(rows: Rows, name: str) -> bool:
    dataset: Any = rows
    return name in (dataset.column_names if hasattr(rows, "column_names") else dataset[0] if len(rows) else ())


def tags_of(
    rows: Rows,
    sentences: Sentences,
    scheme: Scheme,
    tally: Tally | None = None,
    overlaps: Overlaps = "longest",
) -> list[list[str]]:  # fmt: skip
    """One tag per word: the tags of the rows, or their entities as tags of a scheme.

    Args:
        tally: counts entities that are changed, as words can not show them.
        overlaps: see `NerOptions`.

    Raises:
        DataError: the rows have neither tags nor spans, or with `overlaps` "error" have entities that share a word.
    """
    if sentences.texts is None and (tags := column(rows, "tags")) is not None:
        return tags
    spans = column(rows, "spans") if sentences.texts is not None else None
    if spans is None or sentences.texts is None:
        todo = "name the column of the tags (data.columns.tags), or of the entities of a text (data.columns.spans)"
        raise DataError.at(sentences.place(0), "no tags to learn from or to compare with", todo)
    sequences, bad, tally = [], BadRows(), tally or Tally()
    for row, (entities, at, text) in enumerate(zip(spans, sentences.characters, sentences.texts, strict=True)):
        fitted = to_words(entities, at, overlaps)
        for change in fitted.changes:
            place, shown = sentences.place(row), _shown(change.span, text)
            if overlaps == "error" and change.reason in ("relabelled", "overlapping"):
                setting = Setting("options.overlaps", "longest")
                detail = f"{shown} and {_shown(change.other or {}, text)}"
                bad.add(Problem(place, "two entities share a word", "correct them; or keep one", detail, setting))
            whole = f" in {_whole(change.span, at, text)!r:.40}" if change.reason == "widened" else ""
            tally.add(CHANGES[change.reason].format(overlaps), f"{place} {shown}{whole}")
        sequences.append(_tags(fitted.spans, len(at), scheme))
    bad.settle()
    return sequences


CHANGES: dict[Reason, str] = {
    "widened": "entities that end inside a word, extended to whole words",
    "empty": "entities without a visible character, left out",
    "twice": "entities given twice, taken once",
    "relabelled": "entities whose characters have two labels, the first one kept",
    "overlapping": "entities that share a word with another, the {} kept (options.overlaps)",
}


def _shown(span: dict[str, Any], text: str) -> str:
    return f"{span['label']} {text[span['start'] : span['end']]!r:.40}"


def _whole(span: dict[str, Any], places: Sequence[tuple[int, int]], text: str) -> str:
    """The words that a span touches."""
    touched = [(start, end) for start, end in places if start < span["end"] and end > span["start"]]
    return text[touched[0][0] : touched[-1][1]]


def settled(tags: list[list[str]], sentences: Sentences, scheme: Scheme, tally: Tally | None = None) -> list[list[str]]:
    """The tags of all rows; no invisible word begins, ends or is an entity (see unseen.py).

    Args:
        tally: counts words that are taken out of an entity.
    """
    rows, tally = [], tally or Tally()
    for row, (written, words) in enumerate(zip(tags, sentences.words, strict=True)):
        unseen = {place for place, word in enumerate(words) if is_unseen(word)}
        rows.append(settle(written, unseen, scheme) if unseen else written)
        for place in unseen:
            if written[place] != "O" and rows[-1][place] == "O":
                tally.add("invisible words at the edge of an entity, left out of it", sentences.place(row, place))
    return rows


def _tags(spans: Sequence[schemes.Span], words: int, scheme: Scheme) -> list[str]:
    tags = ["O"] * words
    for first, end, type_ in spans:
        tags[first:end] = [f"B-{type_}", *[f"I-{type_}"] * (end - first - 1)]
    return tags if scheme == "IOB2" else schemes.convert(tags, "IOB2", scheme)


def scheme_of(tags: list[list[str]], sentences: Sentences, split: str) -> Scheme:
    """The scheme of tags.

    Raises:
        DataError: no scheme has all their prefixes; with the place of the rarest one.
    """
    try:
        return schemes.find_scheme(tags)
    except DataError as error:
        prefixes = Counter(tag[0] for row in tags for tag in row if tag != "O")
        rarest = min(prefixes, key=prefixes.__getitem__)
        row, word = next((r, w) for r, row in enumerate(tags) for w, tag in enumerate(row) if tag[0] == rarest)
        (problem,) = error.problems
        what = f"{split}: {tags[row][word]!r}: {problem.reason}"
        raise DataError(replace(problem, key=sentences.place(row, word), reason=what)) from None


def check_tags(tags: list[list[str]], sentences: Sentences, split: str, known: Sequence[str] = ()) -> None:
    """Check that all tags are valid and, if `known` is not empty, known.

    Raises:
        DataError: some are not; with file and line.
    """
    wrong = {tag: problem for tag in {t for row in tags for t in row} if (problem := _problem(tag, known))}
    if not wrong:
        return
    bad = BadRows()
    for row, sentence in enumerate(tags):
        for word, tag in enumerate(sentence):
            if tag in wrong:
                what = f"{split}: {wrong[tag].reason}"
                bad.add(replace(wrong[tag], key=sentences.place(row, word), reason=what))
    bad.settle()


def _problem(tag: str, known: Sequence[str]) -> Problem | None:
    if problem := schemes.check_tag(tag):
        return problem
    if known and tag not in known and tag.partition("-")[2] in {name.partition("-")[2] for name in known}:
        todo = f"write all splits in one scheme; the model's tags: {', '.join(known[:5])}" + ", ..." * (len(known) > 5)
        return Problem("tags", f"the tag {tag!r} has a prefix that no training row has", todo)
    if known and tag not in known:
        return Problem("tags", f"the tag {tag!r} has a type that no training row has", did_you_mean(tag, known))
    return None


def warn_of_broken(tags: list[list[str]], sentences: Sentences, scheme: Scheme, split: str, *, repaired: bool) -> None:
    """Warn of sentences with tags that are invalid in the scheme: how many, and the first places."""
    if broken := schemes.find_broken(tags, scheme):
        places = [sentences.place(row, words[0]) for row, words in list(broken.items())[:3]]
        todo = "repaired" if repaired else "options.repair: true repairs them"
        head = f"{len(broken):,} of {len(tags):,} sentences have tags that are invalid in {scheme}"
        warn(f"{head} ({some(places, len(broken))}): {todo}", split)


def all_tags(tags: list[list[str]], scheme: Scheme) -> list[str]:
    """O, and all tags of the scheme for every type that occurs, including those that no training row has."""
    types = {tag.partition("-")[2] for row in tags for tag in row if tag != "O"}
    return ["O", *(f"{letter}-{type_}" for type_ in sorted(types, key=natural) for letter in PREFIXES[scheme])]


def log_scripts(sentences: Sentences) -> None:
    """Log how many texts are in scripts of South East Asia, whose letters are words."""
    found = [scripts for text in sentences.texts or () if (scripts := scripts_without_spaces(text))]
    if found:
        names = ", ".join(sorted(set().union(*found)))
        what = "written without spaces: each letter with its marks is a word"
        log.info("%s of %s texts have %s, %s", f"{len(found):,}", f"{len(sentences.words):,}", names, what)


def scored(tags: list[str], scheme: Scheme) -> list[str]:
    """Tags as the metrics take them: IO and IOB1 become IOB2, other schemes get the letters of BIOES.

    Invalid tags stay invalid. An IOB1 entity that begins with a B although no entity of its type precedes it is
    written with an I: the lenient count takes it, the strict count does not. So does seqeval's strict mode, which
    then also counts the rest of such an entity (`I-PER` in `O B-PER I-PER`) as an entity of its own, and forgets an
    entity of one B before such a B. Nobody annotated these, so they are not reproduced.
    """
    if scheme in ("IO", "IOB1"):
        return schemes.as_iob2(tags)
    return tags if scheme in ("IOB2", "BIOES") else [ROLES.get(tag[0], "O") + tag[1:] for tag in tags]
