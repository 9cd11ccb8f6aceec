"""The rehearsal and the warnings before a training."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bertkit.errors import PluginError
from bertkit.metrics import find_metric
from bertkit.recipe.load import resolve
from bertkit.training.parts import Parts, prepare
from bertkit.training.preflight import check_batches, log_warnings
from tests.helpers import messages, tiny_recipe


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


def test_rows_that_stand_in_train_too(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("bertkit").propagate = True
    log_warnings(parts.recipe, parts.task, parts.splits)
    said = "validation: 8 rows (100.0%) are also in the training data: their scores are too high"
    assert said in messages(caplog)
