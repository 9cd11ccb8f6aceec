"""What a build looks at before it begins, and what a manifest says in the end."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from bertkit.data.corpus.build import vocabulary_hash
from bertkit.data.corpus.corpus import CorpusOptions, build
from bertkit.errors import DataError, WriteError
from bertkit.recipe.schema import DataBlock
from tests.helpers import messages


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(tokenizer_folder)


def test_files_of_any_ending_are_texts(write, tokenizer: Any) -> None:
    names = [write("wiki_00", "one cat\n\ntwo"), write("b.md", "three dogs"), write("c.jsonl", '{"body": "four"}\n')]
    block = DataBlock(columns={"text": "body"})
    manifest = build(names, tokenizer, "out", CorpusOptions(), block=block)
    assert manifest["read"]["documents"] == 4
    assert [(s["name"], s["format"], s.get("column")) for s in manifest["sources"]] == [
        ("wiki_00", "text", None),
        ("b.md", "text", None),
        ("c.jsonl", "jsonl", "body"),
    ]


def test_standard_input_is_a_text_or_json_lines(tokenizer: Any, tmp_path: Path, monkeypatch) -> None:
    import io
    import sys

    for content, documents in ((b"one\n\ntwo cats\n", 2), (b'{"text": "one"}\n{"text": "two"}\n{"text": "six"}\n', 3)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        manifest = build(["-"], tokenizer, tmp_path / str(documents), CorpusOptions())
        assert manifest["read"]["documents"] == documents


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.txt  is empty"),
        (b" \n\n \n", "a.txt  no document with a text"),
        (b"good\n\xe9\n", "a.txt:2  is not valid utf-8: the byte 0xE9"),
    ],
)
def test_texts_that_can_not_be_used_leave_nothing_behind(write, tokenizer: Any, content: bytes, said: str) -> None:
    name = write("a.txt", content)
    with pytest.raises(DataError) as error:
        build([name], tokenizer, "out", CorpusOptions())
    assert said in str(error.value)
    assert not Path("out").exists()


def test_an_output_in_use(write, tokenizer: Any) -> None:
    name = write("a.txt", "a text")
    write("out/mine.txt", "mine")
    write("file", "")
    for output in ("out", "file"):
        with pytest.raises(DataError, match="not empty, and not a corpus"):
            build([name], tokenizer, output, CorpusOptions())
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]


def test_a_full_disk_is_told_and_the_build_goes_on(write, tokenizer: Any, monkeypatch) -> None:
    from bertkit.data.corpus import shards

    name = write("a.txt", "one cat\n\ntwo dogs")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(DataError, match="No space left on device"):
        patch.setattr(shards, "write", full)
        build([name], tokenizer, "out", CorpusOptions())
    assert build([name], tokenizer, "out", CorpusOptions())["read"]["documents"] == 2


def test_what_is_lost_is_said(write, tokenizer: Any, caplog) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    name = write("a.txt", "\n\n".join(["the cat sleeps " * 30] * 4))
    told = build([name], tokenizer, "out", CorpusOptions(max_length=32))["splits"]["train"]
    assert told["tokens_truncated"] > 0
    assert any("are lost, as their rows were too long" in said for said in messages(caplog))


def test_a_tokenizer_without_separator(write, tokenizer: Any) -> None:
    class Bare:
        backend_tokenizer, sep_token_id = tokenizer.backend_tokenizer, None

    with pytest.raises(DataError, match="no separator"):
        build([write("a.txt", "a text")], Bare(), "out", CorpusOptions(pairs="none"))  # type: ignore[arg-type]


def test_a_vocabulary_is_known_by_its_tokens(tokenizer: Any, tokenizer_folder: Path) -> None:
    again = AutoTokenizer.from_pretrained(tokenizer_folder)
    again("some text", truncation=True, max_length=4)
    assert vocabulary_hash(again) == vocabulary_hash(tokenizer)
    again.add_tokens(["brandnew"])
    assert vocabulary_hash(again) != vocabulary_hash(tokenizer)


def test_a_folder_that_can_not_be_made(write, tokenizer: Any) -> None:
    name = write("a.txt", "a text")
    with pytest.raises(WriteError, match="can not be written: Not a directory"):
        build([name], tokenizer, "a.txt/out", CorpusOptions())


def test_a_bad_row_leaves_no_unfinished_build(write, tokenizer: Any) -> None:
    name = write("a.jsonl", '{"text": "good cats"}\n{"text": null}\n')
    with pytest.raises(DataError, match="text is missing"):
        build([name], tokenizer, "out", CorpusOptions())
    assert not Path("out").exists()
    write("a.jsonl", '{"text": "good cats"}\n{"text": "two dogs"}\n')
    assert build([name], tokenizer, "out", CorpusOptions())["read"]["documents"] == 2


def test_documents_that_make_no_row(write, tokenizer: Any) -> None:
    with pytest.raises(DataError, match="give no row"):
        build([write("a.txt", "cat\n\nthe\n")], tokenizer, "out", CorpusOptions(pairs="sop"))
    assert not Path("out").exists()
