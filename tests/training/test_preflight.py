"""The rehearsal and the warnings before a training."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from bertkit.errors import PluginError
from bertkit.metrics import find_metric
from bertkit.recipe.load import resolve
from bertkit.training.parts import Parts, prepare
from bertkit.training.preflight import check_batches, constant_targets, log_warnings
from bertkit.warn import collect
from tests.helpers import make, messages, tiny_recipe, write_rows


@pytest.fixture(scope="module")
def parts(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Parts:
    return prepare(resolve(tiny_recipe("classify", {}, tiny_bert, tmp_path_factory.mktemp("parts"))))


def test_a_metric_that_raises_is_found_before_the_training(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def cost(predictions, references):\n    return predictions['label']\n")
    metric = find_metric(f"{tmp_path}/mine.py:cost", "labels")
    with pytest.raises(PluginError, match=r"mine\.py:2"):
        check_batches(parts.task, parts.model, parts.tokenizer, [metric], parts.splits["validation"])
    check_batches(parts.task, parts.model, parts.tokenizer, parts.metrics, parts.splits["validation"])


@pytest.fixture(autouse=True)
def _heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)


@pytest.mark.parametrize(("rate", "warned"), [(1e-7, True), (1e-5, False), (5e-4, False), (0.1, True)])
def test_a_learning_rate_that_is_far_off(
    parts: Parts, rate: float, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = parts.recipe.model_copy(update={"train": {**parts.recipe.train, "learning_rate": rate}})
    log_warnings(recipe, parts.task, {"train": parts.splits["train"]})
    assert any("train.learning_rate" in said for said in messages(caplog)) == warned


def test_targets_that_are_all_the_same(parts: Parts) -> None:
    """Of any task, and of any part of the loss, by the head's targets."""
    task = make("pretrain", {"objective": "mlm+nsp"})
    assert constant_targets(task, [{"pair": 1}, {"pair": 1}, {"pair": 1}]) == ["pair"]
    assert constant_targets(task, [{"pair": 1}, {"pair": 0}]) == []
    assert constant_targets(task, [{"pair": 1}]) == []
    spans = [{"labels": np.array([0, 0])}, {"labels": np.array([0, 0])}]
    assert constant_targets(make("squad", {}), spans) == ["labels"]
    assert constant_targets(make("squad", {}), [*spans, {"labels": np.array([3, 4])}]) == []
    assert constant_targets(parts.task, parts.splits["train"].encoded.examples) == []


def test_the_right_choice_is_always_the_first(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("choice", {}, tiny_bert, tmp_path)
    rows = [row for row in make("choice", {}).tiny_rows() if row["label"] == 0]
    write_rows(rows, Path(recipe.data.train[0]))
    with collect() as warned:
        prepare(resolve(recipe))
    said = "all 3 examples have the same target (labels): there is nothing to learn from it"
    assert {"split": "train", "message": said} in warned


def test_rows_that_stand_in_train_too(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("bertkit").propagate = True
    log_warnings(parts.recipe, parts.task, parts.splits)
    said = "validation: 8 rows (100.0%) are also in the training data: their scores are too high"
    assert said in messages(caplog)
