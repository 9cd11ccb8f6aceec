"""The files, standard input or hub data sets that `data.train`, `data.validation` and `data.test` name."""

from __future__ import annotations

import contextlib
import difflib
import glob
import gzip
import io
import logging
import math
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from bertkit import extras
from bertkit.errors import BertkitError, DataError, ExtraError, Problem, Setting
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

log = logging.getLogger("bertkit")

ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".txt": "text",
    ".conll": "conll",
    ".conll03": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".bmes": "conll",
    ".ann": "brat",
    ".spacy": "docbin",
}
"""File ending (upper or lower case; `.gz` may follow that of a text format) -> reader."""

BINARY = ("parquet", "arrow", "docbin")
NOT_ROWS = ("dataset_info.json", "dataset_dict.json", "state.json")
"""Other files that `Dataset.save_to_disk` writes."""


PATIENCE = 1.0
"""Seconds before a pipe without a writer is named."""
BOMB_BYTES, BOMB_RATIO = 2**28, 200
"""A packed file may unpack to so many bytes or, if that is more, so many times its size. Texts are packed to a third,
and very repetitive ones to a fiftieth; the format allows a thousandth."""


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read rows from.

    `name` is the name in messages, `format` the reader; `file` is None for standard input (read into `content`) and
    for the hub; `key` is the part after `#`: the key of a JSON object, or the split of a hub data set.
    """

    name: str
    format: str
    file: Path | None = None
    key: str = ""
    content: bytes = b""
    rows: Sequence[dict[str, Any]] | None = None

    def line(self, number: int) -> str:
        """Place of a line, counted from 1."""
        return f"{self.name}:{number}"

    def row(self, number: int) -> str:
        """Place of a row, counted from 1, in a source that has no lines."""
        return f"{self.name}[row {number}]"

    def open(self) -> BinaryIO:
        """The bytes, decompressed. The stream can `peek` but may not be seekable: `<(command)` is a file too."""
        if self.file is None:
            return io.BufferedReader(io.BytesIO(self.content))
        packed = self.file.suffix.lower() == ".gz"
        with _waiting(self.file):
            return cast(BinaryIO, _Unpacked(self.file)) if packed else self.file.open("rb")


@contextlib.contextmanager
def _waiting(file: Path) -> Iterator[None]:
    """Say so where opening a file takes long: a pipe waits for its writer, who may never come."""
    timer = threading.Timer(PATIENCE, log.warning, ("%s: a pipe, waits for a program that writes to it", shown(file)))
    timer.daemon = True
    if file.is_fifo():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


class _Unpacked(gzip.GzipFile):
    """A packed file, which may be a bomb: a thousandth of what it unpacks to."""

    def __init__(self, file: Path):
        super().__init__(file)
        self._most = max(BOMB_BYTES, BOMB_RATIO * file.stat().st_size) if file.is_file() else math.inf

    def read(self, size: int | None = -1) -> bytes:
        return self._checked(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        return self._checked(super().read1(size))

    def _checked(self, part: bytes) -> bytes:
        if self.tell() > self._most:
            raise EOFError(f"it unpacks to more than {BOMB_RATIO} times its size; unpack it first if that is right")
        return part


def placeholders(count: int) -> tuple[str, ...]:
    """Names for columns that have none."""
    return tuple(f"column{position}" for position in range(1, count + 1))


def expand(sources: Sequence[str | Source], block: DataBlock) -> list[Source]:
    """The single sources behind these names, in their order; the files of a folder or glob by name.

    Each is a file, a folder (every data file in it, at any depth), a glob, `file.json#key`, `-` (standard input),
    `package:module/path` (a file in an installed package) or `hub:name[:config][@revision]#split`. A Source stays.

    Raises:
        DataError: one or more of them name nothing that can be read; all are reported together.
        ExtraError: the package of a `package:` is not installed.
    """
    expanded: list[Source] = []
    problems: list[Problem] = []
    for text in sources:
        try:
            expanded += [text] if isinstance(text, Source) else _expand(text, block)
        except ExtraError:
            raise
        except BertkitError as error:
            problems += error.problems
    if problems:
        raise DataError(*problems)
    for (name, _), count in Counter((s.name, s.key) for s in expanded if s.file).items():
        if count > 1:
            warn(f"{name} is named {count} times: each of its rows is read {count} times")
    return expanded


def _expand(text: str, block: DataBlock) -> list[Source]:
    if not text:
        raise DataError.at("data", "an empty name", "name a file, or . for this folder")
    if text == "-":
        return [_standard_input(block)]
    if text.startswith("hub:"):
        name, _, split = text.partition("#")
        return [Source(name, "hub", key=split)]
    if text.startswith(extras.PACKAGE):
        path, _, key = text.partition("#")
        return [replace(s, key=key) for s in _files(str(extras.carried(path, DataError)), text, block)]
    path, key = text, ""
    if not Path(text).exists() and "#" in text:  # a name may hold a # of its own
        path, _, key = text.rpartition("#")
    return [replace(s, key=key) for s in _files(path, text, block)]


def _standard_input(block: DataBlock) -> Source:
    """Standard input is JSON lines if it starts with `{`, else CSV, unless `data.format` is set."""
    if sys.stdin is None:
        raise DataError.at("stdin", "is closed", "name a file, or send the rows to standard input")
    if sys.stdin.isatty():
        log.info("stdin: reads what is typed until Ctrl-D")
    content = sys.stdin.buffer.read()
    opens = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return Source("stdin", block.format or ("jsonl" if opens == b"{" else "csv"), content=content)


def _files(path: str, text: str, block: DataBlock) -> list[Source]:
    if Path(path).is_dir():
        return _folder(Path(path), text, block)
    if Path(path).exists():
        return [_file(Path(path), block)]
    if not glob.has_magic(path):
        raise _not_found(path, text)
    matches = [Path(match) for match in sorted(glob.glob(path, recursive=True))]  # noqa: PTH207 (it may be absolute)
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise DataError.at(text, "no file matches this pattern", "** matches folders at any depth")
    return _with_annotations([_file(file, block) for file in files])


def _folder(folder: Path, text: str, block: DataBlock) -> list[Source]:
    inside = sorted(path for path in folder.rglob("*") if path.is_file())
    visible = [path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    rows = [path for path in visible if _format(path) and path.name not in NOT_ROWS]
    if not rows:
        raise DataError.at(text, "the folder holds no data file", f"a data file ends in {', '.join(ENDINGS)}")
    if passed := len(inside) - len(rows):
        log.info("%s: %d data files; %d files of other kinds are skipped", text, len(rows), passed)
    return _with_annotations([_file(path, block) for path in rows])


def _with_annotations(sources: list[Source]) -> list[Source]:
    """The same; where a folder has annotations of brat's (.ann), its texts (.txt) are read with them, each once."""
    folders = dict.fromkeys(source.file.parent for source in sources if source.file and source.format == "brat")
    for folder in folders:
        log.info("%s: brat's texts and annotations", shown(folder))
    brat = (
        replace(source, format="brat")
        if source.format == "text" and source.file and source.file.parent in folders
        else source
        for source in sources
    )
    return list(dict.fromkeys(brat))


def _file(path: Path, block: DataBlock) -> Source:
    if path.suffix.lower() == ".ann" and block.format in (None, "brat"):
        path = path.with_suffix(".txt")
        return Source(shown(path), "brat", path)
    name = shown(path)
    format = block.format or _format(path)
    if not format:
        known = ", ".join(sorted(set(ENDINGS.values())))
        todo = f"name the format ({known})"
        raise DataError.at(name, "unknown file ending", todo, setting=Setting("data.format", "csv"))
    return Source(name, format, path)


def _format(path: Path) -> str:
    """The format by the file ending, or an empty text."""
    packed = path.suffix.lower() == ".gz"
    format = ENDINGS.get(Path(path.stem if packed else path.name).suffix.lower(), "")
    return "" if packed and format in BINARY else format


def shown(path: Path) -> str:
    """A path as messages show it: relative if it is below the working folder."""
    here = Path.cwd()
    name = str(path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path)
    return name.encode("utf-8", "replace").decode()  # a name may hold bytes that are no text


def _not_found(path: str, text: str) -> BertkitError:
    file = Path(path)
    todo = _near(file.name, [str(file.parent)])
    if not todo and not _format(file) and re.fullmatch(r"[\w.-]+(/[\w.-]+)?", path):
        todo = f"for a data set on the hub write hub:{path}#train"
    todo = todo or "check the name: paths in a recipe start at its folder, all others at the current folder"
    return DataError.at(text, "no such file or folder", todo)


def _near(name: str, folders: Sequence[str]) -> str:
    """`did you mean X?` for the file of these folders that has the nearest name."""
    files = {path.name: path for folder in map(Path, folders) if folder.is_dir() for path in folder.iterdir()}
    near = difflib.get_close_matches(Path(name).name, files, n=1, cutoff=0.6)
    return f"did you mean {shown(files[near[0]])}?" if near else ""
