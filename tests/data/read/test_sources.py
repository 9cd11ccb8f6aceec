from __future__ import annotations

import gzip
import io
import logging
import os
import sys
import threading
import time

import pytest

from bertkit.data.read import sources
from bertkit.data.read.formats import format_of
from bertkit.data.read.sources import Source, expand, fitting
from bertkit.errors import DataError, ExtraError
from bertkit.recipe.schema import DataBlock

BLOCK = DataBlock()


def names(texts: list[str], block: DataBlock = BLOCK) -> list[str]:
    return [source.name for source in expand(texts, block)]


def formats(texts: list[str], block: DataBlock = BLOCK) -> list[str]:
    return [source.format for source in expand(texts, block)]


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.csv", "csv"),
        ("a.CSV", "csv"),
        ("a.tsv.gz", "tsv"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.json", "json"),
        ("a.parquet", "parquet"),
        ("a.feather", "arrow"),
        ("a.b.txt", "text"),
        ("a.conll", "conll"),
        ("a.iob2.gz", "conll"),
        ("a.BMES", "conll"),
        ("a.txt.zst", "text"),
        ("a.parquet.gz", "parquet"),
        ("a.XLSX", "excel"),
        ("a.ods", "excel"),
    ],
)
def test_the_ending_tells_the_format(write, name, format):
    assert formats([write(name, "")]) == [format]


def test_the_format_option_overrules_the_ending(write):
    assert formats([write("a.txt", "")], DataBlock(format="tsv")) == ["tsv"]


@pytest.mark.parametrize("name", ["a.dat", "a"])
def test_an_unknown_ending_lists_the_formats(write, name):
    with pytest.raises(
        DataError,
        match=rf"{name}  unknown file ending; name the format \(arrow, .*conll, csv, .*excel, .*json.*data.format=text",
    ):
        names([write(name, "x")])


def test_several_sources_keep_their_order(write):
    assert names([write("b.csv", ""), write("a.csv", "")]) == ["b.csv", "a.csv"]


def test_paths_below_the_working_folder_are_shown_short(write, tmp_path):
    write("sub/a.csv", "")
    assert names([str(tmp_path / "sub" / "a.csv")]) == ["sub/a.csv"]


def test_a_folder_gives_its_data_files_at_any_depth_in_order(write, caplog):
    caplog.set_level("INFO")
    for name in ("d/b.csv", "d/a/z.jsonl", "d/README.md", "d/.hidden/c.csv", "d/state.json", "d/dataset_info.json"):
        write(name, "")
    assert names(["d"]) == ["d/a/z.jsonl", "d/b.csv"]
    assert caplog.messages == ["d: 2 data files; 4 files of other kinds are skipped"]


def test_a_folder_without_data_files_is_an_error(write):
    write("d/README.md", "")
    with pytest.raises(DataError, match=r"d  the folder holds no data file; a data file ends in \.csv"):
        names(["d"])


def test_a_glob_is_sorted_and_may_go_deep(write):
    for name in ("d/b.csv", "d/a.csv", "d/e/c.csv", "d/x.txt"):
        write(name, "")
    assert names(["d/*.csv"]) == ["d/a.csv", "d/b.csv"]
    assert names(["d/**/*.csv"]) == ["d/a.csv", "d/b.csv", "d/e/c.csv"]


def test_a_glob_without_a_match_is_an_error(write):
    write("a.csv", "")
    with pytest.raises(DataError, match=r"x\*\.csv  no file matches this pattern"):
        names(["x*.csv"])


def test_a_name_may_hold_the_signs_of_a_glob_or_a_key(write):
    assert names([write("a[1].csv", ""), write("c#.csv", "")]) == ["a[1].csv", "c#.csv"]


def test_what_follows_the_hash_is_the_key(write):
    write("a.json", "{}")
    (source,) = expand(["a.json#data/train"], BLOCK)
    assert (source.name, source.key) == ("a.json", "data/train")


def test_missing_files_are_told_together_with_the_nearest_name(write):
    write("d/train.csv", "")
    with pytest.raises(DataError) as caught:
        names(["d/trian.csv", "other/x.csv"])
    assert str(caught.value).split("\n") == [
        "d/trian.csv  no such file or folder; did you mean d/train.csv?",
        "other/x.csv  no such file or folder; check the name: "
        "paths in a recipe start at its folder, all others at the current folder",
    ]


@pytest.mark.parametrize("name", ["imdb", "stanfordnlp/imdb"])
def test_what_looks_like_a_hub_name_gets_a_hint(write, name):
    write("a.csv", "")
    with pytest.raises(DataError, match=f"for a data set on the hub write hub:{name}#train"):
        names([name])


def test_a_source_named_twice_is_warned_of(write, caplog):
    write("a.csv", "")
    names(["a.csv", "*.csv"])
    assert caplog.messages == ["a.csv is named 2 times: each of its rows is read 2 times"]


@pytest.mark.parametrize(
    ("content", "format"),
    [(b'{"text": "a"}\n', "jsonl"), (b'\xef\xbb\xbf \n{"text": 1}', "jsonl"), (b"text\na\n", "csv"), (b"", "csv")],
)
def test_standard_input_is_json_lines_or_csv(monkeypatch, content, format):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    (source,) = expand(["-"], BLOCK)
    assert (source.name, source.format) == ("stdin", format)
    assert source.open().read() == content


def test_much_standard_input_lies_in_a_file(monkeypatch):
    content = b"text\n" + b"hello\n" * 100
    monkeypatch.setattr(sources, "MOST", 50)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    (source,) = expand(["-"], BLOCK)
    assert (source.name, source.format, source.content) == ("stdin", "csv", b"")
    assert source.open().read() == content
    assert source.file is not None
    source.file.unlink()


def test_the_format_option_overrules_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"text\n")))
    assert formats(["-"], DataBlock(format="text")) == ["text"]


@pytest.fixture
def carrier(write, tmp_path, monkeypatch):
    """An installed package that carries data, and fails when it is imported."""
    write("site/carrier_of_rows/__init__.py", "raise RuntimeError('imported')")
    write("site/carrier_of_rows/data/a.csv", "text\nx\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))


def test_a_file_carried_by_a_package_is_found_without_an_import(carrier):
    (source,) = expand(["package:carrier_of_rows/data/a.csv"], BLOCK)
    assert source.open().read() == b"text\nx\n"
    assert [s.format for s in expand(["package:carrier_of_rows/data"], BLOCK)] == ["csv"]


def test_a_path_that_a_package_does_not_carry(carrier):
    with pytest.raises(DataError, match=r"package:carrier_of_rows/b\.csv  the package carrier_of_rows has no b\.csv"):
        names(["package:carrier_of_rows/b.csv"])
    with pytest.raises(DataError, match="has no path after its name"):
        names(["package:carrier_of_rows"])


def test_a_package_that_is_not_installed():
    with pytest.raises(ExtraError, match="needs the package nowhere_to_be_found, which is not installed"):
        names(["package:nowhere_to_be_found/a.csv"])


def test_a_package_of_an_extra_has_its_pip_line(monkeypatch):
    monkeypatch.setattr(sources.extras, "EXTRAS", {"more": ("nowhere_to_be_found",)})
    with pytest.raises(ExtraError, match=r"pip install 'bertkit\[more\]'"):
        names(["package:nowhere_to_be_found/a.csv"])


def test_gz_is_unpacked(write):
    (source,) = expand([write("a.csv.gz", gzip.compress(b"text\nx\n"))], BLOCK)
    assert source.open().read() == b"text\nx\n"


def test_hub_sources_are_not_looked_for_on_disk():
    (source,) = expand(["hub:glue:sst2@main#train[:10]"], BLOCK)
    assert (source.name, source.format, source.key, source.file) == ("hub:glue:sst2@main", "hub", "train[:10]", None)


def test_a_pipe_without_a_writer_is_named(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(sources, "PATIENCE", 0.02)
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    pipe = tmp_path / "a.csv"
    os.mkfifo(pipe)

    def write():
        while not caplog.messages:
            time.sleep(0.01)
        pipe.write_text("text\nx\n")

    writer = threading.Thread(target=write)
    writer.start()
    (source,) = expand([str(pipe)], BLOCK)
    with source.open() as stream:
        assert stream.read() == b"text\nx\n"
    writer.join()
    assert set(caplog.messages) == {f"{pipe}: a pipe, waits for a program that writes to it"}


def test_a_file_waits_for_nothing(write, monkeypatch, caplog):
    monkeypatch.setattr(sources, "PATIENCE", 0.0)
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    (source,) = expand([write("a.csv", "text\nx\n")], BLOCK)
    source.open().close()
    assert caplog.messages == []


def test_a_closed_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DataError, match="stdin  is closed; name a file"):
        expand(["-"], BLOCK)


@pytest.mark.parametrize(
    ("source", "options", "format"),
    [
        ("a.csv", {}, "csv"),
        ("a.TXT.gz", {"delimiter": ";"}, "tsv"),
        ("a.dat", {"delimiter": ";"}, "csv"),
        ("a.jsonl", {"delimiter": ";"}, "jsonl"),
        ("a.txt", {"delimiter": ";", "format": "text"}, "text"),
        ("a.json#train", {}, "json"),
        ("hub:x/y#train", {}, "hub"),
        ("package:a/b.csv", {}, "csv"),
        ("-", {}, ""),
        ("*.csv", {}, ""),
        (".", {}, ""),
    ],
)
def test_the_format_that_a_name_tells(source, options, format):
    assert format_of(source, DataBlock(**options)) == format


def test_names_that_fit_a_number_of_columns():
    assert fitting(["text", "label"], 3) == ("text", "label", "column3")
    assert fitting(["text", "label"], 1) == ("text",)


def test_a_pipe_and_a_data_set_of_the_hub_are_read_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.csv").write_text("text\n")
    assert Source("a", "csv", tmp_path / "a.csv").again
    assert Source("stdin", "csv", content=b"text\n").again
    assert not Source("pipe", "csv", tmp_path / "pipe").again
    assert not Source("hub:x", "hub").again
    assert not Source("rows", "memory", rows=[{}]).again
