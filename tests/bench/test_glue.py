"""GLUE as a suite: each task's rows, labels and figures, from each layout, through the recipes that come along."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from bertkit.bench import glue
from bertkit.bench.suite import Entry, check
from bertkit.data.dataset import load as load_rows
from bertkit.errors import DataError
from bertkit.metrics import find_metric
from bertkit.models.build import build_model
from bertkit.recipe.load import load
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.task import make_task
from tests.bench import glue_data
from tests.helpers import messages

NAMES = ["CoLA", "SST-2", "MRPC", "STS-B", "QQP", "MNLI", "QNLI", "RTE", "WNLI"]
TESTS = {**{name: [name] for name in NAMES}, "MNLI": ["MNLI-m", "MNLI-mm", "AX"]}
LABELS = {  # of the data card of nyu-mll/glue, 0 first
    "CoLA": ["unacceptable", "acceptable"],
    "SST-2": ["negative", "positive"],
    "MRPC": ["not_equivalent", "equivalent"],
    "QQP": ["not_duplicate", "duplicate"],
    "MNLI": ["entailment", "neutral", "contradiction"],
    "QNLI": ["entailment", "not_entailment"],
    "RTE": ["entailment", "not_entailment"],
    "WNLI": ["not_entailment", "entailment"],
}


@pytest.fixture(autouse=True)
def _heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line, in an earlier test, keeps messages from caplog."""
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)


def rows_of(entry: Entry) -> tuple[Any, dict[str, Any]]:
    """The task, which knows its labels, and its rows by split."""
    recipe = load(entry.recipe, entry.sets)
    task = make_task(recipe)
    splits = task.read(recipe)
    task.prepare(splits["train"], recipe.data)
    for name, rows in splits.items():
        task.check(rows, name)
    return task, splits


def unlabelled(entry: Entry, name: str) -> Any:
    recipe = load(entry.recipe, [*entry.sets, *entry.unlabelled[name]])
    assert recipe.data.test
    return load_rows(recipe.data.test, make_task(recipe).columns, recipe.data, answers=False)


def entries(folder: Path | None, recipes: Any = "paper") -> dict[str, Entry]:
    suite = glue.suite(folder, recipes)
    check(suite)
    return {entry.name: entry for entry in suite.entries}


@pytest.fixture(params=["original", "hub"])
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return getattr(glue_data, request.param)(tmp_path / "glue data # 1 [a]" / request.param)


def test_each_task_reads_its_rows_and_names_its_labels(layout: Path) -> None:
    found = entries(layout)
    assert list(found) == NAMES
    for name, entry in found.items():
        task, splits = rows_of(entry)
        assert {split: len(rows) for split, rows in splits.items()} == {
            "train": 12,
            "validation": 6,
            **({"test": 6} if name == "MNLI" else {}),
        }
        assert splits["train"]["text"][0].rstrip() == 'the good man , he said " no .'
        assert ("text_pair" in splits["train"].column_names) == (name not in ("CoLA", "SST-2"))
        if name == "STS-B":
            assert 0 <= min(splits["train"]["score"]) < max(splits["train"]["score"]) <= 5
            continue
        assert task.labels == LABELS[name]
        first = [(i + (name == "QQP" and layout.name == "original")) % len(task.labels) for i in range(6)]
        assert splits["train"]["label"][:6] == [LABELS[name][i] for i in first]


def test_the_test_rows_are_read_without_labels(layout: Path) -> None:
    for name, entry in entries(layout).items():
        assert list(entry.unlabelled) == TESTS[name]
        for test in entry.unlabelled:
            rows = unlabelled(entry, test)
            longer = test == "MNLI-mm" and layout.name == "original"
            assert len(rows) == glue_data.UNLABELLED + longer
            assert not {"label", "score"} & set(rows.column_names)
            assert ("text_pair" in rows.column_names) == (name not in ("CoLA", "SST-2"))


def test_an_empty_question_of_a_test_row_is_answered_too(tmp_path: Path) -> None:
    glue_data.qqp(tmp_path)
    assert unlabelled(entries(tmp_path)["QQP"], "QQP")["text_pair"][2] == ""


def test_broken_lines_of_qqp_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    glue_data.qqp(tmp_path)
    _, splits = rows_of(entries(tmp_path)["QQP"])
    assert len(splits["train"]) == 12
    said = messages(caplog)
    assert any("wrong number of fields: 1 (" in line and "train.tsv:5" in line for line in said)
    assert any("is empty: 1 (" in line for line in said)


def test_lines_of_qqp_that_do_not_decode_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    glue_data.qqp(tmp_path)
    with (tmp_path / "QQP/train.tsv").open("ab") as file:
        file.write("902\t1\t2\tis it a café ?\tis it ?\t0\n".encode())
        file.write(b"903\t1\t2\tis it a caf\xc3 ?\tis it ?\t0\n")
    _, splits = rows_of(entries(tmp_path)["QQP"])
    assert len(splits["train"]) == 13
    assert any("rows left out, is not valid utf-8: 1 (" in line for line in messages(caplog))


def test_matched_rows_of_mnli_validate_and_mismatched_ones_test(tmp_path: Path) -> None:
    glue_data.mnli(tmp_path)
    _, splits = rows_of(entries(tmp_path)["MNLI"])
    assert splits["validation"]["text"][0] == glue_data.sentence(0)
    assert splits["test"]["text"][0] == glue_data.sentence(7)
    assert splits["validation"]["label"] == [glue_data.NLI[i % 3] for i in range(6)]  # gold_label, not label1


def test_rows_of_mrpc_are_chosen_by_their_ids(tmp_path: Path) -> None:
    glue_data.bare_mrpc(tmp_path, ids=True)
    entry = entries(tmp_path)["MRPC"]
    _, splits = rows_of(entry)
    assert (len(splits["train"]), len(splits["validation"])) == (14, 6)
    assert splits["validation"]["text"] == [glue_data.sentence(i) for i in range(3, 15, 2)]
    assert splits["validation"]["place"][0].endswith("msr_paraphrase_train.txt:5")
    assert len(unlabelled(entry, "MRPC")) == glue_data.UNLABELLED


def test_without_ids_a_tenth_of_mrpc_validates_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    glue_data.bare_mrpc(tmp_path, ids=False)
    entry = entries(tmp_path)["MRPC"]
    assert any("MRPC has no dev_ids.tsv: a tenth" in line for line in messages(caplog))
    _, splits = rows_of(entry)
    assert (len(splits["train"]), len(splits["validation"])) == (18, 2)


def test_a_missing_task_is_told_and_the_others_run(tmp_path: Path) -> None:
    glue_data.original(tmp_path, ["RTE", "MNLI"])
    (tmp_path / "MNLI/dev_mismatched.tsv").unlink()
    (tmp_path / "WNLI").mkdir()
    suite = glue.suite(tmp_path, "paper")
    assert [entry.name for entry in suite.entries] == ["RTE"]
    assert list(suite.absent) == [name for name in NAMES if name != "RTE"]
    assert suite.absent["CoLA"] == f"{tmp_path} has no folder CoLA"
    assert suite.absent["MNLI"] == f"{tmp_path / 'MNLI'}: no dev_mismatched.tsv"
    assert suite.absent["WNLI"] == f"{tmp_path / 'WNLI'}: no train.tsv and no train-*.parquet"


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_without_any_task_is_an_error(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "glue"
    if there:
        folder.mkdir()
    with pytest.raises(DataError, match="holds no task of GLUE" if there else "no such folder"):
        glue.suite(folder, "paper")


def test_missing_test_files_leave_their_names_out(tmp_path: Path) -> None:
    glue_data.original(tmp_path, ["MNLI", "RTE"])
    (tmp_path / "MNLI/test_matched.tsv").unlink()
    (tmp_path / "RTE/test.tsv").unlink()
    found = entries(tmp_path)
    assert list(found["MNLI"].unlabelled) == ["MNLI-mm"]
    assert not found["RTE"].unlabelled


def test_the_diagnostics_are_found_in_a_folder_of_their_own_name(tmp_path: Path) -> None:
    glue_data.mnli(tmp_path)
    glue_data.ax(tmp_path)
    (tmp_path / "diagnostic").rename(tmp_path / "AX")
    (tmp_path / "AX/diagnostic.tsv").rename(tmp_path / "AX/AX.tsv")
    assert len(unlabelled(entries(tmp_path)["MNLI"], "AX")) == glue_data.UNLABELLED


def test_on_the_hub_all_is_named_and_nothing_absent() -> None:
    suite = glue.suite(None, "paper")
    assert [entry.name for entry in suite.entries] == NAMES
    assert not suite.absent
    for entry in suite.entries:
        plain, recipe = load(entry.recipe), load(entry.recipe, entry.sets)
        assert (recipe.data.train, recipe.data.validation, recipe.data.test) == (
            *(plain.data.train, plain.data.validation, plain.data.test),
        )
        assert recipe.data.columns.items() >= plain.data.columns.items()
        assert list(entry.unlabelled) == TESTS[entry.name]
    tests = [load(e.recipe, [*e.sets, *sets]).data.test for e in suite.entries for sets in e.unlabelled.values()]
    assert ["hub:nyu-mll/glue:mnli#test_matched"] in tests
    assert ["hub:nyu-mll/glue:ax#test"] in tests
    assert ["hub:nyu-mll/glue:wnli#test"] in tests


def test_figures_are_those_that_the_recipe_scores() -> None:
    for entry in glue.suite(None, "paper").entries:
        (name,) = load(entry.recipe).metrics
        keys = find_metric(name, "labels").keys
        assert entry.figures[0] == f"validation/{keys[0]}"
        assert {figure.partition("/")[2] for figure in entry.figures} == set(keys)
        for model, figures in entry.published.items():
            assert model.endswith((", test", ", dev"))
            assert set(figures) <= set(entry.figures)
            assert all(0.5 < value < 1 for value in figures.values())


def test_published_figures() -> None:
    found = {entry.name: entry.published for entry in glue.suite(None, "paper").entries}
    assert found["MNLI"][glue.BASE] == {"validation/accuracy": 0.846, "test/accuracy": 0.834}
    assert found["STS-B"][glue.LARGE] == {"validation/spearman": 0.865}
    assert found["QQP"][glue.SCRIPT] == {"validation/f1": 0.875, "validation/accuracy": 0.907}


TUNED = {
    "mnli": (5e-5, 48, 3),
    "rte": (1e-5, 16, 3),
    "qqp": (3e-5, 16, 5),
    "cola": (5e-5, 32, 10),
    "mrpc": (8e-5, 32, 10),
    "qnli": (1e-5, 16, 10),
    "sst2": (3e-5, 16, 3),
    "stsb": (3e-5, 32, 10),
}


@pytest.mark.parametrize("name", TUNED)
def test_tuned_recipes(name: str) -> None:
    tuned, paper = load(f"glue/tuned/{name}"), load(f"glue/{name}")
    block = tuned.train
    assert (block["learning_rate"], block["per_device_train_batch_size"], block["num_train_epochs"]) == TUNED[name]
    assert (tuned.task, tuned.data, tuned.metrics, tuned.model) == (paper.task, paper.data, paper.metrics, paper.model)


def test_tuned_entries_begin_with_mnli(tmp_path: Path) -> None:
    tuned = entries(None, "tuned")
    assert {e.name for e in tuned.values() if e.starts_from == "MNLI"} == {"RTE", "MRPC", "STS-B"}
    assert tuned["RTE"].recipe == "glue/tuned/rte"
    assert tuned["WNLI"].recipe == "glue/wnli"
    assert not any(entry.starts_from for entry in entries(None).values())
    glue_data.original(tmp_path, ["RTE"])
    assert entries(tmp_path, "tuned")["RTE"].starts_from == "MNLI"  # an earlier command may have trained it


@pytest.mark.parametrize("labels", [1, 2])
def test_a_head_of_another_size_is_made_anew_and_that_is_said(
    tiny_bert: Path, tmp_path: Path, labels: int, caplog: pytest.LogCaptureFixture
) -> None:
    kind = "AutoModelForSequenceClassification"
    mnli = build_model(ModelBlock(name=str(tiny_bert)), kind, num_labels=3, id2label=dict(enumerate(LABELS["MNLI"])))
    mnli.save_pretrained(tmp_path / "mnli")
    caplog.set_level("INFO")
    caplog.clear()
    task = make_task(load("glue/stsb")) if labels == 1 else make_task(load("glue/rte"), {"labels": LABELS["RTE"]})
    model = task.head.build_model(ModelBlock(name=str(tmp_path / "mnli")))
    if labels == 2:
        assert model.config.id2label == dict(enumerate(LABELS["RTE"]))
    assert model.config.num_labels == labels
    assert model.classifier.weight.shape == (labels, 32)
    assert "new weights, to be trained: classifier" in messages(caplog)
    assert (model.bert.pooler.dense.weight == mnli.bert.pooler.dense.weight).all()
