"""The suite of named entities: its files by their authors' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.bench import ner
from bertkit.bench.suite import check
from bertkit.errors import DataError
from bertkit.metrics import find_metric
from bertkit.recipe.load import load
from bertkit.tasks.task import make_task

ROWS = "Anna B-PER\nis O\nin O\nBern B-LOC\n\nhe O\nsaid O\n"
CHINESE = "安0 B-PER.NAM\n娜1 I-PER.NAM\n在0 O\n\n他0 O\n说0 O\n"


def fill(folder: Path, which: int = 0) -> Path:
    for name, sets in ner.FILES.items():
        (folder / name).mkdir(parents=True)
        for file in sets[which % len(sets)]:
            text = CHINESE if name == "weibo" else ROWS.replace(" ", "\t" if name == "wnut17" else " ")
            (folder / name / file).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("which", [0, 1])
def test_each_data_set_reads_its_files(tmp_path: Path, which: int) -> None:
    suite = ner.suite(fill(tmp_path, which), "paper")
    check(suite)
    assert [entry.name for entry in suite.entries] == ["conll2003", "wnut17", "weibo"]
    for entry in suite.entries:
        recipe = load(entry.recipe, entry.sets)
        splits = make_task(recipe).read(recipe)
        assert {name: len(rows) for name, rows in splits.items()} == {"train": 2, "validation": 2, "test": 2}


def test_a_missing_data_set_is_told(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "conll2003/test.txt").unlink()
    for file in (tmp_path / "weibo").iterdir():
        file.unlink()
    (tmp_path / "weibo").rmdir()
    suite = ner.suite(tmp_path, "tuned")
    assert [entry.name for entry in suite.entries] == ["wnut17"]
    names = "train.txt, valid.txt, test.txt, or eng.train, eng.testa, eng.testb"
    assert suite.absent == {
        "conll2003": f"{tmp_path / 'conll2003'} does not hold {names}",
        "weibo": f"no folder {tmp_path / 'weibo'}",
    }


@pytest.mark.parametrize(("folder", "message"), [("", "holds none of the data sets"), ("none", "no such folder")])
def test_nothing_there_is_an_error(tmp_path: Path, folder: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ner.suite(tmp_path / folder, "paper")


def test_it_needs_a_folder() -> None:
    with pytest.raises(
        DataError, match=r"name the folder that holds conll2003/train\.txt, valid\.txt, test\.txt; wnut17/"
    ):
        ner.suite(None, "paper")


def test_figures_are_those_of_the_recipes_metrics(tmp_path: Path) -> None:
    for entry in ner.suite(fill(tmp_path), "paper").entries:
        keys = {key for name in load(entry.recipe).metrics for key in find_metric(name, "tags").keys}
        assert {figure.partition("/")[2] for figure in entry.figures} <= keys
        for figures in entry.published.values():
            assert set(figures) <= set(entry.figures)
            assert all(0 < value < 1 for value in figures.values())
