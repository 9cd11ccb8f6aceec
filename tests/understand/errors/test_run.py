"""`find_errors` end to end: flips, a leak and a contradiction that are known, on a Run of a tiny BERT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run, train
from bertkit.errors import DataError, ExtraError, RunError
from bertkit.understand.errors.run import CSV, HTML, JSON, ErrorSearch, find_errors
from tests.helpers import tiny_recipe, write_rows
from tests.understand.errors.made import recipe_of, rows_of, texts_of

ROWS, FLIPPED = texts_of(160, 8)
LEAK = {**ROWS[20], "text": ROWS[20]["text"].upper()}
NEAR = {**ROWS[21], "text": ROWS[21]["text"] + " !"}
TWIN = {**ROWS[30], "label": next(label for label in ("delivery", "refund") if label != ROWS[30]["label"])}


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("errors")
    test = [*texts_of(12, 0, seed=77)[0], LEAK, NEAR]
    recipe = recipe_of(folder, tiny_bert, [*ROWS, TWIN], test=test, train={"num_train_epochs": 2})
    return Run.open(train(recipe, output=folder / "run").path)


@pytest.fixture(scope="module")
def found(run: Run, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("found") / "out"
    return find_errors(run, folder, ErrorSearch(quick=True)), folder


def test_flips_a_leak_and_a_contradiction_are_found(found: tuple[dict[str, Any], Path]) -> None:
    record, _ = found
    assert record["rows"] == {"train": 161, "test": 14}
    suspects = [one for one in record["findings"] if "label" in one["kinds"] and one["split"] == "train"]
    rows = [one["row"] - 1 for one in suspects]
    assert len(set(rows[:9]) & {*FLIPPED, 160}) >= 6
    leaks = {one["row"]: one for one in record["findings"] if "leak" in one["kinds"]}
    assert {13, 14} <= set(leaks)
    assert leaks[13]["note"].startswith("same text as")
    assert leaks[14]["note"].startswith("nearly the same text as")
    twins = [one for one in record["findings"] if "conflict" in one["kinds"]]
    assert [one["row"] for one in twins] in ([31], [161])
    assert record["repeats"]["leak"] >= 2
    assert record["repeats"]["conflict"] == 1


def test_the_record_says_how_far_to_trust_it(found: tuple[dict[str, Any], Path]) -> None:
    record, _ = found
    similar, slips = record["trust"]
    assert (similar["flips"], slips["flips"]) == ("similar", "any")
    assert slips["recall"] > 0.5
    assert slips["planted"] == 180  # a twentieth of 175 rows, 20 times
    assert record["search"] == {"folds": 4, "quick": True, "planted": 0.05, "seed": 0}
    assert record["slices"]["tried"] > 10
    assert record["data_map"]["epochs"] == 2
    assert sum(record["data_map"]["counts"].values()) == len(record["data_map"]["rows"]) == 145


def test_files_are_written(found: tuple[dict[str, Any], Path]) -> None:
    record, folder = found
    assert {path.name for path in folder.iterdir()} == {CSV, HTML, JSON, "work"}
    known = json.loads((folder / JSON).read_text("utf-8"))
    assert known["findings"] == record["findings"]
    assert len((folder / CSV).read_text("utf-8-sig").splitlines()) == len(record["findings"]) + 1
    assert (folder / HTML).read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_second_search_keeps_the_folds_and_no_corrections_are_lost(
    run: Run, found: tuple[dict[str, Any], Path]
) -> None:
    record, folder = found
    again = find_errors(run, folder, ErrorSearch(quick=True))
    assert again["notes"][-1] == "folds kept from before: 1, 2, 3, 4"
    assert again["findings"] == record["findings"]
    with pytest.raises(RunError, match="has folds of other rows, of another recipe or with other options"):
        find_errors(run, folder, ErrorSearch(quick=True, seed=1))
    text = (folder / CSV).read_text("utf-8-sig")
    (folder / CSV).write_text(text.replace(",\n", ",delivery\n", 1), "utf-8-sig")
    with pytest.raises(RunError, match="holds 1 corrections, which would be lost"):
        find_errors(run, folder, ErrorSearch(quick=True))
    (folder / CSV).write_text(text, "utf-8-sig")


def test_other_rows_have_no_map_and_no_leaks(run: Run, tmp_path: Path) -> None:
    file = write_rows(ROWS[:80], tmp_path / "other.jsonl")
    record = find_errors(run, tmp_path / "out", ErrorSearch(quick=True), data=[str(file)])
    assert record["rows"] == {"train": 80}
    assert record["data_map"] is None
    assert record["repeats"]["leak"] == 0


@pytest.mark.parametrize(
    "task",
    [
        "ner",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("classify", "squad", "choice", "regress", "rerank")),
    ],
)
def test_every_task_with_answers_is_searched_by_trained_folds(task: str, tiny_bert: Path, tmp_path: Path) -> None:
    run = train(recipe_of(tmp_path, tiny_bert, rows_of(task), task), output=tmp_path / "run")
    record = find_errors(Run.open(run.path), tmp_path / "out", ErrorSearch(folds=2))
    assert record["units"] > 0
    assert all(one["planted"] for one in record["trust"])
    assert (tmp_path / "out" / HTML).is_file()
    assert not (tmp_path / "out" / "work" / "fold-1").exists()
    assert record["slices"]["tried"] > 0


@pytest.mark.parametrize("task", ["embed", "pretrain"])
def test_a_run_without_labels_is_refused(task: str, tiny_bert: Path, tmp_path: Path) -> None:
    options = {"max_length": 24} if task == "pretrain" else {}
    run = train(tiny_recipe(task, options, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    with pytest.raises(RunError, match="name a Run with labels, tags, answers"):
        find_errors(Run.open(run.path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS[:1], "only one row: none is left for validation"),
        ([{"text": "a b c", "label": "x"}, {"text": "d e f", "label": "y"}], "only one row of each label"),
        (ROWS[:3], "4: more than the 3 rows; use 3"),
        ([{**row, "label": "one"} for row in ROWS[:20]], "only one label: one"),
        ([{"text": row["text"]} for row in ROWS[:20]], "label"),
    ],
)
def test_rows_that_can_not_be_searched(run: Run, tmp_path: Path, rows: list[dict[str, Any]], message: str) -> None:
    file = write_rows(rows, tmp_path / "rows.jsonl")
    with pytest.raises(DataError, match=message):
        find_errors(run, tmp_path / "out", data=[str(file)])


def test_a_label_with_one_row_is_said_not_to_be_judged(run: Run, tmp_path: Path) -> None:
    rows = [*ROWS[:60], {"text": "something quite different here", "label": "lonely"}]
    file = write_rows(rows, tmp_path / "rows.jsonl")
    record = find_errors(run, tmp_path / "out", ErrorSearch(quick=True), data=[str(file)])
    assert any("not judged (lonely)" in note for note in record["notes"])
    assert not any(one["given"] == "lonely" for one in record["findings"])


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(DataError, match="no rows would be left"):
        ErrorSearch(folds=1)
    for share in (0.0, 0.6, -1.0):
        with pytest.raises(DataError, match="not above 0"):
            ErrorSearch(planted=share)


def test_cleanlab_is_asked_for_before_any_work(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertkit import extras

    monkeypatch.setattr(extras, "has", lambda module: module != "cleanlab")
    with pytest.raises(ExtraError, match=r"pip install 'bertkit\[errors\]'"):
        find_errors(run, tmp_path / "out")
