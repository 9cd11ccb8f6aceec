"""The head of `classify`: a model from elsewhere answers in the data's order, whatever its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from bertkit import Predictor, train
from bertkit.engine.run import run as engine
from bertkit.recipe.schema import DataBlock
from tests.helpers import make, tiny_recipe

ROWS = [{"text": "a", "label": "no"}, {"text": "b", "label": "yes"}]


def test_outputs_of_another_order_are_put_into_the_datas_order() -> None:
    task: Any = make("classify", {})
    assert task.adopt(["YES", "NO"], None, DataBlock()) == ""
    assert task.adopt(["YES", "NO"], ROWS, DataBlock()) == ""
    assert task.labels == ["no", "yes"]
    outputs = SimpleNamespace(logits=torch.tensor([[3.0, -1.0]]))
    assert task.head.reduce(outputs, {})["logits"].tolist() == [[-1.0, 3.0]]
    loss = task.head.losses(outputs, {"labels": torch.tensor([1])})
    assert float(loss) == pytest.approx(float(torch.nn.functional.cross_entropy(outputs.logits, torch.tensor([0]))))


def test_without_rows_the_labels_are_those_that_are_known() -> None:
    """The user's, else the recipe's, else the data set's, else the model's own."""
    task: Any = make("classify", {})
    model, data = ["YES", "NO"], DataBlock(label_names=["no", "yes"])
    assert (task.adopt(model, (), DataBlock()), task.labels, task.state["outputs"]) == ("", ["YES", "NO"], [0, 1])
    assert (task.adopt(model, (), data), task.labels, task.state["outputs"]) == ("", ["no", "yes"], [1, 0])
    assert (task.adopt(model, (), DataBlock(), order=["no", "yes"]), task.labels) == ("", ["no", "yes"])
    assert (task.adopt(model, (), DataBlock(), labels=["a", "b"]), task.labels) == ("", ["a", "b"])
    assert "have no names (LABEL_0, LABEL_1)" in task.adopt(["LABEL_0", "LABEL_1"], (), DataBlock())
    assert task.labels == ["LABEL_0", "LABEL_1"]
    assert task.adopt(["0", "1"], (), DataBlock()) == ""


def test_the_options_of_a_configuration() -> None:
    head = make("classify", {}).head
    assert head.options_of({"problem_type": "multi_label_classification"}) == {"multi_label": True}
    assert head.options_of({"problem_type": "single_label_classification"}) == head.options_of({}) == {}


def test_a_head_of_one_number_is_none_of_labels() -> None:
    assert "one number" in make("classify", {}).head.check_outputs(["LABEL_0"])
    assert make("classify", {}).head.check_outputs(["a", "b"]) == ""


def test_the_right_labels_probability() -> None:
    head: Any = make("classify", {}).head
    logits = torch.tensor([[0.2, 0.8], [0.5, 0.5]]).log()
    probability, right = head.gold(SimpleNamespace(logits=logits), {"labels": torch.tensor([1, 1])})
    assert probability.tolist() == pytest.approx([0.8, 0.5])
    assert right.tolist() == [True, False]


def test_of_several_labels_that_of_the_one_that_is_least_sure_to_be_right() -> None:
    head: Any = make("classify", {"multi_label": True}).head
    p = torch.tensor([[0.9, 0.3, 0.1], [0.9, 0.3, 0.1]])
    labels = torch.tensor([[1, 0, 0], [1, 1, 0]])
    probability, right = head.gold(SimpleNamespace(logits=p.logit()), {"labels": labels})
    assert probability.tolist() == pytest.approx([0.7, 0.3])
    assert right.tolist() == [True, False]


def test_features_are_what_the_output_layer_reads(tiny_bert: Path, tmp_path: Path) -> None:
    """By transformers with a hook, and by bertkit's own BERT: the same numbers, and the logits follow from them."""
    recipe = tiny_recipe("classify", {"out_of_scope": "other"}, tiny_bert, tmp_path, max_steps=2)
    run = train(recipe, output=tmp_path / "run")
    own, other = Predictor.open(run), Predictor.open(run, needs=["transformers"])
    assert type(own.backend) is not type(other.backend)
    prepared = own.prepare([{"text": "where is my parcel ?"}, {"text": "hello"}])
    (a, _), (b, _) = (engine(one.backend, prepared.encoded.examples, one.collate) for one in (own, other))
    assert np.stack(a["features"]) == pytest.approx(np.stack(b["features"]), abs=1e-5)
    layer = other.backend.model.classifier
    logits = np.stack(a["features"]) @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    assert logits == pytest.approx(np.stack(a["logits"]), abs=1e-5)


def test_rows_out_of_scope_from_training_to_prediction(tiny_bert: Path, tmp_path: Path) -> None:
    """The Run keeps the means of the training rows; predictions and the scores of eval use them."""
    options = {"out_of_scope": "other", "out_of_scope_by": "mahalanobis", "out_of_scope_coverage": 0.6}
    run = train(tiny_recipe("classify", options, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    state = run.task_state["outside"]
    assert state["by"] == "mahalanobis" and state["trained"] and state["means"]["size"] == 32
    answers = Predictor.open(run).predict(["where is my parcel ?", "hello"], quiet=True)
    for answer in answers:
        assert (answer["label"] == "other") == (answer["out_of_scope_score"] > state["threshold"])
    assert {"out_of_scope_auc", "out_of_scope_fpr95"} <= set(run.metrics["validation"])


def test_a_score_without_features_asks_for_none(tiny_bert: Path, tmp_path: Path) -> None:
    options = {"out_of_scope": "other", "out_of_scope_by": "energy"}
    run = train(tiny_recipe("classify", options, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run")
    predictor = Predictor.open(run)
    outputs, _ = engine(predictor.backend, predictor.prepare(["hello"]).encoded.examples, predictor.collate)
    assert set(outputs) == {"logits"} and run.task_state["outside"]["means"] is None
