"""A cache of encoded rows on disk, read by memory map.

An entry's name is a hash of everything that its content depends on: the rows, the tokenizer, the task with its options
and state, the limit, and the code. Time stamps are not used: a file rewritten within a second would look unchanged. So
entries are never invalid; the least recently used are removed when the cache is full.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import json
import logging
import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

import bertkit
from bertkit import processes
from bertkit.data.lazy import LazySequence
from bertkit.engine.examples import Encoded
from bertkit.errors import DataError
from bertkit.files.json_file import read_json
from bertkit.files.lock import one_writer
from bertkit.files.manifest import Manifest, damage, manifest_of
from bertkit.fs import cache_home, folder_aside

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.tasks.task import Rows, Task

log = logging.getLogger("bertkit")

ROWS = 20_000
"""Fewest rows whose examples are cached; encoding fewer takes a second or two at most."""
INDEX = "index.json"
"""File of an entry: its notes and warnings, the names in its examples, and the hashes of its other files."""
LOCKS = ".locks"
"""Folder with a folder for each entry that a process encodes: another one waits for it."""
ROOM = 8 * 2**30
"""Most bytes of all entries; the least recently used are removed first."""


def encode(task: Task, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int) -> Encoded:
    """`task.encode` with answers, or its cached result. Of several processes only one encodes.

    Rows of the task's own class (`Task.read`) are on disk already, and are not cached.
    """
    from datasets import Dataset

    if len(rows) < ROWS or not isinstance(rows, list | Dataset):
        return task.encode(rows, tokenizer, limit, answers=True)
    key = _key(task, rows, tokenizer, limit)
    folder = home() / key
    with processes.first_goes_first(), contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # full or read-only disk: do without the cache
            stack.enter_context(one_writer(home() / LOCKS / key, wait=True))
        if cached := _read(folder):
            return cached
        log.info("tokenizing %s rows", f"{len(rows):,}")
        encoded = task.encode(rows, tokenizer, limit, answers=True)
        try:
            _write(encoded, folder)
        except (OSError, ValueError):  # as above, or values that are not numbers
            return encoded
        _make_room(folder.parent)
    return _read(folder) or encoded


def home() -> Path:
    """The folder of all entries."""
    return cache_home() / "encoded"


class StoredExamples(LazySequence):
    """Examples in arrays on disk: `values` by name, of all examples one after the other, and where each example `ends`.

    A name without ends has one number per example.
    """

    def __init__(self, values: dict[str, np.ndarray], ends: dict[str, np.ndarray]):
        self.values, self.ends = values, ends

    @property
    def rows(self) -> np.ndarray:
        return self.values["row"]

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.ends["input_ids"], prepend=0)

    @property
    def highest(self) -> int:
        return int(self.values["input_ids"].max())

    def __len__(self) -> int:
        return len(self.values["row"])

    def read(self, number: int) -> dict[str, Any]:
        example: dict[str, Any] = {}
        for name, values in self.values.items():
            ends = self.ends.get(name)
            example[name] = values[number] if ends is None else values[ends[number - 1] if number else 0 : ends[number]]
        return {**example, "row": int(example["row"])}


def _key(task: Task, rows: Rows, tokenizer: PreTrainedTokenizerBase, limit: int) -> str:
    digest = hashlib.sha256(_code())
    if file := inspect.getsourcefile(type(task)):
        digest.update(Path(file).read_bytes())
    depends_on = [type(task).__qualname__, task.options.model_dump(mode="json"), task.state, limit]
    digest.update(json.dumps(depends_on, sort_keys=True, default=str).encode())
    digest.update(tokenizer.backend_tokenizer.to_str().encode() + str(tokenizer.model_input_names).encode())
    _add_rows(digest, rows)
    return digest.hexdigest()


def _add_rows(digest: Any, rows: Any) -> None:
    """Hash every value of every column, as JSON, so that different tables have different hashes."""
    from datasets import Dataset

    table = rows if isinstance(rows, Dataset) else Dataset.from_list(list(rows))
    for name in sorted(table.column_names):
        digest.update(f"\n{name}\n{table.features[name]}\n".encode())
        for batch in table.select_columns([name]).iter(1000):
            digest.update(json.dumps(batch[name], ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))


@cache
def _code() -> bytes:
    """A hash of bertkit's code, so that entries of another version are not used."""
    digest = hashlib.sha256()
    for file in sorted(Path(bertkit.__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.digest()


class _Index(BaseModel):
    notes: list[str]
    warnings: list[str]
    names: list[str]
    files: Manifest


def _write(encoded: Encoded, folder: Path) -> None:
    with folder_aside(folder) as aside:
        for name in encoded.examples[0]:
            values = [np.asarray(example[name]) for example in encoded.examples]
            if values[0].ndim:
                np.save(aside / f"{name}.ends.npy", np.cumsum([len(value) for value in values]))
            np.save(aside / f"{name}.npy", np.concatenate(values) if values[0].ndim else np.stack(values), False)
        index = {
            "notes": encoded.notes,
            "warnings": encoded.warnings,
            "names": list(encoded.examples[0]),
            "files": manifest_of(aside),
        }
        (aside / INDEX).write_text(json.dumps(index), "utf-8")


def _read(folder: Path) -> Encoded | None:
    try:
        index = read_json(folder / INDEX, _Index, error=DataError, remedy="")
        if harmed := damage(folder, index["files"]):
            log.warning("%s: encoded again, as the cached rows are damaged: %s", folder, harmed)
            return None
        values = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in index["names"]}
        flat = [name for name in index["names"] if (folder / f"{name}.ends.npy").is_file()]
        ends = {name: np.load(folder / f"{name}.ends.npy") for name in flat}
        os.utime(folder)
    except (DataError, OSError, EOFError, ValueError) as error:
        if (folder / INDEX).exists():
            log.warning("%s: encoded again, as the cached rows can not be read: %s", folder, error)
        return None
    return Encoded(StoredExamples(values, ends), index["notes"], index["warnings"])


def _make_room(home: Path) -> None:
    """Remove the least recently used entries, and files of killed processes, until at most `ROOM` bytes are left."""
    entries = [path for path in home.iterdir() if path.is_dir() and path.name != LOCKS]
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in entries}
    oldest = sorted(sizes, key=lambda path: path.stat().st_mtime)
    for path in oldest[:-1]:
        if sum(sizes.values()) <= ROOM:
            break
        shutil.rmtree(path, ignore_errors=True)
        del sizes[path]
