"""`bertkit index build | add | delete | info`: the outcomes and the mistakes of a user."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import write_rows
from tests.search.index.conftest import ROWS


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_rows(ROWS, tmp_path / "docs.jsonl")


def test_an_index_from_beginning_to_end(bertkit, docs: Path, tiny_bert: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    code, out, err = bertkit("index", "build", docs, "--model", tiny_bert, "-o", index)
    assert code == 0, err
    assert f"5 added, 5 documents: {index}" in out
    more = write_rows([{"id": "d6", "text": "hello", "year": 2030}, ROWS[0]], tmp_path / "more.jsonl")
    code, out, err = bertkit("index", "add", index, more)
    assert code == 0, err
    assert "1 added, 1 there already, 6 documents" in out
    changed = write_rows([{**ROWS[0], "text": "hello"}], tmp_path / "changed.jsonl")
    code, _, err = bertkit("index", "add", index, changed)
    assert code == 2
    assert "--replace" in err
    code, out, err = bertkit("index", "add", index, changed, "--replace")
    assert code == 0, err
    assert "0 added, 1 replaced, 6 documents" in out
    code, out, err = bertkit("index", "delete", index, "d1", "d2")
    assert code == 0, err
    assert "2 deleted, 4 documents" in out
    code, out, err = bertkit("index", "info", index)
    assert code == 0, err
    for part in ("documents", "4", "year (int64)", "32 numbers, layer -1, long_text windows", "recall@10", "1.0000"):
        assert part in out


def test_a_column_of_another_name_and_a_title(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    rows = [{"_id": "a", "title": "Parcel", "body": "it is late", "n": 1}]
    docs, index = write_rows(rows, tmp_path / "docs.jsonl"), tmp_path / "index"
    named = ("-s", "data.columns.text=body", "-s", "data.columns.id=_id", "--title", "title", "--columns", "n")
    code, _, err = bertkit("index", "build", docs, "-m", tiny_bert, "-o", index, *named)
    assert code == 0, err
    code, out, _ = bertkit("index", "info", index)
    assert code == 0
    assert "id (string), text (large_string), title (string), n (int64)" in out
    assert "title + text" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "docs.jsonl", "-o", "new"), "--model  missing; name a Run with vectors"),
        (("build", "nothing.jsonl", "-m", "MODEL", "-o", "new"), "nothing.jsonl"),
        (("build", "docs.jsonl", "-m", "nowhere", "-o", "new"), "nowhere"),
        (("build", "docs.jsonl", "-m", "MODEL", "-o", "docs.jsonl"), "docs.jsonl"),
        (("build", "docs.jsonl", "-m", "MODEL", "-o", "new", "-s", "options.pooling=cls"), "options.pooling"),
        (("build", "docs.jsonl", "-m", "MODEL", "-o", "new", "-s", "data.columns.text=body"), "body"),
        (("add", "nowhere", "docs.jsonl"), "nowhere  no such folder"),
        (("delete", "nowhere", "d1"), "nowhere  no such folder"),
        (("info", "nowhere"), "nowhere  no such folder"),
        (("delete", "INDEX", "d77"), "no document with the id d77"),
    ],
)
def test_mistakes(
    arguments: tuple[str, ...], said: str, bertkit, docs: Path, tiny_bert: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "INDEX" in arguments:
        assert bertkit("index", "build", docs, "-m", tiny_bert, "-o", "built")[0] == 0
    named = {"MODEL": str(tiny_bert), "INDEX": "built"}
    code, _, err = bertkit("index", *(named.get(one, one) for one in arguments))
    assert code == 2, err
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "nowhere").exists()


def test_one_writer_at_a_time(bertkit, docs: Path, tiny_bert: Path, tmp_path: Path) -> None:
    from bertkit.files.lock import one_writer

    index = tmp_path / "index"
    with one_writer(index):
        code, _, err = bertkit("index", "build", docs, "-m", tiny_bert, "-o", index)
    assert code == 2
    assert "in use by" in err


def test_without_the_package(bertkit, docs: Path, tiny_bert: Path, tmp_path: Path, monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lancedb", None)
    code, _, err = bertkit("index", "build", docs, "-m", tiny_bert, "-o", tmp_path / "index")
    assert code == 2
    assert "pip install 'bertkit[index]'" in err
