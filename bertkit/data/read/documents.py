"""Sources -> documents, as a stream: only the document being read is in memory.

In plain text, documents are separated by empty lines, or each file or each line is one; each row of JSON lines,
Parquet or the hub is one. A document of more than `LONGEST` characters is split, so that a file without empty lines
needs no more memory than any other; the manifest counts these as `documents_cut`.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from bertkit.data.columns import paths
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.read.formats import BINARY
from bertkit.data.read.lines import Undecodable, count_wrong, is_damaged, lines, valid_lines
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows
from bertkit.data.read.sources import Source
from bertkit.errors import DataError, Problem, Setting, name_some
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

LONGEST = 8_000_000
"""Characters of a document at most: ten times a long novel."""
CHUNK = 2**20
AUTO = "auto"
"""As an encoding: UTF-8 if the file is valid UTF-8, or is but for some lines, else cp1252, with a warning per file."""

_EMPTY_LINE = re.compile(r"\n(?:[^\S\n]*\n)+")
_HEAD = re.compile(r"(?:[^\S\n]*\n)+")
_CHINESE = "\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
_WITHIN_CHINESE = re.compile(f"(?<=[{_CHINESE}])\n(?=[{_CHINESE}])")
_SPACES = re.compile(r"[^\S\n]+")
# Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji are written with them.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff]")


@dataclass(frozen=True)
class Scanned:
    """A source that was scanned once: the `encoding` that decodes it, and the `size` and `sha256` of its bytes."""

    source: Source
    encoding: str
    size: int
    sha256: str


def scan(source: Source, block: DataBlock, *, errors: str = "strict") -> Scanned:
    """Read the bytes once, before any work is done: compute their hash and check that they decode.

    Args:
        errors: "replace": bytes that do not decode are no mistake; the block says what becomes of them.

    Raises:
        DataError: it can not be read, is empty, or does not decode; with the line.
    """
    if source.format not in ("hub", "memory", "folders") and source.file and not source.again:
        todo = "write it to a file, or send it to standard input: -"
        raise DataError.at(source.name, "is a pipe, and a corpus is read twice", todo)
    if source.format in ("hub", "memory", "folders"):
        return Scanned(source, "utf-8", *_hashed_rows(source, block))
    encoding = "utf-8" if block.encoding == AUTO else block.encoding
    size, digest = 0, hashlib.sha256()
    binary = source.format in BINARY
    decode = None if binary else _decoder(source, encoding, errors)
    try:
        with source.open() as raw:
            while content := raw.read(4 * CHUNK):
                size += len(content)
                digest.update(content)
                if decode:
                    decode(content)
            if decode:
                decode(b"", True)
    except UnicodeError as error:
        if block.encoding != AUTO and errors == "strict" and _may_hold_wrong(source, block):
            return scan(source, block, errors="replace")
        if block.encoding == AUTO and is_damaged(source, DataBlock()):
            return scan(source, block.model_copy(update={"encoding": "utf-8"}))
        if block.encoding != AUTO:
            raise _undecodable(source, encoding) from error
        warn(f"{source.name}: is not UTF-8, so it is read as cp1252")
        return scan(source, block.model_copy(update={"encoding": "cp1252"}))
    except (OSError, EOFError) as error:
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
        batches = _of_text(_chunks(scanned, block.encoding_errors), options, counts)
    else:
        batches = ([text] for text in _texts(scanned.source, block))
    for text in (text for texts in batches for text in texts):
        while len(text) > LONGEST:
            counts["documents_cut"] += 1
            end = _split_point(text)
            if not text[:end].isspace():
                yield text[:end]
            text = text[end:]
        if text and not text.isspace():
            yield text


def paragraphs(document: str, join_lines: bool) -> list[str]:
    """The paragraphs of a document: its lines, or lines joined up to an empty one. No sentence crosses paragraphs.

    Lines are joined by a space, or by nothing between Chinese or Japanese characters. A hyphen at the end of a line is
    kept, as it may belong to the word.
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
    """Unicode NFC, without control and invisible characters, single spaces; for any language.

    Args:
        counts: `documents_cleaned` and `characters_removed` are counted here.
    """
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    cleaned, removed = _UNSEEN.subn("", _SPACES.sub(" ", normal))
    counts["documents_cleaned"] += cleaned != text
    counts["characters_removed"] += removed
    return cleaned


def _may_hold_wrong(source: Source, block: DataBlock) -> bool:
    """Whether bytes that do not decode are replaced, which is reported here for plain text, or their rows left out."""
    if source.format == "text" and block.encoding_errors == "replace":
        every, wrong, _ = count_wrong(source, block)
        warn(f"{source.name}: {wrong:,} of {every:,} lines are not valid {block.encoding}, replaced by U+FFFD")
    return block.encoding_errors == "replace" or (block.bad_rows == "skip" and source.format != "text")


def _decoder(source: Source, encoding: str, errors: str) -> Any:
    """A function that raises a UnicodeDecodeError at the first bytes that do not decode, or hold a NUL."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # codecs such as base64 are none of texts
        incremental = codecs.getincrementaldecoder(encoding)(errors)
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
        for _ in valid_lines(source, DataBlock(encoding=encoding)):
            pass
    except Undecodable as error:
        setting = error.problems[0].setting
        if setting and setting.value not in ("cp1252", "utf-16-le"):
            return error
        todo = "name the encoding of the file, or read files that are not UTF-8 as cp1252"
        return DataError(*(replace(p, remedy=todo, setting=Setting("data.encoding", AUTO)) for p in error.problems))
    except DataError as error:
        return error
    return DataError.at(source.name, f"is not valid {encoding}", "name its encoding")


def _hashed_rows(source: Source, block: DataBlock) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for text in _texts(source, block):
        content = text.encode()
        size += len(content)
        digest.update(b"%d\n" % len(content) + content)
    return size, digest.hexdigest()


def _chunks(scanned: Scanned, errors: str) -> Iterator[str]:
    """A text in chunks, with LF as the end of every line."""
    errors = "replace" if errors == "replace" else "strict"
    with scanned.source.open() as raw, io.TextIOWrapper(raw, scanned.encoding, errors=errors) as stream:
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
            # The chunk before may have ended within empty lines: drop the others.
            rest = rest[head.end() :] if (head := _HEAD.match(rest)) else rest
        if between:
            *whole, rest = between.split(rest)
            yield whole
        if len(rest) > 2 * LONGEST:  # so that `documents` splits at the same places, whatever the chunks
            counts["documents_cut"] += 1
            yield [rest[: (end := _split_point(rest))]]
            rest = rest[end:]
    yield [rest]


def _split_point(text: str) -> int:
    """Where to split a document that is too long: after the last line, else the last space, before the limit."""
    return text.rfind("\n", 0, LONGEST) + 1 or text.rfind(" ", 0, LONGEST) + 1 or LONGEST


def _texts(source: Source, block: DataBlock) -> Iterator[str]:
    """The texts of a source whose rows are documents."""
    name = str(block.columns.get("text", "text"))
    bad = BadRows(block.bad_rows)
    for record in read(source, block, bad):
        if not paths.there(record.values, name):
            has = paths.columns_in(record.values)
            what = f"no column {name!r} for the text; the columns here: {name_some(has)}"
            setting = Setting("data.columns.text", (has or ["NAME"])[0])
            raise DataError.at(record.place, what, "name the one that holds it", setting=setting)
        text = paths.get(record.values, name)
        if problem := check_text(text, record.place):
            bad.add(problem)
        else:
            yield text
    bad.settle()


def check_text(text: Any, place: str) -> Problem | None:
    """The problem of a value that is no text or can not be encoded."""
    skip, setting = "to leave such rows out and count them", Setting("data.bad_rows", "skip")
    if text is None:
        return Problem(place, "text is missing", skip, setting=setting)
    if not isinstance(text, str):
        return Problem(place, "text is not a text", skip, f"found {text!r:.40}", setting)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            todo = f"was it cut inside an emoji? {skip}"
            return Problem(place, "text holds half a character", todo, setting=setting)
    return None
