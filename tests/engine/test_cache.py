"""Encoded kept on disk are those that encoding gives, found by content alone, and never in the way."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from transformers import AutoTokenizer

from bertkit.engine import cache as encoding
from bertkit.tasks.task import Encoded
from tests.helpers import every_task, make, messages


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(encoding, "ROWS", 2)


def prepared(name: str, options: dict[str, Any]) -> Any:
    from bertkit.recipe.schema import DataBlock

    task = make(name, options)
    rows = Dataset.from_list(task.tiny_rows())
    task.prepare(rows, DataBlock())
    return task, rows


def entries() -> list[Path]:
    return sorted(encoding.home().glob("*")) if encoding.home().is_dir() else []


def same(a: Encoded, b: Encoded) -> bool:
    return (
        (a.notes, a.warnings, len(a.examples)) == (b.notes, b.warnings, len(b.examples))
        and all(x.keys() == y.keys() for x, y in zip(a.examples, b.examples, strict=True))
        and all(
            np.array_equal(x[name], y[name]) and np.asarray(x[name]).dtype == np.asarray(y[name]).dtype
            for x, y in zip(a.examples, b.examples, strict=True)
            for name in x
        )
    )


@pytest.mark.parametrize(("name", "options"), every_task())
def test_what_is_read_is_what_was_encoded(name: str, options: dict[str, Any], tiny_bert: Path) -> None:
    task, rows = prepared(name, options)
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    plain = task.encode(rows, tokenizer, 64, answers=True)
    first, second = encoding.encode(task, rows, tokenizer, 64), encoding.encode(task, rows, tokenizer, 64)
    assert same(plain, first)
    assert same(plain, second)
    assert len(entries()) == 1
    assert isinstance(second.examples, encoding.StoredExamples)
    collate = task.collator(tokenizer)
    for key, array in collate(plain.examples[2:5]).items():
        assert np.array_equal(array, collate(second.examples[2:5])[key])


def test_what_was_encoded_is_not_encoded_again(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, rows = prepared("classify", {})
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    encoding.encode(task, rows, tokenizer, 64)
    monkeypatch.setattr(type(task), "encode", lambda *_, **__: pytest.fail("encoded again"))
    encoding.encode(task, rows, tokenizer, 64)


def test_whatever_changes_the_features_changes_the_name(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, rows = prepared("classify", {})
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)

    def key(task: Any = task, rows: Any = rows, tokenizer: Any = tokenizer, limit: int = 64) -> str:
        return encoding._key(task, rows, tokenizer, limit)

    other = AutoTokenizer.from_pretrained(tiny_bert)
    other.add_tokens(["parcelling"])
    longer = rows.map(lambda row, i: {"text": row["text"] + " now" if i == 3 else row["text"]}, with_indices=True)
    same_words = rows.map(lambda row: {"text": row["text"].title()})
    keys = [
        key(),
        key(rows=longer),
        key(rows=same_words),
        key(rows=rows.select(range(1, len(rows)))),
        key(rows=rows.select(list(reversed(range(len(rows)))))),
        key(rows=rows.rename_column("text", "text_pair")),
        key(tokenizer=other),
        key(limit=63),
        key(task=prepared("classify", {"max_length": 8})[0]),
        key(task=prepared("regress", {})[0]),
    ]
    assert len(set(keys)) == len(keys)
    assert key(rows=Dataset.from_list(list(rows))) == keys[0], "where the rows come from does not matter"
    monkeypatch.setattr(encoding, "_code", lambda: b"mended")
    assert key() != keys[0]


def test_few_rows_are_not_kept(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "ROWS", 1000)
    task, rows = prepared("classify", {})
    encoding.encode(task, rows, AutoTokenizer.from_pretrained(tiny_bert), 64)
    assert entries() == []


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("shorten", "input_ids.npy has "),
        ("remove", "no input_ids.npy"),
        ("empty", "input_ids.npy has 0 of "),
        ("flip", "the content of input_ids.npy has changed"),
        ("zeros", "the content of input_ids.npy has changed"),
        ("index", "the cached rows can not be read"),
    ],
)
def test_a_damaged_entry_is_made_again(
    harm: str, told: str, tiny_bert: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    task, rows = prepared("classify", {})
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    plain = task.encode(rows, tokenizer, 64, answers=True)
    encoding.encode(task, rows, tokenizer, 64)
    file = entries()[0] / "input_ids.npy"
    content = bytearray(file.read_bytes())
    content[-9] ^= 1
    if harm == "remove":
        file.unlink()
    elif harm in ("flip", "zeros"):
        file.write_bytes(content if harm == "flip" else bytes(len(content)))
    elif harm == "index":
        (entries()[0] / encoding.INDEX).write_text("[]")
    else:
        os.truncate(file, 0 if harm == "empty" else file.stat().st_size - 4)
    for _ in range(2):
        assert same(plain, encoding.encode(task, rows, tokenizer, 64))
    warned = [message for message in messages(caplog) if "encoded again" in message]
    assert [told in message for message in warned] == [True]
    assert isinstance(encoding.encode(task, rows, tokenizer, 64).examples, encoding.StoredExamples), "and kept"


def test_a_second_process_waits_for_what_the_first_one_encodes(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, rows = prepared("classify", {})
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    plain, begun, go_on, results = type(task).encode, threading.Event(), threading.Event(), []

    def encode(*args: Any, **kwargs: Any) -> Encoded:
        assert not begun.is_set(), "encoded twice"
        begun.set()
        go_on.wait(10)
        return plain(*args, **kwargs)

    monkeypatch.setattr(type(task), "encode", encode)
    threads = [
        threading.Thread(target=lambda: results.append(encoding.encode(task, rows, tokenizer, 64))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
        begun.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(results) == 2
    assert same(*results)
    assert len(entries()) == 1


def test_a_folder_that_can_not_be_written_does_no_harm(tiny_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    task, rows = prepared("classify", {})
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    assert same(encoding.encode(task, rows, tokenizer, 64), task.encode(rows, tokenizer, 64, answers=True))


def test_the_least_recently_used_go_first(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, rows = prepared("classify", {})
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    for limit, when in ((60, 300), (61, 100), (62, 200)):
        before = set(entries())
        encoding.encode(task, rows, tokenizer, limit)
        (new,) = set(entries()) - before
        os.utime(new, (when, when))
    size = sum(file.stat().st_size for file in entries()[0].iterdir())
    monkeypatch.setattr(encoding, "ROOM", 3 * size)
    encoding.encode(task, rows, tokenizer, 63)
    assert sorted(int(path.stat().st_mtime) for path in entries())[:2] == [200, 300]
    assert len(entries()) == 3


def test_the_folder_follows_the_users_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTKIT_CACHE", "/mine")
    assert encoding.home() == Path("/mine/encoded")
    monkeypatch.delenv("BERTKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/theirs")
    assert encoding.home() == Path("/theirs/bertkit/encoded")
