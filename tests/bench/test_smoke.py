"""The whole way of the built-in suites on made-up data: from the files of the download to the zip and the report.

Twice with the same seed, and then a second time in the same folder, where nothing is left to train.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run
from tests.bench import glue_data
from tests.bench.submission_checker import ROWS, faults

QUICK = ("train.max_steps=2", "train.per_device_train_batch_size=4", "train.report_to=none", "options.max_length=32")
TEST_ROWS = dict.fromkeys(ROWS, glue_data.UNLABELLED) | {"MNLI-mm.tsv": glue_data.UNLABELLED + 1}


def arguments(suite: str, model: Path, data: Path, output: Path, *more: str) -> list[object]:
    sets = [word for text in QUICK for word in ("--set", text)]
    return ["bench", suite, "--model", model, "--data", data, "--output", output, *sets, *more]


def metrics(output: Path) -> dict[str, Any]:
    return json.loads((output / "metrics.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suites")
    glue_data.original(folder / "glue")
    glue_data.squad(folder / "squad")
    return folder


@pytest.mark.slow
def test_glue_to_its_zip(bertkit, tiny_bert: Path, data: Path, tmp_path: Path) -> None:
    said = {}
    for name in ("one", "two"):
        code, out, err = bertkit(*arguments("glue", tiny_bert, data / "glue", tmp_path / name, "--recipes", "tuned"))
        assert code == 0, err
        said[name] = out + err
    one, two = tmp_path / "one", tmp_path / "two"
    assert faults(one / "submission.zip", TEST_ROWS) == []
    assert (one / "submission.zip").read_bytes() == (two / "submission.zip").read_bytes()
    assert metrics(one) == metrics(two)
    figures = metrics(one)["figures"]
    assert set(figures) == {"CoLA", "SST-2", "MRPC", "STS-B", "QQP", "MNLI", "QNLI", "RTE", "WNLI"}
    assert set(figures["MNLI"]) == {"validation/accuracy", "test/accuracy"}
    assert figures["CoLA"]["validation/matthews"]["published"]["BERT-base, test"] == 0.521
    assert "AX.tsv: 4 rows, the official test set has 1,104" in said["one"]
    assert "submission.zip: 11 files" in said["one"].replace("\n", "")
    assert (one / "report.html").stat().st_size > 1000
    assert Run(one / "RTE/seed-42").recipe.model.name == str(one / "MNLI/seed-42/model")
    assert "rows left out, wrong number of fields: 1 (" in said["one"]
    again_in_place(bertkit, arguments("glue", tiny_bert, data / "glue", one, "--recipes", "tuned"), one)


def again_in_place(bertkit, command: list[object], output: Path) -> None:
    """Nothing is trained again, and the same comes out."""
    before = (output / "submission.zip").read_bytes(), metrics(output)
    trained = (output / "RTE/seed-42/metrics.json").stat().st_mtime_ns
    code, _, err = bertkit(*command)
    assert code == 0, err
    assert (output / "RTE/seed-42/metrics.json").stat().st_mtime_ns == trained
    assert ((output / "submission.zip").read_bytes(), metrics(output)) == before


def test_a_part_of_glue(bertkit, tiny_bert: Path, data: Path, tmp_path: Path) -> None:
    """A folder with two tasks only, and two seeds: the rest is told, and the zip has what there is."""
    glue_data.original(tmp_path / "data", ["RTE"])
    glue_data.bare_mrpc(tmp_path / "data", ids=True)
    command = arguments("glue", tiny_bert, tmp_path / "data", tmp_path / "out", "--seeds", "1,2")
    code, out, err = bertkit(*command)
    assert code == 0, err
    assert "CoLA is absent" in out + err
    assert "CoLA.tsv: missing, as CoLA is absent" in out
    assert "2 files of 11" in out.replace("\n", "")
    both = {"MRPC.tsv": glue_data.UNLABELLED, "RTE.tsv": glue_data.UNLABELLED}
    assert faults(tmp_path / "out/submission.zip", both) == []
    assert set(metrics(tmp_path / "out")["figures"]["MRPC"]["validation/f1"]["seeds"]) == {"1", "2"}


def test_squad(bertkit, tiny_bert: Path, data: Path, tmp_path: Path) -> None:
    sets = ("--set", "options.step=8", "--set", "options.max_question=10")
    found = []
    for name in ("one", "two"):
        code, _, err = bertkit(*arguments("squad", tiny_bert, data / "squad", tmp_path / name, *sets))
        assert code == 0, err
        found.append(metrics(tmp_path / name))
    assert found[0] == found[1]
    assert set(found[0]["figures"]["v1"]) == {"validation/f1", "validation/exact_match"}
    assert set(found[0]["figures"]["v2"]) == {"validation/f1", "validation/exact"}
