"""`classify`: labels and their order, weights, one label or several, and the figures and sanity checks of its own."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from pydantic import ValidationError

from bertkit.errors import BertkitError, DataError, PluginError, RecipeError
from bertkit.inference.score import measure
from bertkit.metrics import find_metric
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.classify.task import Classify, ClassifyOptions
from bertkit.tasks.task import Encoded
from tests.helpers import losses, messages


def make(labels: list[Any] | None = None, data: dict[str, Any] | None = None, **options: Any) -> Classify:
    """A task that was prepared with rows of these labels."""
    task = Classify(ClassifyOptions.model_validate(options))
    if labels is not None:
        task.prepare(rows_of(labels), DataBlock.model_validate(data or {}))
    return task


def rows_of(labels: list[Any]) -> Any:
    return Dataset.from_list([{"text": f"t{i}", "label": label} for i, label in enumerate(labels)])


def answers_of(task: Classify, logits: list[list[float]]) -> list[dict[str, Any]]:
    encoded = Encoded([{"row": row} for row in range(len(logits))])
    rows = [{"text": "t"} for _ in logits]
    return task.decode({"logits": [np.array(row) for row in logits]}, encoded, rows)


def guess(task: Classify, *labels: Any) -> list[dict[str, Any]]:
    """Answers that are sure of these labels."""
    names = [label if isinstance(label, list) else [label] for label in labels]
    return answers_of(task, [[9.0 if label in row else -9.0 for label in task.labels] for row in names])


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_labels_are_found_in_the_training_rows_in_natural_order() -> None:
    assert make(["b", "a", "c", "a"]).labels == ["a", "b", "c"]
    assert make(["10", "9", "1"]).labels == ["1", "9", "10"]
    assert make([["b"], [], ["c", "a"]], multi_label=True).labels == ["a", "b", "c"]


def test_labels_are_given_in_their_own_order() -> None:
    assert make(["b", "a", "c"], {"label_names": ["b", "c", "a"]}).labels == ["b", "c", "a"]


def test_a_label_that_was_not_given_is_told_with_its_row() -> None:
    with pytest.raises(DataError, match=r"row 2  train: the label 'x' is not one of data\.label_names"):
        make(["a", "x", "b"], {"label_names": ["a", "b"]})


def test_a_label_unseen_in_training_is_told_with_its_split() -> None:
    task = make(["refund", "other"])
    task.check(rows_of(["other", "refund"]), "validation")
    with pytest.raises(DataError, match=r"validation: the label 'refnd' is not in the training rows; did you mean ref"):
        task.check(rows_of(["other", "refnd"]), "validation")
    task = make([["refund"], ["other"]], multi_label=True)
    with pytest.raises(DataError, match="test: the label 'x'"):
        task.check(rows_of([["other", "x"]]), "test")


def test_what_can_not_be_learnt_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DataError, match="only one label: a"):
        make(["a", "a"])
    with pytest.raises(DataError, match="2 training rows for 3 labels"):
        make(["a", "b"], {"label_names": ["a", "b", "c"]})
    make(["a", "b", "a"], {"label_names": ["a", "b", "c"]})
    assert messages(caplog) == ["labels without training rows, which can not be learnt: 1 (c)"]


def test_a_saved_state_is_all_that_is_needed() -> None:
    task = make(["a", "b", "b"], class_weights="auto")
    again = Classify(task.options, task.state)
    assert again.labels == task.labels
    assert again.state["weights"] == task.state["weights"]
    assert (
        again.head.loss_weight({"labels": torch.tensor([0, 1])}).tolist()
        == task.head.loss_weight({"labels": torch.tensor([0, 1])}).tolist()
    )


def test_columns_and_stratification() -> None:
    one, several = make(), make(multi_label=True)
    assert [(c.name, c.kind, c.required, c.answer) for c in one.columns] == [
        ("text", "text", True, False),
        ("text_pair", "text", False, False),
        ("label", "label", True, True),
    ]
    assert several.columns[-1].kind == "labels"
    assert (one.stratify_by, several.stratify_by) == ("label", None)
    assert several.metrics[0] == "macro_f1"
    assert one.metrics[0] == "accuracy"


def test_automatic_weights_make_labels_weigh_the_same_in_sum() -> None:
    labels = ["a"] * 6 + ["b"] * 3 + ["c"]
    weights = make(labels, class_weights="auto").state["weights"]
    assert weights == pytest.approx([10 / 18, 10 / 9, 10 / 3])
    assert [6 * weights[0], 3 * weights[1], weights[2]] == pytest.approx([10 / 3] * 3)


def test_automatic_weights_of_labels_without_a_row() -> None:
    weights = make(["a", "a", "a", "b"], {"label_names": ["a", "b", "c"]}, class_weights="auto").state["weights"]
    assert weights == pytest.approx([4 / 6, 2.0, 1.0])


def test_automatic_weights_of_several_labels_balance_rows_with_and_without() -> None:
    labels = [["a"], ["a", "b"], ["a"], []]
    assert make(labels, multi_label=True, class_weights="auto").state["weights"] == pytest.approx([1 / 3, 3.0])


def test_a_label_that_all_rows_have_can_still_be_learnt() -> None:
    weights = make([["a"], ["a", "b"]], multi_label=True, class_weights="auto").state["weights"]
    assert all(weight > 0 for weight in weights)


def test_given_weights_and_those_left_out() -> None:
    assert make(["a", "b", "c"], class_weights={"b": 3.0}).state["weights"] == [1.0, 3.0, 1.0]
    assert "weights" not in make(["a", "b"]).state


@pytest.mark.parametrize(
    ("options", "where"),
    [({"class_weights": {"refnd": 2.0}}, "options.class_weights"), ({"out_of_scope": "refnd"}, "options.out_of_scope")],
)
def test_labels_of_options_must_be_there(options: dict[str, Any], where: str) -> None:
    with pytest.raises(RecipeError) as caught:
        make(["refund", "other"], **options)
    assert str(caught.value) == f"{where}  refnd: no such label in the data; did you mean refund?"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"multi_label": True, "out_of_scope": "x"}, "out_of_scope does not go with multi_label"),
        ({"label_smoothing": 0.1, "loss": "focal"}, "label_smoothing goes with loss: cross_entropy, not with focal"),
        ({"label_smoothing": 0.1, "loss": "./a.py:b"}, "label_smoothing goes with loss: cross_entropy, not with"),
        ({"multi_label": True, "class_weights": "auto", "loss": "./a.py:b"}, "with multi_label, class_weights go with"),
        ({"threshold": 0.5}, "threshold goes with multi_label"),
        ({"class_weights": {"a": 0.0}}, "class_weights must be above 0"),
        ({"class_weights": {"a": -1.0}}, "class_weights must be above 0"),
        ({"multi_label": True, "threshold": 1.0}, "less than 1"),
        ({"multi_label": True, "threshold": 0.0}, "greater than 0"),
        ({"label_smoothing": 1.0}, "less than 1"),
        ({"focal_gamma": -1.0}, "greater than or equal to 0"),
        ({"class_weights": "balanced"}, "class_weights"),
        ({"loss": "focall"}, "focall"),
        ({"loss": "squared_error"}, "squared_error"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ClassifyOptions.model_validate(options)


@pytest.mark.parametrize(
    "options",
    [
        {"multi_label": True, "class_weights": "auto", "loss": "focal"},
        {"multi_label": True, "label_smoothing": 0.1, "threshold": 0.3},
        {"class_weights": {"a": 2}, "label_smoothing": 0.1},
        {"loss": "focal", "focal_gamma": 0},
        {"loss": "./a.py:b", "class_weights": "auto"},
    ],
)
def test_options_that_go_together(options: dict[str, Any]) -> None:
    assert ClassifyOptions.model_validate(options)


def test_labels_become_numbers_in_the_order_of_names() -> None:
    assert make(["b", "a", "c"])._label_array([{"label": "c"}, {"label": "a"}]).tolist() == [2, 0]
    several = make([["b"], ["a"], ["c"]], multi_label=True)
    rows = [{"label": ["c", "a"]}, {"label": []}, {"label": ["b"]}]
    assert several._label_array(rows).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


class Fixed(torch.nn.Module):
    """A model that answers with these logits."""

    def __init__(self, logits: list[list[float]]):
        super().__init__()
        self.logits = torch.nn.Parameter(torch.tensor(logits))

    def forward(self, **batch: Any) -> Any:
        assert "labels" not in batch
        return type("Output", (), {"logits": self.logits})


def loss_of(task: Classify, logits: list[list[float]], labels: Any) -> float:
    batch = {"labels": torch.tensor(labels), "input_ids": torch.zeros(len(logits), 2)}
    return (losses(task, Fixed(logits), batch)[0] / task.head.loss_weight(batch)).sum().item()


LOGITS = [[1.0, 2.0, 0.0], [0.5, -1.0, 0.0], [3.0, 0.0, 0.0]]


def test_the_loss_is_torchs_mean() -> None:
    expected = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor([1, 2, 0]))
    assert loss_of(make(["a", "b", "c"]), LOGITS, [1, 2, 0]) == pytest.approx(float(expected))


def test_the_loss_with_weights_is_torchs_weighted_mean() -> None:
    weights = torch.tensor([2.0, 1.0, 5.0])
    expected = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor([1, 2, 0]), weights)
    task = make(["a", "b", "c"], class_weights={"a": 2.0, "c": 5.0})
    assert loss_of(task, LOGITS, [1, 2, 0]) == pytest.approx(float(expected))
    assert task.head.loss_weight({"labels": torch.tensor([1, 2, 0, 0])}).tolist() == [10.0]


def test_the_loss_with_smoothing_is_torchs() -> None:
    expected = torch.nn.functional.cross_entropy(torch.tensor(LOGITS), torch.tensor([1, 2, 0]), label_smoothing=0.2)
    assert loss_of(make(["a", "b", "c"], label_smoothing=0.2), LOGITS, [1, 2, 0]) == pytest.approx(float(expected))


def test_the_focal_loss_takes_the_gamma_of_the_options() -> None:
    p = torch.tensor(LOGITS).softmax(-1)[torch.arange(3), torch.tensor([1, 2, 0])]
    for gamma in (0.0, 1.0, 2.0):
        expected = float((-((1 - p) ** gamma) * p.log()).mean())
        task = make(["a", "b", "c"], loss="focal", focal_gamma=gamma)
        assert loss_of(task, LOGITS, [1, 2, 0]) == pytest.approx(expected)


def test_the_loss_of_several_labels_is_torchs_mean() -> None:
    labels = [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    task = make([["a"], ["b"], ["c"]], multi_label=True)
    functional = torch.nn.functional
    expected = functional.binary_cross_entropy_with_logits(torch.tensor(LOGITS), torch.tensor(labels).float())
    assert loss_of(task, LOGITS, labels) == pytest.approx(float(expected))
    task = make([["a"], ["b"], ["c"]], multi_label=True, class_weights={"a": 4.0})
    expected = functional.binary_cross_entropy_with_logits(
        torch.tensor(LOGITS), torch.tensor(labels).float(), pos_weight=torch.tensor([4.0, 1.0, 1.0])
    )
    assert loss_of(task, LOGITS, labels) == pytest.approx(float(expected))


def test_a_users_loss_is_weighted_like_ours(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text("def loss(logits, labels):\n    return logits[:, 0]\n")
    task = make(["a", "b", "c"], loss=f"{tmp_path}/mine.py:loss", class_weights={"a": 2.0})
    assert loss_of(task, LOGITS, [1, 2, 0]) == pytest.approx((1.0 + 0.5 + 2 * 3.0) / 4)


def test_a_users_loss_that_is_a_mean_is_refused(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text("def loss(logits, labels):\n    return logits.mean()\n")
    with pytest.raises(PluginError, match=r"options\.loss  .*mine\.py:loss: returned a tensor of shape \(\) for 3"):
        loss_of(make(["a", "b", "c"], loss=f"{tmp_path}/mine.py:loss"), LOGITS, [1, 2, 0])


def test_decode_gives_the_label_its_probability_and_the_logits() -> None:
    (answer,) = answers_of(make(["a", "b", "c"]), [[1.0, 2.0, 0.0]])
    total = math.e + math.e**2 + 1
    assert answer["label"] == "b"
    assert answer["probabilities"] == pytest.approx({"a": math.e / total, "b": math.e**2 / total, "c": 1 / total})
    assert answer["logits"] == {"a": 1.0, "b": 2.0, "c": 0.0}


def test_decode_does_not_overflow() -> None:
    (answer,) = answers_of(make(["a", "b"]), [[1e4, -1e4]])
    assert answer["probabilities"] == {"a": 1.0, "b": 0.0}
    (answer,) = answers_of(make([["a"], ["b"]], multi_label=True), [[1e4, -1e4]])
    assert answer["probabilities"] == {"a": 1.0, "b": 0.0}


def test_decode_of_several_labels_is_by_threshold() -> None:
    task = make([["a"], ["b"], ["c"]], multi_label=True)
    logits = [[0.1, -0.1, 3.0], [-1.0, -1.0, -1.0]]
    first, second = answers_of(task, logits)
    assert first["labels"] == ["a", "c"]
    assert second["labels"] == []
    assert first["probabilities"] == pytest.approx({"a": sigmoid(0.1), "b": sigmoid(-0.1), "c": sigmoid(3.0)})
    task.state["thresholds"] = [0.9, 0.2, 0.99]
    assert [answer["labels"] for answer in answers_of(task, logits)] == [["b"], ["b"]]
    fixed = make([["a"], ["b"], ["c"]], multi_label=True, threshold=0.25)
    fixed.state["thresholds"] = [0.9, 0.2, 0.99]
    assert [answer["labels"] for answer in answers_of(fixed, logits)] == [["a", "b", "c"], ["a", "b", "c"]]


def test_decode_pools_the_windows_of_a_row() -> None:
    scores = {"logits": [np.array(row) for row in ([0.0, 1.0], [4.0, 1.0], [0.0, 2.5])]}
    encoded, rows = Encoded([{"row": 0}, {"row": 0}, {"row": 1}]), [{"text": "a"}, {"text": "b"}]
    mean, largest = (make(["a", "b"], window_pooling=how).decode(scores, encoded, rows) for how in ("mean", "max"))
    assert [answer["logits"] for answer in mean] == [{"a": 2.0, "b": 1.0}, {"a": 0.0, "b": 2.5}]
    assert [answer["logits"] for answer in largest] == [{"a": 4.0, "b": 1.0}, {"a": 0.0, "b": 2.5}]


def test_tune_searches_thresholds_where_they_are_not_fixed() -> None:
    task = make([["a"], ["b"]] * 10, multi_label=True)
    rows = rows_of([["a"], ["a"], ["b"], ["b"]] * 10)
    answers = answers_of(task, [[-1.0, -2.0], [-1.0, -2.0], [-2.0, 2.0], [-2.0, 2.0]] * 10)
    task.tune(answers, rows)
    a, b = task.thresholds
    assert sigmoid(-2) < a < sigmoid(-1)
    assert sigmoid(-2) < b < sigmoid(2)
    for fixed in (make([["a"], ["b"]], multi_label=True, threshold=0.5), make(["a", "b"])):
        before = dict(fixed.state)
        fixed.tune(answers, rows)
        assert fixed.state == before


def test_compare_takes_references_from_the_rows() -> None:
    task = make(["a", "b", "c"])
    rows = rows_of(["c", "a"])
    predictions, references = task.compare(guess(task, "b", "a"), rows, "labels")
    assert (predictions.tolist(), references.tolist()) == ([1, 0], [2, 0])
    probabilities, references = task.compare(guess(task, "b", "a"), rows, "probabilities")
    assert probabilities.shape == (2, 3)
    assert probabilities.sum(1) == pytest.approx([1, 1])
    several = make([["a"], ["b"], ["c"]], multi_label=True)
    predictions, references = several.compare(guess(several, ["b", "c"]), rows_of([["c"]]), "labels")
    assert (predictions.tolist(), references.tolist()) == ([[0, 1, 1]], [[0, 0, 1]])


@pytest.mark.parametrize(
    ("labels", "options", "metric", "fits"),
    [
        (["a", "b"], {}, "f1", True),
        (["a", "b", "c"], {}, "f1", False),
        (["a", "b", "c"], {}, "macro_f1", True),
        (["a", "b", "c"], {}, "matthews", True),
        (["a", "b", "c"], {}, "glue/mrpc", False),
        (["a", "b", "c"], {}, "log_loss", True),
        (["a", "b", "c"], {}, "auc", True),
        (["a", "b", "c"], {}, "mse", False),
        (["a", "b", "c"], {}, "spearman", False),
        ([["a"], ["b"]], {"multi_label": True}, "macro_f1", True),
        ([["a"], ["b"]], {"multi_label": True}, "accuracy", True),
        ([["a"], ["b"]], {"multi_label": True}, "auc", True),
        ([["a"], ["b"]], {"multi_label": True}, "matthews", False),
        ([["a"], ["b"]], {"multi_label": True}, "f1", False),
        ([["a"], ["b"]], {"multi_label": True}, "mse", False),
    ],
)
def test_a_metric_fits_or_is_refused_before_the_training(
    labels: list[Any], options: dict[str, Any], metric: str, fits: bool
) -> None:
    task = make(labels, **options)
    found = find_metric(metric, task.takes)
    if fits:
        task.check_metric(found)
        figures, _ = measure(task, guess(task, *labels), rows_of(labels), [found])
        assert set(found.keys) <= set(figures)
    else:
        with pytest.raises(BertkitError, match=metric.replace("glue/mrpc", "f1")):
            task.check_metric(found)


def test_out_of_scope_is_scored_apart() -> None:
    task = make(["a", "b", "oos"], out_of_scope="oos")
    right = ["a", "a", "b", "b", "oos", "oos", "oos", "oos"]
    said = ["a", "b", "b", "oos", "oos", "a", "oos", "oos"]
    figures, _ = measure(task, guess(task, *said), rows_of(right), [])
    assert figures == {"in_scope_accuracy": 0.5, "out_of_scope_recall": 0.75}
    assert make(["a", "b"]).own_metrics() == []


@pytest.mark.filterwarnings("error")
def test_out_of_scope_without_such_rows_is_undefined_and_silent() -> None:
    task = make(["a", "b", "oos"], out_of_scope="oos")
    figures, _ = measure(task, guess(task, "a", "b"), rows_of(["a", "b"]), [])
    assert figures["in_scope_accuracy"] == 1.0
    assert math.isnan(figures["out_of_scope_recall"])


def test_no_better_than_the_majority_is_warned_of() -> None:
    task = make(["a", "a", "b"])
    rows = rows_of(["a", "a", "a", "b"])
    (warning,) = task.sanity_checks(guess(task, "a", "a", "a", "a"), rows)
    said = "accuracy 0.750: no better than always predicting a (0.750)"
    assert warning.startswith(said)
    assert task.sanity_checks(guess(task, "a", "a", "a", "b"), rows) == []
    (warning,) = task.sanity_checks(guess(task, "b", "b", "b", "a"), rows)
    assert "accuracy 0.000" in warning
    assert "below chance" in warning


def test_several_labels_and_none_given_is_warned_of() -> None:
    task = make([["a"], ["b"]], multi_label=True)
    (warning,) = task.sanity_checks(guess(task, [], []), rows_of([["a"], []]))
    assert "no label was predicted for any row" in warning
    assert task.sanity_checks(guess(task, [], ["a"]), rows_of([["a"], []])) == []


def test_thresholds_beyond_all_probabilities_are_warned_of() -> None:
    rows = rows_of([["a", "b"], ["b"], ["a", "c"], ["c"]])
    task = make([["a"], ["b"], ["c"]], multi_label=True)
    (warning,) = task.sanity_checks(guess(task, ["a"], ["a"], ["a", "c"], ["a", "c"]), rows)
    assert warning == "2 of 3 labels are predicted for all rows or for none"
    assert task.sanity_checks(guess(task, ["a"], ["a", "b"], ["a", "c"], ["a", "c"]), rows) == []


def test_flat_and_brief() -> None:
    task = make(["a", "b"])
    (answer,) = answers_of(task, [[0.0, 0.0]])
    assert task.to_columns(answer) == {"predicted_label": "a"}
    assert (task.confidence(answer), task.candidates(answer)) == (0.5, [("a", 0.5), ("b", 0.5)])
    assert task.probability_columns(answer) == {"probability_a": 0.5, "probability_b": 0.5}
    assert task.to_columns(answer, logits=True) == {**task.to_columns(answer), "logit_a": 0.0, "logit_b": 0.0}
    assert task.to_text(answer) == "a (0.50)"
    several = make([["a"], ["b"]], multi_label=True)
    both, none = answers_of(several, [[0.0, 0.0], [-9.0, -9.0]])
    assert several.to_columns(both)["predicted_labels"] == ["a", "b"]
    assert several.to_text(both) == "a (0.50), b (0.50)"
    assert several.to_text(none) == "no label"


def test_nothing_is_said_of_good_labels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    make(["a", "b", "a"])
    assert messages(caplog) == []


def test_verdicts() -> None:
    task = make(["a", "b"])
    right, wrong = task.verdicts(guess(task, "a", "a"), rows_of(["a", "b"]))
    assert (right.text, right.expected, right.predicted, right.score) == ("t0", "a", "a", 1.0)
    assert (wrong.expected, wrong.predicted, wrong.score, wrong.expected_labels, wrong.predicted_labels) == (
        "b",
        "a",
        0.0,
        {("b",)},
        {("a",)},
    )
    several = make([["a"], ["b"]], multi_label=True)
    (both,) = several.verdicts(guess(several, ["a", "b"]), rows_of([["b", "a"]]))
    assert (both.expected, both.predicted, both.score) == ("a, b", "a, b", 1.0)
    assert both.confidence == pytest.approx(sigmoid(9))


def test_one_column_per_label_names_the_labels_in_their_order() -> None:
    """Also a label that no training row has."""
    task = Classify(ClassifyOptions(multi_label=True))
    task.prepare(rows_of([["b"], [], ["a"]]), DataBlock(columns={"label": ["b", "a", "c"]}))
    assert task.labels == ["b", "a", "c"]


def test_a_prediction_of_several_labels_is_read_again() -> None:
    task = make([["a, b"], ["c"]], multi_label=True)
    for cell in ('["a, b", "c"]', "['a, b', 'c']", ["a, b", "c"]):
        assert task.parse({"predicted_labels": cell}, {})["labels"] == ["a, b", "c"]
    assert task.parse({"predicted_labels": "a, b"}, {})["labels"] == ["a, b"]
    assert task.parse({"predicted_labels": None}, {})["labels"] == []
