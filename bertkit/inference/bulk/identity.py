"""What the answers of a job depend on, as hashes: the input's bytes and the model. Both are compared before it goes on.

Names are not compared: a file may have moved. A file with the size and time that it had is not hashed again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bertkit.data.read.folders import visible_files
from bertkit.data.read.sources import Source
from bertkit.errors import DataError
from bertkit.files.manifest import sha256
from bertkit.inference.predictor import Predictor
from bertkit.run import Run


class InputFile(BaseModel):
    """A source, as it was when the job began."""

    name: str
    format: str
    part: str = ""
    """What of it is read: its key, or the file in a .zip."""
    bytes: int = 0
    modified: int = 0
    """Nanoseconds."""
    sha256: str = ""

    def is_same(self, other: InputFile) -> bool:
        """Whether the rows are the same, whatever the names."""
        names = ("format", "part", "bytes", "sha256", *(() if self.sha256 else ("name",)))
        return all(getattr(self, name) == getattr(other, name) for name in names)


def input_of(source: Source, known: Sequence[InputFile] = ()) -> InputFile:
    """A source as it is now.

    Args:
        known: sources as they were; a file with the name, size and time of one of them has its hash.
    """
    part = "#".join(filter(None, (source.inner, source.key)))
    now = InputFile(name=source.name, format=source.format, part=part)
    if source.file is None:
        content = hashlib.sha256(source.content).hexdigest() if source.content else ""
        return now.model_copy(update={"bytes": len(source.content), "sha256": content})
    now.bytes, now.modified = _size_and_time(source.file)
    looks = now.name, now.bytes, now.modified
    before = next((one for one in known if (one.name, one.bytes, one.modified) == looks), None)
    now.sha256 = before.sha256 if before else _hash(source.file)
    return now


def _files(path: Path) -> list[Path]:
    return visible_files(path) if path.is_dir() else [path]


def _size_and_time(path: Path) -> tuple[int, int]:
    stats = [file.stat() for file in _files(path)]
    return sum(one.st_size for one in stats), max((one.st_mtime_ns for one in stats), default=0)


def _hash(path: Path) -> str:
    if not path.is_dir():
        return sha256(path)
    digest = hashlib.sha256()
    for file in _files(path):
        digest.update(f"{file.relative_to(path)} {sha256(file)}\n".encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Watch:
    """Notices that a source changes while it is read."""

    sources: Sequence[Source]
    inputs: Sequence[InputFile]

    def check(self) -> None:
        """Raise a DataError if a file has another size or time than when the job began."""
        for source, known in zip(self.sources, self.inputs, strict=True):
            if source.file is None:
                continue
            try:
                same = _size_and_time(source.file) == (known.bytes, known.modified)
            except OSError:
                same = False
            if not same:
                todo = "predict from a copy that nobody writes to; answers of the old content were not kept"
                raise DataError.at(source.name, "has changed while it was read", todo)


def model_of(run: Run | None, predictor: Predictor) -> dict[str, str]:
    """What answers: of a Run the hashes of its files, whose content `Predictor.open` has checked; of a checkpoint those
    of its weights, tokenizer and labels; and the precision, if it is not float32."""
    if predictor.identity is not None:
        return predictor.identity
    precision = predictor.backend.precision
    return _hashes_of(run, predictor) | ({} if precision == "float32" else {"precision": precision})


def _hashes_of(run: Run | None, predictor: Predictor) -> dict[str, str]:
    if run is not None:
        return hashes_of_run(run)
    digest = hashlib.sha256()
    for name, array in predictor.backend.weights():
        digest.update(name.encode() + array.tobytes())
    tokenizer = predictor.tokenizer.backend_tokenizer.to_str()
    state = repr(sorted((name, str(value)) for name, value in predictor.task.state.items()))
    texts = {"tokenizer": tokenizer, "labels": state, "options": predictor.task.options.model_dump_json()}
    texts["config"] = _config_of(predictor)
    return {"weights": digest.hexdigest(), **{k: hashlib.sha256(v.encode()).hexdigest() for k, v in texts.items()}}


def hashes_of_run(run: Run) -> dict[str, str]:
    """Path in a Run -> hash, of the files that its answers depend on. `run.json` holds those of the model's files."""
    files = [run.run_file, run.recipe_file, *(visible_files(run.code) if run.code.is_dir() else [])]
    if '"files"' not in run.run_file.read_text("utf-8"):  # from before they were listed
        files += [run.task_file, *visible_files(run.model)]
    return {str(file.relative_to(run.path)): sha256(file) for file in files}


def _config_of(predictor: Predictor) -> str:
    """What of a model's configuration changes its answers: the activation, the number of heads and the like."""
    config: Any = getattr(getattr(predictor.backend, "model", None), "config", None)
    values = config.to_dict() if hasattr(config, "to_dict") else {}
    names = {name for name in values if name[0] != "_"} - {"architectures", "transformers_version"}
    return json.dumps({name: values[name] for name in names}, sort_keys=True, default=str)


@contextmanager
def readable_again(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """The sources, where a pipe, which can be read only once, is copied into a file first."""
    with tempfile.TemporaryDirectory() as folder:
        again = []
        for number, source in enumerate(sources):
            if source.file and source.file.exists() and not source.file.is_file() and not source.file.is_dir():
                copy = Path(folder, f"{number}{''.join(source.file.suffixes)}")
                with source.file.open("rb") as pipe, copy.open("wb") as stream:
                    shutil.copyfileobj(pipe, stream)
                source = replace(source, file=copy)
            again.append(source)
        yield again
