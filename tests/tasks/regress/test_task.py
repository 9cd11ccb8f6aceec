"""`regress`: the number is the logit, the loss the squared error, and a constant answer is warned of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from bertkit.errors import BertkitError, PluginError
from bertkit.inference.score import measure
from bertkit.metrics import find_metric
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.regress.task import Regress, RegressOptions
from bertkit.tasks.task import Encoded
from tests.helpers import losses

ROWS = [{"text": "a", "score": 1.0}, {"text": "b", "score": 2.0}, {"text": "c", "score": 4.5}]


def make(**options: Any) -> Regress:
    return Regress(RegressOptions.model_validate(options))


def answers(*scores: float) -> list[dict[str, Any]]:
    return [{"score": score} for score in scores]


class Fixed(torch.nn.Module):
    def forward(self, **batch: Any) -> Any:
        assert "labels" not in batch
        return type("Output", (), {"logits": torch.tensor([[1.5], [2.0], [0.5]])})


def loss_of(task: Regress) -> float:
    batch = {"labels": torch.tensor([1.0, 2.0, 4.5]), "input_ids": torch.zeros(3, 2)}
    return float((losses(task, Fixed(), batch)[0] / task.head.loss_weight(batch)).sum())


def test_columns() -> None:
    assert [(c.name, c.kind, c.required, c.answer) for c in make().columns] == [
        ("text", "text", True, False),
        ("text_pair", "text", False, False),
        ("score", "number", True, True),
    ]
    assert make().stratify_by is None
    assert make().metrics == ("pearson", "spearman")


def test_the_loss_is_the_mean_squared_error() -> None:
    assert loss_of(make()) == pytest.approx((0.25 + 0 + 16) / 3)


def test_a_users_loss(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def absolute(logits, labels):\n    return (logits[:, 0] - labels).abs()\n"
        "def mean(logits, labels):\n    return (logits[:, 0] - labels).abs().mean()\n"
    )
    assert loss_of(make(loss=f"{tmp_path}/mine.py:absolute")) == pytest.approx(4.5 / 3)
    with pytest.raises(PluginError, match=r"options\.loss"):
        loss_of(make(loss=f"{tmp_path}/mine.py:mean"))


@pytest.mark.parametrize("options", [{"loss": "squared_eror"}, {"loss": "cross_entropy"}, {"multi_label": True}])
def test_options_that_are_not_its_own(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RegressOptions.model_validate(options)


def test_encode_gives_numbers_in_single_precision(tiny_bert: Path) -> None:
    tokenizer = load_tokenizer(ModelBlock(name=str(tiny_bert)))
    examples = make().encode(ROWS, tokenizer, 16, answers=True).examples
    assert [example["labels"] for example in examples] == [1.0, 2.0, 4.5]
    assert {example["labels"].dtype for example in examples} == {np.dtype(np.float32)}
    assert "labels" not in make().encode(ROWS, tokenizer, 16, answers=False).examples[0]


def test_the_model_has_one_output_and_no_classes(tiny_bert: Path) -> None:
    model = make().head.build_model(ModelBlock(name=str(tiny_bert)))
    assert model.config.num_labels == 1
    assert model.config.problem_type == "regression"
    assert model(input_ids=torch.tensor([[2, 7, 3]])).logits.shape == (1, 1)


def test_decode_gives_the_logit_and_pools_windows() -> None:
    outputs = {"logits": [np.array([score]) for score in (1.0, 3.0, -2.0)]}
    encoded, rows = Encoded([{"row": 0}, {"row": 0}, {"row": 1}]), [{"text": "a"}, {"text": "b"}]
    assert make().decode(outputs, encoded, rows) == [{"score": 2.0}, {"score": -2.0}]
    assert make(window_pooling="max").decode(outputs, encoded, rows) == [{"score": 3.0}, {"score": -2.0}]
    assert make().decode({}, Encoded([]), []) == []


def test_figures_by_hand() -> None:
    task = make()
    metrics = [find_metric(name, task.takes) for name in ("pearson", "spearman", "mse", "mae")]
    figures, _ = measure(task, answers(2.0, 1.0, 4.0), ROWS, metrics)
    right, said = np.array([1.0, 2.0, 4.5]), np.array([2.0, 1.0, 4.0])
    assert figures["pearson"] == pytest.approx(np.corrcoef(right, said)[0, 1])
    assert figures["spearman"] == pytest.approx(0.5)
    assert figures["mse"] == pytest.approx((1 + 1 + 0.25) / 3)
    assert figures["mae"] == pytest.approx(2.5 / 3)


def test_a_function_of_the_users_is_called_with_numbers(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "def worst(predictions, references):\n    return abs(predictions - references).max()"
    )
    task = make()
    metric = find_metric(f"{tmp_path}/mine.py:worst", task.takes)
    task.check_metric(metric)
    assert measure(task, answers(2.0, 1.0, 4.0), ROWS, [metric])[0] == {"worst": 1.0}


@pytest.mark.parametrize(
    ("metric", "fits"), [("pearson", True), ("glue/stsb", True), ("accuracy", False), ("auc", False)]
)
def test_a_metric_fits_or_is_refused_before_the_training(metric: str, fits: bool) -> None:
    task = make()
    if fits:
        task.check_metric(find_metric(metric, task.takes))
        return
    with pytest.raises(BertkitError, match=f"{metric}: scores labels, not numbers"):
        task.check_metric(find_metric(metric, task.takes))


def test_no_better_than_the_mean_is_warned_of() -> None:
    task = make()
    mean = sum(row["score"] for row in ROWS) / 3
    _, warning = task.sanity_checks(answers(mean, mean, mean), ROWS)
    assert warning == ("squared error 2.17: no better than always predicting the mean (2.17)")
    assert task.sanity_checks(answers(1.1, 2.1, 4.0), ROWS) == []


def test_predictions_that_barely_vary_are_warned_of_however_well_they_correlate() -> None:
    """Pearson 1, and every answer is about 1.70."""
    task = make()
    (warning, _) = task.sanity_checks(answers(1.70, 1.71, 1.735), ROWS)
    figures, _ = measure(task, answers(1.70, 1.71, 1.735), ROWS, [find_metric("pearson", "scores")])
    assert figures["pearson"] == pytest.approx(1.0)
    assert warning == (
        "the predictions barely vary: standard deviation 0.015 around 1.72; that of the true scores is 1.5"
    )


def test_flat_and_brief() -> None:
    assert make().to_columns({"score": 1.23456}, logits=True) == {"predicted_score": 1.23456}
    assert make().to_text({"score": 1.23456}) == "1.235"


def test_verdicts() -> None:
    first, *_, last = make().verdicts(answers(1.5, 2.0, 4.0), ROWS)
    assert first[:4] == ("a", "1", "1.5", -0.5)
    assert last[:4] == ("c", "4.5", "4", -0.5)
