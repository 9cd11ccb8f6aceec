"""Rows with words and tags, or with a text and its entities -> sentences, and what is wrong with their tags.

Where a row has both words and a text, its words are taken, unless its answers are `spans`, which are places in the
text.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bertkit.data.columns import schemes
from bertkit.data.columns.labels import natural
from bertkit.data.columns.schemes import PREFIXES, Scheme
from bertkit.data.read.rows import BadRows, Tally, some, word_place
from bertkit.errors import DataError, Problem, did_you_mean
from bertkit.tasks.task import Rows
from bertkit.tasks.texts import column
from bertkit.tasks.words import split, to_words

log = logging.getLogger("bertkit")

WANTED = "give tokens (a list of words), or a text"


@dataclass(frozen=True)
class Sentences:
    """The words of rows, and where they come from."""

    words: list[list[str]]
    texts: list[str] | None = None
    """The text of each row, where words were made of it."""
    characters: list[list[tuple[int, int]]] = field(default_factory=list)
    """First character of each word, and the one after its last, where there are texts."""
    documents: list[Any] | None = None
    numbers: list[int] | None = None
    """Of each row in its source."""
    places: list[str] | None = None
    lines: list[list[int] | None] | None = None
    """The line of each word, where a line is a word."""

    def place(self, row: int, word: int | None = None) -> str:
        """Where a word, from 0, of a row stands, as far as the rows say."""
        if self.places is None:
            return f"row {row + 1}"
        return word_place(self.places[row], self.lines[row] if self.lines else None, word)

    def adjoin(self, row: int) -> bool:
        """Whether a row and the next stand one after the other in a document."""
        documents, numbers = self.documents, self.numbers
        if documents is None or documents[row] is None or documents[row] != documents[row + 1]:
            return False
        return numbers is None or numbers[row] + 1 == numbers[row + 1]

    def spaced(self) -> list[list[str]]:
        """The words, each with the space before it, if the text has one there; without a text all have one."""
        if self.texts is None:
            return [[f" {word}" for word in words] for words in self.words]
        return [
            [f" {text[a:b]}" if text[a - 1 : a].isspace() else text[a:b] for a, b in at]
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
    known: dict[str, Any] = {key: column(rows, name) for key, name in names.items() if _has(rows, name)}
    if by_text and texts is not None:
        characters = [split(text) for text in texts]
        made = [[text[a:b] for a, b in at] for text, at in zip(texts, characters, strict=True)]
        return Sentences(made, texts, characters, **known)
    if words is None:
        raise DataError.at("rows", "neither words nor a text", WANTED)
    for number, sentence in enumerate(words, 1):
        if not isinstance(sentence, list) or not all(isinstance(word, str) and word for word in sentence):
            raise DataError.at(f"row {number}", f"tokens is no list of words: {sentence!r:.60}", WANTED)
    return Sentences(words, **known)


def _has(rows: Rows, name: str) -> bool:
    dataset: Any = rows
    return name in (dataset.column_names if hasattr(rows, "column_names") else dataset[0] if len(rows) else ())


def tags_of(rows: Rows, sentences: Sentences, scheme: Scheme, tally: Tally | None = None) -> list[list[str]]:
    """A tag a word, as the rows have it, or made of their entities in a scheme.

    Args:
        tally: counts entities that are not whole words.

    Raises:
        DataError: the rows have neither tags nor spans.
    """
    if sentences.texts is None and (tags := column(rows, "tags")) is not None:
        return tags
    spans = column(rows, "spans") if sentences.texts is not None else None
    if spans is None:
        todo = "name the column of the tags (data.columns.tags), or of the entities of a text (data.columns.spans)"
        raise DataError.at(sentences.place(0), "no tags to learn from or to compare with", todo)
    made = []
    tally = tally or Tally()
    for row, (entities, at) in enumerate(zip(spans, sentences.characters, strict=True)):
        fitted = to_words(entities, at)
        if fitted.widened:
            tally.add("texts with an entity that cuts a word, which takes all of it", sentences.place(row))
        if fitted.dropped:
            tally.add(
                "texts with an entity inside or across another, or without a word, left out", sentences.place(row)
            )
        made.append(_written(fitted.spans, len(at), scheme))
    return made


def _written(spans: Sequence[schemes.Span], words: int, scheme: Scheme) -> list[str]:
    tags = ["O"] * words
    for first, end, type_ in spans:
        tags[first:end] = [f"B-{type_}", *[f"I-{type_}"] * (end - first - 1)]
    return tags if scheme == "IOB2" else schemes.convert(tags, "IOB2", scheme)


def scheme_of(tags: list[list[str]], sentences: Sentences, split: str) -> Scheme:
    """The scheme of tags; a DataError where none has all their prefixes, with the place of the rarest one."""
    try:
        return schemes.find_scheme(tags)
    except DataError as error:
        prefixes = Counter(tag[0] for row in tags for tag in row if tag != "O")
        rarest = min(prefixes, key=prefixes.__getitem__)
        row, word = next((r, w) for r, row in enumerate(tags) for w, tag in enumerate(row) if tag[0] == rarest)
        (problem,) = error.problems
        what = f"{split}: {tags[row][word]!r}: {problem.reason}"
        raise DataError.at(sentences.place(row, word), what, problem.remedy) from None


def check_tags(tags: list[list[str]], sentences: Sentences, split: str, known: Sequence[str] = ()) -> None:
    """Raise a DataError, with file and line, where a tag is none, or none of those that are known, if any are."""
    wrong = {tag: problem for tag in {t for row in tags for t in row} if (problem := _problem(tag, known))}
    if not wrong:
        return
    bad = BadRows()
    for row, sentence in enumerate(tags):
        for word, tag in enumerate(sentence):
            if tag in wrong:
                what, _, todo = wrong[tag].partition("; ")
                bad.add(Problem(sentences.place(row, word), f"{split}: {what}", todo))
    bad.settle()


def _problem(tag: str, known: Sequence[str]) -> str:
    if problem := schemes.check_tag(tag):
        return problem
    if known and tag not in known and tag.partition("-")[2] in {name.partition("-")[2] for name in known}:
        todo = f"write all splits in one scheme; the model's tags: {', '.join(known[:5])}" + ", ..." * (len(known) > 5)
        return f"the tag {tag!r} has a prefix that no training row has; {todo}"
    if known and tag not in known:
        return f"the tag {tag!r} has a type that no training row has; {did_you_mean(tag, known)}"
    return ""


def warn_of_broken(tags: list[list[str]], sentences: Sentences, scheme: Scheme, split: str, *, mended: bool) -> None:
    """Say how many sentences break the scheme, and where the first ones do."""
    if found := schemes.find_broken(tags, scheme):
        places = [sentences.place(row, words[0]) for row, words in list(found.items())[:3]]
        todo = "mended" if mended else "options.repair: true mends them"
        head = f"{split}: {len(found):,} of {len(tags):,} sentences break {scheme}"
        log.warning("%s (%s): %s", head, some(places, len(found)), todo)


def all_tags(tags: list[list[str]], scheme: Scheme) -> list[str]:
    """O, and of every type that occurs each tag that the scheme has: what is rare need not occur in training."""
    types = {tag.partition("-")[2] for row in tags for tag in row if tag != "O"}
    return ["O", *(f"{letter}-{type_}" for type_ in sorted(types, key=natural) for letter in PREFIXES[scheme])]
