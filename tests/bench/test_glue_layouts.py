"""Where the files of a task are looked for; what each layout gives as rows is held by test_glue.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.bench import glue, glue_layouts
from bertkit.bench.glue_layouts import GlueFiles
from bertkit.data.read.readers import read_records
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from tests.bench import glue_data

LAYOUTS = {task.name: task.layout for task in glue.TASKS}


def found(folder: Path | None, name: str) -> GlueFiles:
    files = glue_layouts.find(folder, name, LAYOUTS[name])
    assert isinstance(files, GlueFiles)
    return files


@pytest.mark.parametrize("folder", ["SST-2", "sst2", "SST2", "sst-2"])
def test_a_folder_is_found_in_any_case(tmp_path: Path, folder: str) -> None:
    glue_data.sst2(tmp_path)
    (tmp_path / "SST-2").rename(tmp_path / "there")
    (tmp_path / "there").rename(tmp_path / folder)
    assert found(tmp_path, "SST-2").settings["data.train"] == [str(tmp_path / folder / "train.tsv")]


def test_the_original_name_comes_first_and_an_empty_folder_does_not_hide_another(tmp_path: Path) -> None:
    glue_data.hub(tmp_path)
    (tmp_path / "CoLA").mkdir()
    assert glue_layouts.folders_of(tmp_path, "CoLA") == [tmp_path / "CoLA", tmp_path / "cola"]
    assert found(tmp_path, "CoLA").settings["data.format"] == "parquet"
    glue_data.cola(tmp_path)
    assert found(tmp_path, "CoLA").settings["data.format"] == "tsv"


def test_a_split_of_several_parquet_files_is_read_whole(tmp_path: Path) -> None:
    glue_data.hub(tmp_path)
    (tmp_path / "qqp/train-00000-of-00001.parquet").rename(tmp_path / "qqp/train-00001-of-00002.parquet")
    first = tmp_path / "qqp/train-00000-of-00002.parquet"
    first.write_bytes((tmp_path / "qqp/validation-00000-of-00001.parquet").read_bytes())
    last = str(tmp_path / "qqp/train-00001-of-00002.parquet")
    assert found(tmp_path, "QQP").settings["data.train"] == [str(first), last]


def test_a_missing_parquet_file_is_named(tmp_path: Path) -> None:
    glue_data.hub(tmp_path)
    (tmp_path / "mnli/validation_mismatched-00000-of-00001.parquet").unlink()
    said = glue_layouts.find(tmp_path, "MNLI", LAYOUTS["MNLI"])
    assert said == f"{tmp_path / 'mnli'}: no validation_mismatched-*.parquet"


def test_only_cola_lacks_a_header_and_its_test_file_has_one(tmp_path: Path) -> None:
    glue_data.original(tmp_path)
    headers = {name: found(tmp_path, name).settings.get("data.header") for name in LAYOUTS}
    assert {name for name, header in headers.items() if header} == {"CoLA"}
    for name in LAYOUTS:
        assert all(settings["data.header"] is None for settings in found(tmp_path, name).unlabelled.values())


def test_prepared_files_of_mrpc_are_taken_before_bare_ones(tmp_path: Path) -> None:
    glue_data.bare_mrpc(tmp_path, ids=True)
    assert found(tmp_path, "MRPC").settings["data.format"] == glue_layouts.BARE_READER
    glue_data.mrpc(tmp_path)
    assert found(tmp_path, "MRPC").settings["data.train"] == [str(tmp_path / "MRPC/train.tsv")]


def bare(folder: Path, part: str) -> list[int]:
    """The line of each row of a part."""
    block = DataBlock(format=glue_layouts.BARE_READER)
    file = folder / "MRPC/msr_paraphrase_train.txt"
    return [int(row.place.rpartition(":")[2]) for row in read_records([f"{file}#{part}"], block)]


def test_bare_rows_are_parted_without_loss(tmp_path: Path) -> None:
    glue_data.bare_mrpc(tmp_path, ids=True)
    assert bare(tmp_path, "dev") == [5, 7, 9, 11, 13, 15]
    assert sorted(bare(tmp_path, "train") + bare(tmp_path, "dev")) == list(range(2, 22))


def test_ids_of_other_rows_are_an_error(tmp_path: Path) -> None:
    glue_data.bare_mrpc(tmp_path, ids=True)
    glue_data.lines(tmp_path / "MRPC/dev_ids.tsv", [(1, 2)])
    with pytest.raises(DataError, match="names no row of"):
        bare(tmp_path, "train")


@pytest.mark.parametrize("part", ["", "test"])
def test_a_bare_file_has_two_parts(tmp_path: Path, part: str) -> None:
    glue_data.bare_mrpc(tmp_path, ids=True)
    with pytest.raises(DataError, match="it has #train and #dev"):
        bare(tmp_path, part)


def test_a_broken_line_of_a_bare_file_is_told_with_its_line(tmp_path: Path) -> None:
    glue_data.bare_mrpc(tmp_path, ids=True)
    file = tmp_path / "MRPC/msr_paraphrase_train.txt"
    file.write_bytes(file.read_bytes() + b"1\t2\r\n")
    with pytest.raises(DataError, match=r"msr_paraphrase_train.txt:22 .*wrong number of fields"):
        bare(tmp_path, "train")
