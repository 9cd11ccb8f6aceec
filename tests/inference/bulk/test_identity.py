"""What a job depends on: bytes, not names; and a source that changes while it is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bertkit import Predictor, Run
from bertkit.data.read.sources import expand
from bertkit.errors import DataError
from bertkit.inference.bulk.identity import InputFile, Watch, input_of, model_of, readable_again
from bertkit.recipe.schema import DataBlock


def input_file(path: Path, *known: InputFile) -> InputFile:
    return input_of(expand([str(path)], DataBlock())[0], known)


def test_a_file_is_its_bytes_wherever_it_lies(tmp_path: Path) -> None:
    file, moved, other = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv"))
    file.write_text("text\na\n")
    moved.write_text("text\na\n")
    other.write_text("text\nb\n")
    assert input_file(file).is_same(input_file(moved))
    assert not input_file(file).is_same(input_file(other))
    assert not input_file(file).is_same(input_file(moved).model_copy(update={"format": "text"}))


def test_a_folder_is_all_of_its_files(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        for label in ("good", "bad"):
            (folder / label).mkdir(parents=True)
            (folder / label / "1.txt").write_text(label)
    block = DataBlock(format="folders")
    one, two = (expand([str(folder)], block)[0] for folder in folders)
    assert input_of(one).is_same(input_of(two))
    (folders[1] / "bad" / "1.txt").write_text("BAD")
    assert not input_of(one).is_same(input_of(two))


def test_a_file_with_the_size_and_time_it_had_is_not_hashed_again(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text\na\n")
    known = input_file(file).model_copy(update={"sha256": "kept"})
    assert input_file(file, known).sha256 == "kept"
    os.utime(file, ns=(1, 1))
    assert input_file(file, known).sha256 != "kept"


@pytest.mark.parametrize("change", ["grows", "is touched", "goes"])
def test_a_source_that_changes_is_noticed(change: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("text\na\n")
    sources = expand([str(file)], DataBlock())
    watch = Watch(sources, [input_of(one) for one in sources])
    watch.check()
    if change == "grows":
        file.write_text("text\na\nb\n")
    elif change == "is touched":
        os.utime(file, ns=(1, 1))
    else:
        file.unlink()
    with pytest.raises(DataError, match=r"a\.csv .*has changed while it was read"):
        watch.check()


def test_a_model_is_the_files_of_its_run(tiny_run: Run) -> None:
    hashes = model_of(tiny_run, Predictor.open(tiny_run))
    assert {"run.json", "recipe.yaml"} <= {*hashes}
    assert hashes == model_of(tiny_run, Predictor.open(tiny_run))


def test_a_checkpoint_is_its_weights_and_labels(tiny_run: Run) -> None:
    predictor, other = Predictor.open(tiny_run), Predictor.open(tiny_run)
    same = model_of(None, predictor)
    assert same == model_of(None, other)
    other.task.state["labels"] = [*reversed(other.task.state["labels"])]
    changed = model_of(None, other)
    assert [name for name in same if same[name] != changed[name]] == ["labels"]


def test_a_pipe_is_copied_so_that_it_can_be_read_twice(tmp_path: Path) -> None:
    pipe = tmp_path / "rows.csv"
    os.mkfifo(pipe)
    source = expand([str(pipe)], DataBlock())
    writer = os.fork()
    if not writer:
        pipe.write_text("text\na\n")
        os._exit(0)
    with readable_again(source) as (copy,):
        os.waitpid(writer, 0)
        assert copy.file is not None
        assert [copy.file.read_text(), copy.file.read_text()] == ["text\na\n"] * 2
    assert not copy.file.exists()


def test_two_files_of_one_size_and_time_have_a_hash_each(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    for file in files:
        file.write_text(f"text\n{file.stem}\n")
        os.utime(file, ns=(10**18, 10**18))
    known = [input_file(file) for file in files]
    assert [input_file(file, *known).sha256 for file in files] == [one.sha256 for one in known]
    assert known[0].sha256 != known[1].sha256
