"""`bertkit projector`: its files, and mistakes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from bertkit import Run
from tests.helpers import write_csv, write_rows


def test_a_run_as_a_page_and_for_tensorboard(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    code, out, _ = bertkit("projector", tiny_run.path, "-o", tmp_path / "plane.html", "--tensorboard", tmp_path / "tb")
    assert code == 0
    assert "trustworthiness: " in out
    assert "variance of the two directions" in out
    assert "Vectors of run" in (tmp_path / "plane.html").read_text("utf-8")
    assert len((tmp_path / "tb/vectors.tsv").read_text().splitlines()) == 8


def test_vectors_as_a_table(bertkit, tmp_path: Path) -> None:
    vectors = [[float(n == place) for place in range(4)] for n in range(4)]
    file = write_rows([{"id": n, "vector": v} for n, v in enumerate(vectors)], tmp_path / "v.jsonl")
    code, _, _ = bertkit("projector", file, "-o", tmp_path / "plane.csv")
    assert code == 0
    with (tmp_path / "plane.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == ["0", "1", "2", "3"]
    assert sum(float(row["x"]) for row in rows) == pytest.approx(0, abs=1e-5)
    assert len({(row["x"], row["y"]) for row in rows}) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--output  missing"),
        (["-o", "a.html", "--method", "tsne"], "tsne: no such method"),
        (["-o", "a.png"], "must be one of .html, .csv"),
        (["-o", "a.html", "--split", "dev"], "no such split: dev"),
        (["nowhere.csv", "-o", "a.html"], "nowhere.csv"),
    ],
)
def test_mistakes(
    bertkit, tiny_run: Run, options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = bertkit("projector", tiny_run.path, *options)
    assert code == 2
    assert message in err


def test_too_few_rows(bertkit, tiny_run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "rows.csv", ["text"], [["a"], ["b"]])
    code, _, err = bertkit("projector", tiny_run.path, file, "-o", tmp_path / "a.html")
    assert code == 2
    assert "a plane needs 3" in err
