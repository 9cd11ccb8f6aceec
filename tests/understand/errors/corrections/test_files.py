"""Lines of files that are hard to change: quotes over several lines, comments, spaces, keys in the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.data.read.sources import Source
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from bertkit.understand.errors.corrections.files import changed, column_of


def file_of(folder: Path, name: str, content: str, format: str) -> Source:
    (folder / name).write_bytes(content.encode())
    return Source(name, format, folder / name)


def test_comments_and_blank_lines_are_not_counted(tmp_path: Path) -> None:
    content = '# first\ntext,label\n\n"a\n\nb",x\n# between\nc,y\n'
    source = file_of(tmp_path, "a.csv", content, "csv")
    found = changed(source, DataBlock(comment="#"), {1: {"label": "z"}, 2: {"label": "w"}})
    assert found.decode() == content.replace(",x", ",z").replace("c,y", "c,w")


def test_no_line_end_at_the_end(tmp_path: Path) -> None:
    source = file_of(tmp_path, "a.csv", "text,label\na,x", "csv")
    assert changed(source, DataBlock(), {1: {"label": "z"}}) == b"text,label\na,z"


def test_a_value_that_a_table_without_quotes_can_not_hold(tmp_path: Path) -> None:
    source = file_of(tmp_path, "a.tsv", "text\tlabel\na\tx\n", "tsv")
    with pytest.raises(DataError, match="a value with a delimiter"):
        changed(source, DataBlock(), {1: {"label": "z\tw"}})


def test_conll_keeps_its_spaces(tmp_path: Path) -> None:
    content = "  Anna   NN  O\nBell NN O\n\n\nOslo NN O\n"
    source = file_of(tmp_path, "a.conll", content, "conll")
    found = changed(source, DataBlock(), {1: {"tags": ["B-PER", "I-PER"]}, 2: None})
    assert found.decode() == "  Anna   NN  B-PER\nBell NN I-PER\n\n\n"


def test_what_is_not_there_is_not_written(tmp_path: Path) -> None:
    source = file_of(tmp_path, "a.jsonl", '{"text": "a"}\n', "jsonl")
    with pytest.raises(DataError, match="no column label to write into"):
        changed(source, DataBlock(), {1: {"label": "x"}})
    for content in ('{"a": 1}', '{"a": [{"x": 1}], "b": [{"x": 1}]}'):
        source = file_of(tmp_path, "a.json", content, "json")
        with pytest.raises(DataError, match="corrections need a list of rows"):
            changed(source, DataBlock(), {1: {"label": "x"}})


@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_json_under_a_key(tmp_path: Path, indent: Any) -> None:
    import json

    value = {"version": 1, "rows": [{"text": "a", "label": "x"}]}
    source = file_of(tmp_path, "a.json", json.dumps(value, indent=indent), "json")
    found = changed(source, DataBlock(), {1: {"label": "y"}}).decode()
    value["rows"][0]["label"] = "y"  # type: ignore[index]
    assert found == json.dumps(value, indent=indent)


def test_an_encoding_that_can_not_hold_it(tmp_path: Path) -> None:
    source = file_of(tmp_path, "a.csv", "text,label\na,x\n", "csv")
    with pytest.raises(DataError, match="can not be written in latin-1"):
        changed(source, DataBlock(encoding="latin-1"), {1: {"label": "北"}})


def test_lines_of_squads_articles(tmp_path: Path) -> None:
    line = '{"context": "a", "qas": [{"id": "1", "question": "q", "answers": []}]}\n'
    with pytest.raises(DataError, match="lines of articles or paragraphs"):
        changed(file_of(tmp_path, "a.jsonl", line, "jsonl"), DataBlock(), {1: {"answers": []}})


def test_columns_of_an_answer() -> None:
    block = DataBlock(columns={"label": ["a", "b"], "text": "body"})
    assert (column_of(block, "label"), column_of(block, "text"), column_of(block, "tags")) == (
        ["a", "b"],
        ["body"],
        ["tags"],
    )


@pytest.mark.parametrize(
    ("encoding", "mark"), [("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff")]
)
def test_marks_of_byte_order_are_kept_and_written_once(tmp_path: Path, encoding: str, mark: bytes) -> None:
    inner = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}[mark]
    content = "text,label\nä,x\nb,y\n"
    (tmp_path / "a.csv").write_bytes(mark + content.encode(inner))
    source = Source("a.csv", "csv", tmp_path / "a.csv")
    found = changed(source, DataBlock(encoding=encoding), {1: {"label": "z"}})
    assert found == mark + content.replace("ä,x", "ä,z").encode(inner)


def test_a_json_file_with_an_object_per_line(tmp_path: Path) -> None:
    content = '{"text": "a", "label": "x"}\n{"text":"b","label":"y"}\n'
    source = file_of(tmp_path, "a.json", content, "json")
    assert changed(source, DataBlock(), {1: {"label": "z"}}).decode() == content.replace('"x"', '"z"')
    source = file_of(tmp_path, "b.json", '{"text": "a",\n "label": "x"}\n{"text": "b",\n "label": "y"}\n', "json")
    with pytest.raises(DataError, match="objects over several lines"):
        changed(source, DataBlock(), {1: {"label": "z"}})


def test_values_inside_of_lists_and_under_names_with_dots(tmp_path: Path) -> None:
    source = file_of(tmp_path, "a.jsonl", '{"doc": {"a.b": ["x", "y"]}}\n', "jsonl")
    assert changed(source, DataBlock(), {1: {"doc.a.b.1": "z"}}) == b'{"doc": {"a.b": ["x", "z"]}}\n'
    with pytest.raises(DataError, match=r"no column doc\.c to write into"):
        changed(source, DataBlock(), {1: {"doc.c": "z"}})


@pytest.mark.parametrize(("name", "format", "mark"), [("a.csv", "csv", ","), ("a.tsv", "tsv", "\t")])
def test_cells_beyond_the_header_stay(tmp_path: Path, name: str, format: str, mark: str) -> None:
    content = "text,label\nhello,pos,note one\nbye,neg,note two,more\n".replace(",", mark)
    found = changed(file_of(tmp_path, name, content, format), DataBlock(extra_columns="ignore"), {2: {"label": "pos"}})
    assert found.decode() == content.replace("neg", "pos")


def test_tabs_in_comments_alone_separate_no_columns(tmp_path: Path) -> None:
    content = "# id 1\tdomain=en\nAnna _ _ B-PER\nlives _ _ O\n\n"
    found = changed(file_of(tmp_path, "a.conll", content, "conll"), DataBlock(), {1: {"tags": ["B-LOC", "O"]}})
    assert found.decode() == content.replace("B-PER", "B-LOC")


def test_a_line_that_names_a_tab_as_the_separator(tmp_path: Path) -> None:
    content = "sep=\t\ntext\tlabel\na\tx\n"
    found = changed(file_of(tmp_path, "a.csv", content, "csv"), DataBlock(), {1: {"label": "y"}})
    assert found.decode() == content.replace("x\n", "y\n")
