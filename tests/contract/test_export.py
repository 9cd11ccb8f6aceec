"""What an export of every task must do, for each task there is: the graph answers as the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit import Predictor, Run, train
from bertkit.engine.run import run as run_backend
from bertkit.metrics import find_metric
from bertkit.shrink.export import ExportRequest, export
from tests.contract.test_task import IDS, TASKS
from tests.helpers import tiny_recipe

QUICK = ("ner-crf",)
"""Exported in the default tests, as an export takes seconds; all others are slow."""
PARAMS = [
    pytest.param(
        task, id=name, marks=[pytest.mark.xdist_group(f"export-{name}"), *([] if name in QUICK else [pytest.mark.slow])]
    )
    for task, name in zip(TASKS, IDS, strict=True)
]


@pytest.fixture(scope="module", params=PARAMS)
def both(request: pytest.FixtureRequest, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """A trained Run, and its export."""
    name, options = request.param
    folder = tmp_path_factory.mktemp(name.rpartition(":")[2])
    run = train(tiny_recipe(name, options, tiny_bert, folder, max_steps=3), output=folder / "run")
    return run, export(ExportRequest(run, folder / "exported"))


def test_quick_ones_are_there() -> None:
    assert set(QUICK) <= set(IDS)


def outputs_of(run: Run, rows: Any, *, answers: bool) -> dict[str, Any]:
    predictor = Predictor.open(run)
    encoded = predictor.task.encode(rows, predictor.tokenizer, predictor.limit, answers=answers)
    return run_backend(predictor.backend, encoded.examples, predictor.collate, tokens=64)[0]


def test_the_graph_is_the_model(both: tuple[Run, Run]) -> None:
    """All outputs, of batches with labels and without, of one example and of several, and the constants of a CRF."""
    predictor = Predictor.open(both[0])
    rows = predictor.task.tiny_rows()
    for answers in (False, True):
        expected, found = (outputs_of(run, rows, answers=answers) for run in both)
        assert expected.keys() == found.keys()
        for name in expected:
            for one, other in zip(expected[name], found[name], strict=True):
                np.testing.assert_allclose(other, one, atol=1e-4, err_msg=name)


def test_answers_and_figures_are_the_model_s(both: tuple[Run, Run]) -> None:
    """The same thresholds, temperature and windows: what the task has learnt is in the Run, not in the graph."""
    trained, exported = both
    assert exported.task_state == trained.task_state
    one, other = (Predictor.open(run) for run in both)
    rows = one.task.tiny_rows()
    texts = [[one.task.to_text(answer) for answer in predictor.predict(rows)] for predictor in (one, other)]
    assert texts[0] == texts[1]
    metrics = [find_metric(name, one.task.takes) for name in trained.recipe.metrics]
    figures = other.score("validation", rows, metrics).figures
    expected = {name: trained.metrics["validation"][name] for name in figures}
    for name, figure in figures.items():  # a correlation of numbers that barely vary magnifies 1e-7
        assert figure == pytest.approx(expected[name], abs=0.01 if name in ("pearson", "spearman") else 1e-4), name
    assert "loss" not in figures


def test_the_proof_is_in_its_metrics(both: tuple[Run, Run]) -> None:
    trained, exported = both
    proof = exported.metrics["export"]
    assert proof["attention_nodes"] == 2
    assert proof["precision"] == "float32"
    assert list(proof["engines"]) == ["torch", "onnx float32"]
    assert all(value < 1e-4 for value in proof["largest_difference"]["onnx float32"].values())
    assert exported.parent is not None
    assert exported.parent["name"] == trained.name
    assert (exported.kind, exported.backend) == ("export", "onnx")
