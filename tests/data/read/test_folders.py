from __future__ import annotations

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.dataset import load
from bertkit.data.read.documents import documents, scan
from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import Record
from bertkit.data.read.sources import expand
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

CLASSIFY = [Column("text", "text"), Column("label", "label", answer=True)]
SEVERAL = [Column("text", "text"), Column("label", "labels", answer=True)]
FOLDERS = DataBlock(format="folders")


def rows(name: str, block: DataBlock = FOLDERS) -> list[tuple[str, dict]]:
    return [(record.place, record.values) for record in read_records([name], block)]


@pytest.fixture
def reviews(write):
    """IMDb's layout."""
    for name, text in {
        "pos/0_9": "good\r\nfilm\r\n",
        "pos/1_8": "fine",
        "neg/0_2": "bad",
        "unsup/0_0": "who knows",
    }.items():
        write(f"train/{name}.txt", text)
    return "train"


def test_a_row_per_file_with_its_folder_as_label(reviews) -> None:
    assert rows(reviews) == [
        ("train/neg/0_2.txt", {"id": "neg/0_2.txt", "text": "bad", "label": "neg"}),
        ("train/pos/0_9.txt", {"id": "pos/0_9.txt", "text": "good\nfilm", "label": "pos"}),
        ("train/pos/1_8.txt", {"id": "pos/1_8.txt", "text": "fine", "label": "pos"}),
        ("train/unsup/0_0.txt", {"id": "unsup/0_0.txt", "text": "who knows", "label": "unsup"}),
    ]


def test_the_layout_is_recognised_where_the_task_has_labels(reviews, write, caplog) -> None:
    caplog.set_level("INFO")
    read = load([reviews], CLASSIFY, DataBlock(drop_labels=["unsup"]))
    assert read["label"][:] == ["neg", "pos", "pos"]
    assert caplog.messages == [
        "train: a folder per class: 4 texts, 3 classes",
        "rows left out by data.drop_labels: 1 (unsup 1)",
    ]
    caplog.clear()
    assert len(load([reviews], [Column("text", "text")], DataBlock())) == 5  # a row per line
    assert "a folder per class" not in caplog.text
    write("train/table.csv", "text,label\na,b\n")
    with pytest.raises(DataError, match="no column 'label'"):
        load([reviews], CLASSIFY, DataBlock())


def test_other_files_beside_many_texts_give_a_hint_and_are_counted(reviews, write, caplog) -> None:
    caplog.set_level("INFO")
    for number in range(9):
        write(f"train/pos/9_{number}.txt", "more")
    write("train/urls_pos.txt", "http://a\n")
    with pytest.raises(DataError, match="no column 'label'"):
        load([reviews], CLASSIFY, DataBlock())
    assert "train: if each of its 3 folders is a class: --set data.format=folders" in caplog.messages
    assert len(rows(reviews)) == 13
    assert "train: files beside the folders, not read: 1" in caplog.messages


@pytest.mark.parametrize(
    "files",
    [
        ["a/1.txt"],
        ["a/1.txt", "b/2.csv"],
        ["a/x/1.txt", "b/x/2.txt"],
        ["1.txt", "2.txt"],
        [],
    ],
)
def test_other_folders_are_read_as_before(write, tmp_path, files) -> None:
    from bertkit.data.read.folders import find_classes

    (tmp_path / "d").mkdir()
    for name in files:
        write(f"d/{name}", "text,label\na,b\n")
    assert find_classes(["d", "d/*.txt"], CLASSIFY, DataBlock()) == ["d", "d/*.txt"]


def test_files_without_an_ending_and_folders_with_dots(write) -> None:
    write("news/alt.atheism/51060", "From: a\n\nno\n")
    write("news/sci.space/60000", b"From: b\n\ncaf\xe9\n")
    with pytest.raises(DataError, match=r"news/sci\.space/60000  is not valid utf-8: the byte 0xE9"):
        load(["news"], CLASSIFY, DataBlock())
    assert load(["news"], CLASSIFY, DataBlock(bad_rows="skip"))["label"][:] == ["alt.atheism"]
    read = load(["news"], CLASSIFY, DataBlock(encoding="latin-1"))
    assert read["text"][:] == ["From: a\n\nno", "From: b\n\ncafé"]
    with pytest.raises(DataError, match=r"data\.encoding  no such text encoding: latin-x"):
        rows("news", DataBlock(format="folders", encoding="latin-x"))


def test_a_glob_and_a_flat_folder(reviews, write) -> None:
    assert [(values["id"], values["label"]) for _, values in rows("train/*/0_*.txt")] == [
        ("0_2.txt", "neg"),
        ("0_9.txt", "pos"),
        ("0_0.txt", "unsup"),
    ]
    assert rows("train/neg") == [("train/neg/0_2.txt", {"id": "0_2.txt", "text": "bad"})]


@pytest.fixture
def reuters(write):
    write("reuters/training/1", "cocoa rose")
    write("reuters/training/2", "both fell")
    write("reuters/test/3", "trade")
    write("reuters/cats.txt", "training/1 cocoa\ntraining/2 grain wheat\n\ntest/3 trade\n")
    return "reuters/training#cats.txt"


def test_a_table_of_labels_beside_the_folder(reuters, write, caplog) -> None:
    caplog.set_level("INFO")
    assert [(values["id"], values["label"]) for _, values in rows(reuters, DataBlock())] == [
        ("training/1", "cocoa"),
        ("training/2", ["grain", "wheat"]),
    ]
    assert caplog.messages == ["reuters/cats.txt: lines about files elsewhere: 1"]
    assert load([reuters], SEVERAL, DataBlock())["label"][:] == [["cocoa"], ["grain", "wheat"]]
    write("reuters/training/labels.tsv", "1\tcocoa beans\n2\tgrain\twheat\n")
    assert rows("reuters/training#labels.tsv", DataBlock())[0][1]["label"] == "cocoa beans"


def test_a_table_and_a_folder_that_do_not_agree(reuters, write) -> None:
    write("reuters/training/4", "unknown")
    write("reuters/cats.txt", "training/1 cocoa\ntraining/2 grain\ntraining/5 trade\n")
    with pytest.raises(DataError) as caught:
        rows(reuters, DataBlock())
    assert str(caught.value).split("\n") == [
        "reuters/training/4  has no labels in reuters/cats.txt; add a line for it, or take it away",
        "reuters/cats.txt:3  no such file: training/5; is it in reuters/training?",
    ]
    write("reuters/cats.txt", "training/1 cocoa\ntraining/1 grain\n")
    with pytest.raises(DataError, match=r"cats\.txt:2  training/1 occurs twice; first at reuters/cats\.txt:1"):
        rows(reuters, DataBlock())
    with pytest.raises(DataError, match=r"reuters/training#dogs\.txt  no such table of labels"):
        rows("reuters/training#dogs.txt")


def test_each_file_is_a_document_of_a_corpus(reviews) -> None:
    from collections import Counter

    (source,) = expand([reviews], FOLDERS)
    found = list(documents(scan(source, FOLDERS), FOLDERS, CorpusOptions(), Counter()))
    assert found == ["bad", "good\nfilm", "fine", "who knows"]


def test_records_only(reviews) -> None:
    assert all(isinstance(row, Record) for row in read_records([reviews], FOLDERS))
