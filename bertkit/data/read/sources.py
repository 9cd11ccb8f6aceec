"""The files, standard input or hub data sets that `data.train`, `data.validation` and `data.test` name."""

from __future__ import annotations

import atexit
import contextlib
import difflib
import glob
import io
import logging
import re
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from bertkit import extras
from bertkit.data.held import rows_named
from bertkit.data.read.bytes.packed import ZIP, choose, files_in, is_excel, is_packed, unpack
from bertkit.data.read.bytes.remote import fetch
from bertkit.data.read.formats import ENDINGS, NOT_ROWS, chosen, of_ending, unknown_ending
from bertkit.errors import BertkitError, DataError, ExtraError, Problem
from bertkit.fs import is_remote, writing
from bertkit.recipe.schema import MEMORY, DataBlock
from bertkit.warn import warn

log = logging.getLogger("bertkit")

BUFFER = 2**16
"""Bytes in which the first character of a file must be that is no space."""
MOST = 2**26
"""Bytes of standard input that are held in memory; more lie in a temporary file."""
PATIENCE = 1.0
"""Seconds before a pipe without a writer is named."""


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read rows from.

    `name` is the name in messages, `format` the reader; `file` is None for standard input (read into `content`) and
    for the hub; `key` is the part after `#`: the key of a JSON object, the sheet of an Excel file, or the split of a
    hub data set; `inner` is the file in a .zip.
    """

    name: str
    format: str
    file: Path | None = None
    key: str = ""
    content: bytes = b""
    rows: Sequence[dict[str, Any]] | None = None
    inner: str = ""

    @property
    def plain_file(self) -> Path | None:
        """The file, if its bytes are the rows as they are: not packed, and no stream."""
        return self.file if self.file and not is_packed(self.file) and self.file.is_file() else None

    def line(self, number: int) -> str:
        """Place of a line, counted from 1."""
        return f"{self.name}:{number}"

    def row(self, number: int) -> str:
        """Place of a row, counted from 1, in a source that has no lines."""
        return f"{self.name}[row {number}]"

    @property
    def again(self) -> bool:
        """Whether its bytes can be read a second time: it is no pipe, and has bytes at all."""
        return self.rows is None and self.format != "hub" and (self.file is None or self.file.is_file())

    def open(self) -> BinaryIO:
        """The bytes, decompressed. The stream can `peek` but may not be seekable: `<(command)` is a file too."""
        if self.file is None:
            return io.BufferedReader(io.BytesIO(self.content))
        with _waiting(self.file):
            return unpack(self.file, self.inner) if is_packed(self.file) else self.file.open("rb")


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


def placeholders(count: int) -> tuple[str, ...]:
    """Names for columns that have none."""
    return tuple(f"column{position}" for position in range(1, count + 1))


def fitting(names: Sequence[str], count: int) -> tuple[str, ...]:
    """As many names as there are columns: the given ones, and others after them."""
    return (*names, *placeholders(count)[len(names) :])[:count]


def expand(sources: Sequence[str | Source], block: DataBlock) -> list[Source]:
    """The single sources behind these names, in their order; the files of a folder or glob by name.

    Each is a file, a folder (every data file in it, at any depth; or see folders.py), a glob, `file.json#key`,
    `file.xlsx#Sheet`, `file.zip#inner.csv`, `folder#table.txt`, `-` (standard input), `package:module/path` (a file in
    an installed package), `s3://bucket/file.csv` (see remote.py) or `hub:name[:config][@revision]#split`. A Source
    stays.

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
    if text.startswith(MEMORY):
        found = rows_named(text)
        return [Source(found.split, "memory", rows=found.rows)]
    if is_remote(text):
        path, _, key = text.partition("#")
        return [
            replace(one, name=f"{name}{one.name.removeprefix(shown(copy))}")
            for name, copy in fetch(path)
            for one in _files(str(copy), key, text, block)
        ]
    if text.startswith(extras.PACKAGE):
        path, _, key = text.partition("#")
        return _files(str(extras.carried(path, DataError)), key, text, block)
    return _files(*_parted(text), text, block)


def _parted(text: str) -> tuple[str, str]:
    """The path, and the key after `#`; a file's name may hold a # of its own."""
    if Path(text).exists() or "#" not in text:
        return text, ""
    parts = text.split("#")
    starts = ("#".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    path = next((start for start in starts if Path(start).exists()), text.rpartition("#")[0])
    return path, text[len(path) + 1 :]


def _standard_input(block: DataBlock) -> Source:
    """Standard input is JSON lines if it starts with `{`, else CSV, unless `data.format` is set."""
    if sys.stdin is None:
        raise DataError.at("stdin", "is closed", "name a file, or send the rows to standard input")
    if sys.stdin.isatty():
        log.info("stdin: reads what is typed until Ctrl-D")
    content = sys.stdin.buffer.read(MOST + 1)
    opens = content[:BUFFER].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    format = block.format or ("jsonl" if opens == b"{" and not block.delimiter else "csv")
    if len(content) <= MOST:
        return Source("stdin", format, content=content)
    temporary = tempfile.NamedTemporaryFile(prefix="bertkit-stdin-", delete=False)  # noqa: SIM115 (for all readers)
    with writing(Path(temporary.name)), temporary as file:
        atexit.register(Path(file.name).unlink, missing_ok=True)
        file.write(content)
        shutil.copyfileobj(sys.stdin.buffer, file)
    return Source("stdin", format, Path(file.name))


def _files(path: str, key: str, text: str, block: DataBlock) -> list[Source]:
    if Path(path).is_dir():
        if block.format == "folders" or (key and any(Path(path, up, key).is_file() for up in (".", ".."))):
            return [Source(shown(Path(path)), "folders", Path(path), key)]
        return [replace(source, key=key) for source in _folder(Path(path), text, block)]
    if Path(path).exists():
        return [_file(Path(path), block, key)]
    if not glob.has_magic(path):
        raise _not_found(path, text)
    matches = [Path(match) for match in sorted(glob.glob(path, recursive=True))]  # noqa: PTH207 (it may be absolute)
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise DataError.at(text, "no file matches this pattern", "** matches folders at any depth")
    return _with_annotations([_file(file, block, key) for file in files])


def _folder(folder: Path, text: str, block: DataBlock) -> list[Source]:
    inside = [path for path in folder.rglob("*") if path.is_file()]
    rows = [path for path in visible_files(folder) if of_ending(path) and path.name not in NOT_ROWS]
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


def visible_files(folder: Path) -> list[Path]:
    """All files in a folder at any depth, sorted, but for hidden ones."""
    inside = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in inside if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def _file(path: Path, block: DataBlock, key: str = "") -> Source:
    if path.suffix.lower() == ".ann" and block.format in (None, "brat"):
        path = path.with_suffix(".txt")
        return Source(shown(path), "brat", path)
    name = shown(path)
    if path.suffix.lower() == ZIP:
        return _zipped(path, name, key, block)
    format = chosen(path, block) or ("excel" if is_excel(path) else "")
    if not format:
        raise unknown_ending(name, path)
    return Source(name, format, path, key)


def _zipped(path: Path, name: str, key: str, block: DataBlock) -> Source:
    """The file in a .zip that is asked for, or the only one that can be read."""
    inside = [] if key else files_in(path)
    known = [inner for inner in inside if of_ending(Path(inner)) and Path(inner).name not in NOT_ROWS]
    if not known and block.format:
        known = inside
    inner, key = choose(path, name, key, known)
    if len(inside) > 1:
        log.info("%s: %s is read; other files in it: %d", name, inner, len(inside) - 1)
    name = f"{name}#{inner}"
    format = chosen(Path(inner), block)
    if not format:
        raise unknown_ending(name)
    return Source(name, format, path, key, inner=inner)


def shown(path: Path) -> str:
    """A path as messages show it: relative if it is below the working folder."""
    here = Path.cwd()
    name = str(path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path)
    return name.encode("utf-8", "replace").decode()  # a name may hold bytes that are no text


def _not_found(path: str, text: str) -> BertkitError:
    file = Path(path)
    todo = _near(file.name, [str(file.parent)])
    if not todo and not of_ending(file) and re.fullmatch(r"[\w.-]+(/[\w.-]+)?", path):
        todo = f"for a data set on the hub write hub:{path}#train"
    todo = todo or "check the name: paths in a recipe start at its folder, all others at the current folder"
    return DataError.at(text, "no such file or folder", todo)


def _near(name: str, folders: Sequence[str]) -> str:
    """`did you mean X?` for the file of these folders that has the nearest name."""
    files = {path.name: path for folder in map(Path, folders) if folder.is_dir() for path in folder.iterdir()}
    near = difflib.get_close_matches(Path(name).name, files, n=1, cutoff=0.6)
    return f"did you mean {shown(files[near[0]])}?" if near else ""
