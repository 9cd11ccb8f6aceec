"""Files of other machines, here of fsspec's storage in memory: what is copied, what is read, what is said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from bertkit import Recipe
from bertkit.data.read.bytes import remote
from bertkit.data.read.sources import expand
from bertkit.errors import BertkitError, DataError, ExtraError
from bertkit.recipe.load import load
from bertkit.recipe.schema import DataBlock


class Shelf(MemoryFileSystem):
    """fsspec's storage in memory; `memory:` is bertkit's own for rows that Python has."""

    protocol = "shelf"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return MemoryFileSystem._strip_protocol(path.replace("shelf://", "memory://"))


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))
    fsspec.register_implementation("shelf", Shelf, clobber=True)
    system = fsspec.filesystem("shelf")
    for name in ("a.csv", "more/b.jsonl", "more/notes.md"):
        system.pipe(f"/bucket/{name}", b"text\nhello\n")
    yield system
    system.rm("/bucket", recursive=True)


def names(*urls: str, **block: Any) -> list[tuple[str, str]]:
    return [(source.name, source.format) for source in expand(urls, DataBlock(**block))]


def test_a_file_a_glob_and_a_folder(storage: Any) -> None:
    assert names("shelf://bucket/a.csv") == [("shelf:///bucket/a.csv", "csv")]
    assert names("shelf://bucket/*.csv") == [("shelf:///bucket/a.csv", "csv")]
    assert names("shelf://bucket") == [("shelf:///bucket/a.csv", "csv"), ("shelf:///bucket/more/b.jsonl", "jsonl")]
    assert names("shelf://bucket/more/notes.md", format="text") == [("shelf:///bucket/more/notes.md", "text")]
    (source,) = expand(["shelf://bucket/a.csv"], DataBlock())
    with source.open() as stream:
        assert stream.read() == b"text\nhello\n"


def test_an_unchanged_file_is_copied_once(storage: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")

    def copies() -> int:
        caplog.clear()
        names("shelf://bucket/a.csv")
        return sum("is copied" in record.getMessage() for record in caplog.records)

    assert [copies(), copies()] == [1, 0]
    storage.pipe("/bucket/a.csv", b"text\nanother\n")
    assert copies() == 1


@pytest.mark.parametrize(
    ("url", "kind", "message"),
    [
        ("shelf://bucket/no.csv", DataError, "shelf://bucket/no.csv  no file is there; check the address"),
        ("shelf://bucket/*.tsv", DataError, "shelf://bucket/\\*.tsv  no file is there; check the address"),
        ("shelf://bucket/more/notes.md", DataError, "notes.md .*data.format"),
        ("s4://bucket/a.csv", DataError, "s4://bucket/a.csv  s4: no such storage; s3, gs, hdfs, https"),
        ("dropbox://a.csv", ExtraError, "dropbox://a.csv  needs a package that is not installed: .*; pip install"),
    ],
)
def test_what_can_not_be_read(storage: Any, url: str, kind: type[BertkitError], message: str) -> None:
    with pytest.raises(kind, match=message):
        names(url)


def test_errors_of_a_storage_are_one_line(storage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise RuntimeError("403 Forbidden\nRequest ID: 7")

    monkeypatch.setattr(remote, "_paths", refuse)
    with pytest.raises(
        DataError, match=r"^shelf://bucket/a.csv  can not be read: 403 Forbidden; check the address, the network"
    ):
        names("shelf://bucket/a.csv")


def test_a_recipe_keeps_the_address(storage: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("task: classify\ndata: {train: s3://bucket/a.csv}\n", "utf-8")
    recipe: Recipe = load(str(tmp_path / "mine.yaml"))
    assert list(recipe.data.train or ()) == ["s3://bucket/a.csv"]
