"""`bertkit corpus build` and `bertkit corpus show`, and what users get wrong with them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

TEXT = 'Where is my parcel? "It is late," he said.\n\nI want my money back. Thank you!\n\nThe cat sleeps.\n'


@pytest.fixture
def folder(tmp_path: Path, tokenizer_folder: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(TEXT, "utf-8")
    Path("latin.txt").write_bytes(b"fine\n\ncaf\xe9\n")
    Path("mixed.txt").write_bytes(b"caf\xc3\xa9 one\n\ncaf\xe9 two\n" + "中文\n".encode())
    Path("empty.txt").write_text("")
    Path("blank.txt").write_text("\n \n")
    Path("rows.jsonl").write_text('{"body": "one cat"}\n{"body": "two"}\n')
    Path("t").symlink_to(tokenizer_folder)
    return tmp_path


def test_build_and_show(bertkit, folder: Path) -> None:
    code, out, err = bertkit("corpus", "build", "a.txt", "-t", "t", "-o", "out")
    assert code == 0, err
    assert "train: rows" in out
    assert "a.txt" in out
    code, again, err = bertkit("corpus", "build", "a.txt", "-t", "t", "-o", "out")
    assert code == 0
    assert "already finished" in err
    assert again == out
    code, out, err = bertkit("corpus", "show", "out", "--verify", "--rows", "2")
    assert code == 0, err
    assert "max_length" in out
    assert "first segment" in out
    assert "random" in out or "next" in out
    code, out, err = bertkit("corpus", "show", "out", "--split", "validation", "--rows", "0")
    assert code == 0, err


def test_a_log_has_lines_of_progress(bertkit, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bertkit.tasks.pretrain.rows.EVERY", 0.0)
    code, _, err = bertkit("corpus", "build", "a.txt", "-t", "t", "-o", "out")
    assert code == 0, err
    assert "corpus: making rows, 50%, 0 s left" in err


@pytest.mark.parametrize("pairs", ["sop", "none"])
def test_show_other_pairs(bertkit, folder: Path, pairs: str) -> None:
    code, _, err = bertkit("corpus", "build", "a.txt", "-t", "t", "-o", "out", "--pairs", pairs)
    assert code == 0, err
    code, out, err = bertkit("corpus", "show", "out")
    assert code == 0, err
    assert ("second segment" in out) == (pairs == "sop")
    assert ("[SEP]" in out) == (pairs == "none")


def test_columns_and_encodings(bertkit, folder: Path) -> None:
    code, _, err = bertkit("corpus", "build", "rows.jsonl", "-t", "t", "-o", "rows", "--column", "body")
    assert code == 0, err
    code, _, err = bertkit(
        "corpus", "build", "a.txt", "latin.txt", "-t", "t", "-o", "b", "--encoding-errors", "replace"
    )
    assert code == 0, err
    code, _, err = bertkit("corpus", "build", "a.txt", "latin.txt", "-t", "t", "-o", "auto", "--encoding", "auto")
    assert code == 0, err
    assert "latin.txt: is not UTF-8, so it is read as cp1252" in err


BAD = {
    "build gone.txt -t t -o out": ("gone.txt", "no such file or folder", ""),
    "build b.txt -t t -o out": ("b.txt", "no such file", "did you mean a.txt?"),
    "build empty.txt -t t -o out": ("empty.txt", "is empty", "right file"),
    "build blank.txt -t t -o out": ("blank.txt", "no document with a text", "right file"),
    "build latin.txt -t t -o out": ("latin.txt:3", "is not valid utf-8: the byte 0xE9", "--encoding auto"),
    "build mixed.txt -t t -o out": ("mixed.txt:3", "is not valid utf-8: the byte 0xE9", "--encoding-errors replace"),
    "build latin.txt -t t -o out --encoding utf-9": ("--encoding", "no such text encoding", "utf-8"),
    "build rows.jsonl -t t -o out": ("rows.jsonl:1", "no column 'text'", "--column body"),
    "build a.txt -t gone -o out": ("--tokenizer", "gone", ""),
    "build a.txt -t . -o out": ("--tokenizer", "no usable tokenizer", "tokenizer.json"),
    "build a.txt -t t -o t": ("t", "not empty, and not a corpus", "new folder"),
    "build a.txt -t t -o a.txt": ("a.txt", "not empty, and not a corpus", "new folder"),
    "build a.txt -t t -o out --max-length 4": ("--max-length", "greater than or equal to 8", ""),
    "build a.txt -t t -o out --validation-ratio 2": ("--validation-ratio", "less than 1", ""),
    "build a.txt -t t -o out --documents line --join-lines": ("--join-lines", "every line is a document", ""),
    "build a.txt -t t -o out --pairs none --passes 3": ("--passes", "the same in every pass", ""),
    "build a.txt -t t -o out --format nonsense": ("--format", "nonsense", ""),
    "show gone": ("gone", "no such folder", "corpus build"),
    "show t": ("t", "not a corpus", "corpus build"),
}


@pytest.mark.parametrize("command", BAD)
def test_a_mistake_is_told_in_one_message(bertkit, folder: Path, command: str) -> None:
    code, _, err = bertkit("corpus", *shlex.split(command))
    assert code == 2, err
    where, what, todo = BAD[command]
    assert err.splitlines()[-1].startswith(f"error: {where}")
    assert what in err
    assert todo in err
    assert "Traceback" not in err
    assert "--set" not in err
    assert not Path("out").exists()


def test_another_corpus_in_the_way(bertkit, folder: Path) -> None:
    assert bertkit("corpus", "build", "a.txt", "-t", "t", "-o", "out")[0] == 0
    code, _, err = bertkit("corpus", "build", "a.txt", "-t", "t", "-o", "out", "--pairs", "sop")
    assert code == 2
    assert "built differently: pairs was nsp; name a new folder" in err
    shard = next(Path("out/train").iterdir())
    shard.write_bytes(shard.read_bytes()[:-9])
    code, _, err = bertkit("corpus", "show", "out")
    assert code == 2
    assert "is damaged" in err
    shard.unlink()
    code, _, err = bertkit("corpus", "show", "out")
    assert code == 2
    assert "is missing from the corpus" in err
