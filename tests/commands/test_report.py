"""`bertkit report`: the page of a finished Run, written again or for other rows (its parts: tests/report)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bertkit import Run, train
from bertkit.commands.report import report
from bertkit.errors import DataError, RecipeError, RunError
from tests.helpers import make, tiny_recipe, write_csv


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("report")
    return train(tiny_recipe("classify", {}, tiny_bert, folder), output=folder / "run")


def test_a_page_is_written_again(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    file = run.path / "report.html"
    before = file.read_text("utf-8")
    file.unlink()
    report(run.path)
    after = file.read_text("utf-8")
    rounded = [re.sub(r"\d+\.\d+", lambda found: f"{float(found[0]):.1f}", text) for text in (before, after)]
    assert rounded[0] == rounded[1]  # scored in other batches: the last digits may differ
    assert f"report: {file}" in capsys.readouterr().out


def test_other_rows_into_another_file(run: Run, tmp_path: Path) -> None:
    rows = [(row["text"], row["label"]) for row in make("classify", {}).tiny_rows()]
    data = write_csv(tmp_path / "other.csv", ("message", "label"), [*rows, ("is my <b>card</b> charged ?", "refund")])
    before = (run.path / "report.html").read_bytes()
    report(run.path, data=[str(data)], output=tmp_path, sets=["data.columns.text=message"])
    text = (tmp_path / "report.html").read_text("utf-8")
    assert f"The next sections are about the {len(rows) + 1} rows of <b>{data}</b>" in text
    assert "<b>card</b>" not in text
    assert (run.path / "report.html").read_bytes() == before


def test_a_split_of_the_recipe(run: Run, tmp_path: Path) -> None:
    report(run.path, split="train", output=tmp_path / "a.html")
    assert "rows of <b>train</b>" in (tmp_path / "a.html").read_text("utf-8")


def test_mistakes_are_told_before_any_work(run: Run, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        report(tmp_path / "no-run", output=tmp_path / "nowhere" / "a.html")
    with pytest.raises(RunError, match="not a Run"):
        report(tmp_path)
    with pytest.raises(RecipeError, match="did you mean test"):
        report(run.path, split="tests")
    with pytest.raises(RecipeError, match="the data is named already"):
        report(run.path, data=["a.csv"], split="test")
    with pytest.raises(RecipeError, match="the recipe names no such data"):
        report(run.path, split="test")
    with pytest.raises(RecipeError, match="a Run is used as it was trained"):
        report(run.path, sets=["options.max_length=8"])
