"""The JSON files of a corpus, finished or being built: manifest, plan, and what the first round read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bertkit.data.corpus.options import CorpusOptions
from bertkit.errors import DataError
from bertkit.files.json_file import read_json

VERSION = 2
"""Version of the rules and files: another version gives other rows for the same texts."""
MANIFEST, WORK, TOKENIZER = "manifest.json", ".building", "tokenizer.json"
PLAN, ROUND = "plan.json", "read.json"


class _Any(BaseModel):
    version: int


class _Tokenizer(BaseModel):
    sha256: str
    vocabulary_sha256: str


class _Source(BaseModel):
    name: str
    sha256: str


class _Shard(BaseModel):
    file: str
    split: Literal["train", "validation"]
    rows: int
    bytes: int
    sha256: str


class _Counts(BaseModel):
    """Whole numbers, whatever they count."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int] = Field(init=False)


class _Read(_Counts):
    documents: int
    tokens: int
    tokens_unknown: int
    documents_repeated: int
    documents_dropped: int


class _Documents(_Counts):
    documents: int


class _Splits(BaseModel):
    train: _Documents
    validation: _Documents


class _Plan(_Any):
    options: CorpusOptions
    tokenizer: _Tokenizer
    sources: list[_Source]
    bytes: int


class _Manifest(_Plan):
    read: _Read
    splits: _Splits
    shards: list[_Shard] = Field(min_length=1)


class _Round(BaseModel):
    parts: int
    counts: dict[str, int]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished corpus.

    Raises:
        DataError: no corpus, one that is unfinished, of another version, or with a damaged manifest.
    """
    file = folder / MANIFEST
    if not file.exists():
        if (folder / WORK).is_dir():
            todo = "build it again with the same sources and options, which continues it"
            raise DataError.at(str(folder), "an unfinished corpus", todo)
        what = "not a corpus: it has no manifest.json" if folder.is_dir() else "no such folder"
        raise DataError.at(str(folder), what, "name the output folder of a corpus build")
    remedy = "build the corpus again"
    version = read_json(file, _Any, error=DataError, remedy=remedy)["version"]
    if version != VERSION:
        what = f"a corpus of version {version}; this bertkit reads version {VERSION}"
        raise DataError.at(str(folder), what, "build it again")
    return read_json(file, _Manifest, error=DataError, remedy=remedy)


def read_plan(work: Path) -> dict[str, Any]:
    """The plan of an unfinished corpus, from its folder of work.

    Raises:
        DataError: a damaged plan.
    """
    return read_json(work / PLAN, _Plan, error=DataError, remedy="remove the folder, and build the corpus again")


def read_round(work: Path) -> tuple[int, dict[str, int]]:
    """What the first round found: the number of parts, and counts.

    Raises:
        DataError: a damaged file.
    """
    found = read_json(work / ROUND, _Round, error=DataError, remedy="remove it: the texts are read again")
    return found["parts"], found["counts"]
