"""Sources -> documents, as a stream: no more of a source stands in memory than the document that is being read.

A document of a plain text is what stands between empty lines, a file, or a line; a row of JSON lines, Parquet or the
hub is one. One beyond `LONGEST` characters is gone on with as another, so that a file without an empty line needs no
more memory than any other; the manifest counts these.
"""

from __future__ import annotations

import codecs
import dataclasses
import hashlib
import io
import logging
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.read.lines import lines
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows
from bertkit.data.read.sources import BINARY, Source, setting
from bertkit.errors import DataError, Problem
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

LONGEST = 8_000_000
"""Characters of a document at most: ten times a long novel."""
CHUNK = 2**20
AUTO = "auto"
"""As an encoding: UTF-8 where the whole file is that, else cp1252, said by file."""

_EMPTY_LINE = re.compile(r"\n(?:[^\S\n]*\n)+")
_HEAD = re.compile(r"(?:[^\S\n]*\n)+")
_CHINESE = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_WITHIN_CHINESE = re.compile(f"(?<=[{_CHINESE}])\n(?=[{_CHINESE}])")
_SPACES = re.compile(r"[^\S\n]+")
# Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji are written with them.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff]")


@dataclasses.dataclass(frozen=True)
class Scanned:
    """A source that was looked through once: `encoding` is what it decodes by, `sha256` that of its bytes."""

    source: Source
    encoding: str
    size: int
    sha256: str


def scan(source: Source, block: DataBlock) -> Scanned:
    """Go through the bytes once: their hash, and whether they decode, before any work is done.

    Raises:
        DataError: it can not be read, is empty, or does not decode; with the line.
    """
    if source.format == "hub":
        return Scanned(source, "utf-8", *_hashed_rows(source, block))
    encoding = "utf-8" if block.encoding == AUTO else block.encoding
    size, digest = 0, hashlib.sha256()
    binary = source.format in BINARY
    decode = None if binary else _decoder(source, encoding)
    try:
        with source.open() as raw:
            while content := raw.read(4 * CHUNK):
                size += len(content)
                digest.update(content)
                if decode:
                    decode(content)
            if decode:
                decode(b"", True)
    except UnicodeDecodeError as error:
        if block.encoding != AUTO:
            raise _undecodable(source, encoding) from error
        log.warning("%s: is not UTF-8, so it is read as cp1252", source.name)
        return scan(source, block.model_copy(update={"encoding": "cp1252"}))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError.at(source.name, f"can not be read: {reason}", "is it whole, and what its name says?") from error
    if not size:
        raise DataError.at(source.name, "is empty", "is this the right file?")
    return Scanned(source, encoding, size, digest.hexdigest())


def documents(scanned: Scanned, block: DataBlock, options: CorpusOptions, counts: Counter[str]) -> Iterator[str]:
    """The documents of a source, in order, none of them blank.

    Args:
        counts: `documents_cut` is counted here.

    Raises:
        DataError: a row has no text, or a line can not be read.
    """
    block = block.model_copy(update={"encoding": scanned.encoding})
    if scanned.source.format == "text":
        found = _of_text(_chunks(scanned), options, counts)
    else:
        found = ([text] for text in _texts(scanned.source, block))
    for text in (text for texts in found for text in texts):
        while len(text) > LONGEST:
            counts["documents_cut"] += 1
            end = _cut(text)
            if not text[:end].isspace():
                yield text[:end]
            text = text[end:]
        if text and not text.isspace():
            yield text


def paragraphs(document: str, join_lines: bool) -> list[str]:
    """The texts of a document that no sentence goes beyond: lines, or lines joined up to an empty one.

    Lines are joined by a space, between Chinese or Japanese characters by nothing; a hyphen at the end of a line stays
    as it is, as none can tell whether it belongs to the word.
    """
    if not join_lines:
        return [line.strip() for line in document.split("\n") if line and not line.isspace()]
    joined = []
    for block in _EMPTY_LINE.split(document):
        text = "\n".join(line.strip() for line in block.split("\n") if line and not line.isspace())
        if text:
            joined.append((text if text.isascii() else _WITHIN_CHINESE.sub("", text)).replace("\n", " "))
    return joined


def clean(text: str, counts: Counter[str]) -> str:
    """Normal form C, without control and invisible characters, single spaces, whatever the language.

    Args:
        counts: `documents_cleaned` and `characters_removed` are counted here.
    """
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    seen, removed = _UNSEEN.subn("", _SPACES.sub(" ", normal))
    counts["documents_cleaned"] += seen != text
    counts["characters_removed"] += removed
    return seen


def _decoder(source: Source, encoding: str) -> Any:
    """A function that raises a UnicodeDecodeError at the first bytes that do not decode, or hold a NUL."""
    try:
        incremental = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        next(lines(source, DataBlock(encoding=encoding)), None)  # says so
        raise

    def decode(content: bytes, final: bool = False) -> None:
        if "\0" in incremental.decode(content, final):
            raise UnicodeDecodeError(encoding, b"\0", 0, 1, "NUL")

    return decode


def _undecodable(source: Source, encoding: str) -> Exception:
    """The error with its line, which reading line by line finds."""
    try:
        for _ in lines(source, DataBlock(encoding=encoding)):
            pass
    except DataError as error:
        where, what, todo = error.problems[0].key, error.problems[0].reason, error.problems[0].remedy
        more = f"; or {setting('data.encoding', AUTO)}: cp1252 where a file is not UTF-8" if "byte" in what else ""
        return DataError.at(where, what, todo + more)
    return DataError.at(source.name, f"is not valid {encoding}", "name its encoding")


def _hashed_rows(source: Source, block: DataBlock) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for text in _texts(source, block):
        content = text.encode()
        size += len(content)
        digest.update(b"%d\n" % len(content) + content)
    return size, digest.hexdigest()


def _chunks(scanned: Scanned) -> Iterator[str]:
    """Tokens of a text, with LF as the end of every line."""
    with scanned.source.open() as raw, io.TextIOWrapper(raw, scanned.encoding) as stream:
        first = True
        while text := stream.read(CHUNK):
            yield text.removeprefix("\ufeff") if first else text
            first = False


def _of_text(chunks: Iterable[str], options: CorpusOptions, counts: Counter[str]) -> Iterator[list[str]]:
    between = {
        "empty_line": re.compile(rf"\n(?:[^\S\n]*\n){{{options.empty_lines},}}"),
        "line": re.compile("\n"),
        "file": None,
    }[options.documents]
    rest = ""
    for chunk in chunks:
        rest += chunk
        if options.documents == "empty_line":
            rest = (
                rest[head.end() :] if (head := _HEAD.match(rest)) else rest
            )  # what is left of empty lines that a chunk ended among
        if between:
            *whole, rest = between.split(rest)
            yield whole
        if len(rest) > 2 * LONGEST:  # so that `documents` cuts the same places, however the chunks fell
            counts["documents_cut"] += 1
            yield [rest[: (end := _cut(rest))]]
            rest = rest[end:]
    yield [rest]


def _cut(text: str) -> int:
    """Where to end a document that is too long: after the last line, else the last space, before the limit."""
    return text.rfind("\n", 0, LONGEST) + 1 or text.rfind(" ", 0, LONGEST) + 1 or LONGEST


def _texts(source: Source, block: DataBlock) -> Iterator[str]:
    """The texts of a source whose rows are documents."""
    name = block.columns.get("text", "text")
    bad = BadRows(block.bad_rows)
    for record in read(source, block, bad):
        if name not in record.values:
            has = ", ".join(map(str, record.values))
            todo = f"name the one that holds it: {setting('data.columns.text', next(iter(record.values), 'NAME'))}"
            raise DataError.at(record.place, f"no column {name!r} for the text; the columns here: {has}", todo)
        text = record.values[name]
        if problem := _unusable(text):
            bad.add(Problem(record.place, *problem))
        else:
            yield text
    bad.settle()


def _unusable(text: Any) -> tuple[str, str] | None:
    skip = f"to leave such rows out and count them: {setting('data.bad_rows', 'skip')}"
    if not isinstance(text, str):
        return ("text is missing" if text is None else f"text is not a text: found {text!r:.40}"), skip
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "text holds half a character", f"was it cut inside an emoji? {skip}"
    return None
