"""Folders of texts: each file is a row, and its label the name of its folder, or what a table of labels says.

    train/pos/0_9.txt                       IMDb, 20 Newsgroups: a folder per class
    reuters/training#cats.txt               a table beside the folder: `training/1 cocoa` (the labels follow the name)

Files of any ending are read, and those without one. Each goes through `data.encoding` and `data.bad_rows` on its own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bertkit.data.columns.column import Column
from bertkit.data.read.lines import lines
from bertkit.data.read.rows import Record
from bertkit.data.read.sources import Source, shown, visible_files
from bertkit.errors import DataError, Problem, Setting
from bertkit.recipe.schema import DataBlock
from bertkit.warn import warn

log = logging.getLogger("bertkit")

FORMAT = "folders"
_TEXT = re.compile(r"(\.txt|\.\d+)?", re.IGNORECASE)
"""Endings of texts that no other reader takes."""


def find_classes(sources: Sequence[str | Source], columns: Sequence[Column], block: DataBlock) -> list[str | Source]:
    """The sources, where a folder that holds only folders of texts is one source, if the task has labels."""
    if block.format or not any(column.kind in ("label", "labels") for column in columns):
        return [*sources]
    return [_as_classes(text) if isinstance(text, str) and Path(text).is_dir() else text for text in sources]


def _as_classes(text: str) -> str | Source:
    folder = Path(text)
    files = visible_files(folder)
    inside = [file for file in files if file.parent != folder]
    classes = {file.parent for file in inside}
    if len(classes) < 2 or not all(_TEXT.fullmatch(file.suffix) and file.parent.parent == folder for file in inside):
        return text
    if len(inside) < len(files):
        if len(inside) > 10 * (len(files) - len(inside)):
            warn(f"{text}: if each of its {len(classes):,} folders is a class: {Setting('data.format', FORMAT)}")
        return text
    log.info("%s: a folder per class: %s texts, %s classes", text, f"{len(files):,}", f"{len(classes):,}")
    return Source(shown(folder), FORMAT, folder)


def read_folders(source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    """One row per file: its `text`, its `label` (not where files lie in the folder itself) and its name as `id`.

    Raises:
        DataError: the table of labels can not be read, or `data.encoding` names no encoding.
    """
    folder = source.file
    if folder is None:
        raise DataError.at(source.name, "is no folder", "name a folder with a folder per class")
    if folder.is_file():  # one of a glob: train/*/*.txt
        yield _row(folder, folder.name, folder.parent.name, 1, block)
        return
    if source.key:
        yield from _by_table(folder, source, block)
        return
    files = visible_files(folder)
    inside = [file for file in files if file.parent != folder]
    if inside and len(inside) < len(files):
        log.info("%s: files beside the folders, not read: %s", source.name, f"{len(files) - len(inside):,}")
    for number, file in enumerate(inside or files, 1):
        path = file.relative_to(folder)
        yield _row(file, path.as_posix(), path.parts[0] if inside else None, number, block)


def _row(file: Path, name: str, label: Any, number: int, block: DataBlock) -> Record | Problem:
    source = Source(shown(file), "text", file)
    try:
        text = "\n".join(line.rstrip("\r\n") for line in lines(source, block))
    except DataError as error:
        if error.problems[0].key == "data.encoding":
            raise
        return error.problems[0]
    return Record(source.name, number, {"id": name, "text": text} | ({} if label is None else {"label": label}))


def _by_table(folder: Path, source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    """The files of a folder with the labels that a table has; its names start at its own folder."""
    table = next((place / source.key for place in (folder, folder.parent) if (place / source.key).is_file()), None)
    if table is None:
        raise DataError.at(f"{source.name}#{source.key}", "no such table of labels in or beside the folder")
    labels = _labels(table, block)
    files = [file for file in visible_files(folder) if file != table]
    names = {file.relative_to(table.parent).as_posix(): file for file in files}
    for number, (name, file) in enumerate(names.items(), 1):
        if name in labels:
            yield _row(file, name, labels[name][1], number, block)
        else:
            yield Problem(shown(file), f"has no labels in {shown(table)}", "add a line for it, or take it away")
    below = folder.relative_to(table.parent).as_posix()
    missing = [name for name in labels if name not in names]
    for name in missing:
        if below == "." or name.startswith(f"{below}/"):
            yield Problem(labels[name][0], "no such file", f"is it in {source.name}?", name)
    if outside := sum(not name.startswith(f"{below}/") for name in missing) if below != "." else 0:
        log.info("%s: lines about files elsewhere: %s", shown(table), f"{outside:,}")


def _labels(table: Path, block: DataBlock) -> dict[str, tuple[str, Any]]:
    """Name of a file -> the place of its line, and its label or list of labels."""
    source = Source(shown(table), "text", table)
    found: dict[str, tuple[str, Any]] = {}
    for number, line in enumerate(lines(source, block), 1):
        name, *labels = line.rstrip("\r\n").split("\t") if "\t" in line else line.split() or [""]
        if name in found:
            raise DataError.at(source.line(number), f"{name} occurs twice", f"first at {found[name][0]}")
        if name:
            found[name] = source.line(number), labels[0] if len(labels) == 1 else labels or ""
    return found
