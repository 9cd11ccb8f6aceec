"""The JSON files of a corpus that can not be used, each named with what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.data.corpus.manifest import read_manifest, read_plan, read_round
from bertkit.errors import DataError

COUNTS = ("documents", "tokens", "tokens_unknown", "documents_repeated", "documents_dropped")
PLAN: dict[str, Any] = {
    "version": 2,
    "options": {"pairs": "nsp"},
    "tokenizer": {"sha256": "a", "vocabulary_sha256": "b"},
    "sources": [{"name": "a.txt", "sha256": "c"}],
    "bytes": 1,
}
MANIFEST: dict[str, Any] = {
    **PLAN,
    "read": dict.fromkeys(COUNTS, 1),
    "splits": {"train": {"documents": 1}, "validation": {"documents": 0}},
    "shards": [{"file": "train/0.arrow", "split": "train", "rows": 1, "bytes": 1, "sha256": "d"}],
}


def test_a_whole_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    assert read_manifest(tmp_path) == MANIFEST


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such folder"),
        ("{", "manifest.json  can not be used: not valid JSON"),
        ("[]", "expected an object, found a list; build the corpus again"),
        ('{"version": "2"}', "version: expected a whole number, found a text"),
        ('{"version": 2}', "it has no options"),
        ('{"version": 99, "shards": [1]}', "a corpus of version 99"),
        (json.dumps({**MANIFEST, "shards": []}), "shards: List should have at least 1 item"),
        (
            json.dumps({**MANIFEST, "splits": {**MANIFEST["splits"], "train": {"documents": 1, "rows": []}}}),
            "splits.train.rows: expected a whole number, found a list",
        ),
        (json.dumps({**MANIFEST, "shards": [{"file": 1}]}), "shards.0.file: expected a text, found a number"),
    ],
)
def test_folders_that_are_no_corpus(tmp_path: Path, content: str | None, said: str) -> None:
    folder = tmp_path / "out"
    if content:
        folder.mkdir()
        (folder / "manifest.json").write_text(content)
    with pytest.raises(DataError, match=said):
        read_manifest(folder)


def test_a_damaged_plan_and_round(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"version": 2}')
    (tmp_path / "read.json").write_text('{"parts": 3, "counts": {"documents": null}}')
    with pytest.raises(DataError, match=r"plan\.json  can not be used: it has no options; remove the folder"):
        read_plan(tmp_path)
    with pytest.raises(DataError, match=r"counts\.documents: expected a whole number, found nothing; remove it"):
        read_round(tmp_path)
