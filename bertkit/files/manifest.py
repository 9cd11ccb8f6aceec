"""A list of the files in a folder with their sizes and SHA-256, to see later whether they still hold the same.

A disk, a copy or a power cut can change bits or leave zeros in a file of the right size; only its content shows that.
Hashing reads every byte: about half a second for BERT-base's 440 MB on one core.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel


class HashedFile(BaseModel):
    """A file as a manifest describes it."""

    bytes: int
    sha256: str


Manifest = dict[str, int | HashedFile]
"""Shape of a manifest in a JSON file: path in the folder -> its HashedFile; the size alone in older ones."""


def sha256(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def manifest_of(folder: Path, files: Iterable[Path] | None = None) -> dict[str, dict[str, Any]]:
    """The manifest of files in a folder; by default of all."""
    files = [path for path in folder.rglob("*") if path.is_file()] if files is None else files
    return {
        str(file.relative_to(folder)): {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in sorted(files)
    }


def damage(folder: Path, manifest: Mapping[str, Any], *, content: bool = True) -> str:
    """The first file that is missing or differs, in words; empty if there is none.

    Args:
        content: compare hashes too, not only sizes.
    """
    for name, expected in manifest.items():
        file = folder / name
        size, content_hash = (expected["bytes"], expected["sha256"]) if isinstance(expected, dict) else (expected, "")
        if not file.is_file():
            return f"no {name}"
        if (now := file.stat().st_size) != size:
            return f"{name} has {now} of {size} bytes"
        try:
            if content and content_hash and content_hash != sha256(file):
                return f"the content of {name} has changed"
        except OSError as error:
            return f"{name} can not be read: {error.strerror}"
    return ""
