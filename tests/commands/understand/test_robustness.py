"""`bertkit robustness`: the command's own mistakes, tables, files and exit codes, with a tiny Run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bertkit import Run, train
from bertkit.understand.robustness.perturbations.table import PERTURBATIONS
from tests.helpers import tiny_recipe, write_rows

TESTS = """
lists: {order: [parcel, package]}
tests:
  - name: asks where it is
    rows: "where is my {order} ?"
    expect: %s
  - name: capitals
    rows: where is my parcel ?
    perturb: case
    same: true
"""


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """classify, trained until it knows its rows."""
    folder = tmp_path_factory.mktemp("robust")
    recipe = tiny_recipe("classify", {}, tiny_bert, folder, repeat=20)
    settings = {**recipe.train, "num_train_epochs": 6, "learning_rate": 3e-3}
    return train(recipe.model_copy(update={"train": settings}), output=folder / "run")


def test_the_list(bertkit) -> None:
    code, out, _ = bertkit("robustness", "--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == [one.name for one in PERTURBATIONS]


def test_what_a_terminal_shows(bertkit, run: Run) -> None:
    code, out, err = bertkit("robustness", run.path, "--only", "case,typo_swap", "--words", "2", "--examples", "1")
    assert code == 0, err
    lines = [line.split() for line in out.splitlines()]
    upper = next(line for line in lines if line[:1] == ["upper_case"])
    assert upper[1:5] == ["8", "8", "0", "0"]
    assert any(line[:1] == ["typo_swap"] for line in lines)
    assert "rows: 8 (validation); in brackets: 95% intervals" in out
    assert "no row was changed by: lower_case" in out
    assert "Words that decide" in out
    assert "Attack" not in out


def test_exit_codes(bertkit, run: Run, tmp_path: Path) -> None:
    common = ("robustness", run.path, "--words", "0")
    assert bertkit(*common, "--only", "sentence_after", "--fail-below", "0")[0] == 0
    assert bertkit(*common, "--only", "upper_case", "--fail-below", "0")[0] == 1  # the tokenizer undoes it
    code, out, _ = bertkit(*common, "--only", "lower_case", "--fail-below", "0")
    assert code == 1
    assert "below 0: no right answer was put to the test" in out
    for label, expected in (("delivery", 0), ("refund", 1)):
        file = tmp_path / "tests.yaml"
        file.write_text(TESTS % label, "utf-8")
        code, out, err = bertkit("robustness", run.path, "--tests", file, "--fail-below", "1")
        assert code == expected, err
        assert ("below 1: asks where it is: 0 of 2 pass" in out) == bool(expected)
        assert bertkit("robustness", run.path, "--tests", file)[0] == 0


def test_tests_alone_change_no_rows(bertkit, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    file.write_text(TESTS % "delivery", "utf-8")
    _, out, _ = bertkit("robustness", run.path, "--tests", file)
    assert "asks where it is" in out
    assert "robust share" not in out
    _, out, _ = bertkit("robustness", run.path, "--tests", file, "--only", "case", "--words", "0")
    assert "robust share" in out
    code, _, err = bertkit("robustness", run.path, "--tests", file, "-o", tmp_path / "rows.csv")
    assert code == 2
    assert "--tests alone changes no rows" in err


def test_files(bertkit, run: Run, tmp_path: Path) -> None:
    common = ("robustness", run.path, "--words", "0", "--only", "upper_case,sentence_after", "-o")
    for name in ("r.html", "r.json", "r.jsonl", "r.csv", "r.parquet"):
        code, out, err = bertkit(*common, tmp_path / name)
        assert code == 0, err
        assert f"written: {tmp_path / name}" in out
    assert (tmp_path / "r.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    record = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert [one["name"] for one in record["perturbations"]] == ["upper_case", "sentence_after"]
    assert record["tests"] == []
    rows = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 16
    assert (
        rows[0] | {"perturbation": "upper_case", "row": 1, "text": "WHERE IS MY PARCEL ?", "label": "delivery"}
        == rows[0]
    )
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["text"] for row in csv.DictReader(stream)] == [row["text"] for row in rows]


def test_an_attack(bertkit, run: Run, tiny_bert: Path, tmp_path: Path) -> None:
    mlm = train(tiny_recipe("pretrain", {"max_length": 24}, tiny_bert, tmp_path), output=tmp_path / "mlm")
    common = ("robustness", run.path, "--words", "0", "--only", "upper_case", "--attack")
    code, out, err = bertkit(*common, "--mlm", mlm.path, "--budget", "0.5", "--queries", "20")
    assert code == 0, err
    assert "Attack by other words" in out
    assert str(mlm.path) in out
    code, _, err = bertkit(*common)
    assert code == 2
    assert "can not propose words" in err
    assert "name a model with a masked-word head" in err


def test_rows_without_right_answers(bertkit, run: Run, tmp_path: Path) -> None:
    file = write_rows([{"text": "where is my parcel ?"}, {"text": "hello"}], tmp_path / "plain.jsonl")
    code, out, err = bertkit("robustness", run.path, "--data", file, "--only", "typos", "--fail-below", "1")
    assert code == 2
    assert "what is judged is the share of right answers that stay right" in err
    assert "only changes of the answers are counted" in err
    assert "Answers that stay" in out
    assert "robust share" not in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--only", "typo"), "typo: no such perturbation; did you mean typos?"),
        (("--strength", "0"), "--strength  0: expected a share"),
        (("--fail-below", "2"), "--fail-below  2: expected a share, 0 to 1"),
        (("--mlm", "x"), "has no effect without --attack"),
        (("--budget", "0.2"), "--budget  has no effect without --attack"),
        (("--queries", "100"), "--queries  has no effect without --attack"),
        (("--tests", "none.yaml", "--limit", "5"), "--limit  has no effect with --tests alone"),
        (("--tests", "none.yaml", "--words", "5"), "--words  has no effect with --tests alone"),
        (("--skip", "typo"), "--skip  typo: no such perturbation"),
        (("-o", "/dev/stdout"), "/dev/stdout: the ending must be one of"),
        (("--attack", "--budget", "2"), "--budget  2: expected a share"),
        (("--split", "dev"), "no such split: dev"),
        (("--split", "test"), "the recipe names no such data"),
        (("--data", "none.csv"), "no such file"),
        (("--tests", "none.yaml"), "none.yaml  can not be read"),
        (("-o", "r.xlsx"), "the ending must be one of .html, .json"),
        (("-s", "train.learning_rate=1"), "a Run is used as it was trained"),
    ],
)
def test_mistakes(bertkit, run: Run, options: tuple[str, ...], message: str) -> None:
    code, _, err = bertkit("robustness", run.path, *options)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_a_folder_that_is_no_run(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("robustness", tmp_path / "none")
    assert code == 2
    assert "no such folder" in err


def test_one_row_and_texts_that_are_no_words(bertkit, run: Run, tmp_path: Path) -> None:
    file = write_rows([{"text": "<script>alert(1)</script> !!!", "label": "other"}], tmp_path / "one.jsonl")
    code, _, err = bertkit("robustness", run.path, "--data", file, "-o", tmp_path / "one.html", "--words", "3")
    assert code == 0, err
    text = (tmp_path / "one.html").read_text("utf-8")
    assert "&lt;script&gt;alert" in text
    assert "<script>" not in text
