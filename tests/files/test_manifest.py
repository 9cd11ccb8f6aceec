"""A manifest tells whether each file still holds what it held."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bertkit.files import manifest
from bertkit.files.manifest import damage, manifest_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"")
    return tmp_path


def test_what_it_holds(folder: Path) -> None:
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert manifest_of(folder) == {
        "b": {"bytes": 0, "sha256": hashlib.sha256().hexdigest()},
        "deep/a": {"bytes": 3, "sha256": abc},
    }
    assert list(manifest_of(folder, [folder / "b"])) == ["b"]


def test_damage(folder: Path) -> None:
    whole = manifest_of(folder)
    assert damage(folder, whole) == ""
    (folder / "deep" / "a").write_bytes(b"abd")
    assert damage(folder, whole) == "the content of deep/a has changed"
    assert damage(folder, whole, content=False) == ""
    assert damage(folder, {"b": 0, "deep/a": 3}) == ""  # sizes alone, as older manifests have them
    (folder / "deep" / "a").write_bytes(b"abcd")
    assert damage(folder, whole) == "deep/a has 4 of 3 bytes"
    assert damage(folder, {"deep/a": 3}) == "deep/a has 4 of 3 bytes"
    (folder / "b").unlink()
    assert damage(folder, whole) == "no b"


def test_a_file_that_the_disk_does_not_give(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = manifest_of(folder)

    def broken(file: Path) -> str:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(manifest, "sha256", broken)
    assert damage(folder, whole) == "b can not be read: Input/output error"
