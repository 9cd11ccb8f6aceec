"""The output layer of fine-tuned weights answers for the labels it was trained for, or it is new."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from bertkit import Predictor, Run, train
from bertkit.models.build import build_model
from bertkit.models.output_layer import order_of
from bertkit.recipe.schema import ModelBlock
from tests.helpers import messages, tiny_recipe

TEXTS, TOKENS = "AutoModelForSequenceClassification", "AutoModelForTokenClassification"
SINGLE = {"problem_type": "single_label_classification"}
MULTI = {"problem_type": "multi_label_classification"}
REGRESSION = {"num_labels": 1, "problem_type": "regression"}


def named(*names: str, **more: Any) -> dict[str, Any]:
    return {"num_labels": len(names), "id2label": dict(enumerate(names)), **more}


def build(folder: Path, kind: str, **config: Any) -> Any:
    return build_model(ModelBlock(name=str(folder)), kind, **config).eval()


@pytest.fixture
def trained(tiny_bert: Path, tmp_path: Path):
    """`trained(kind, **config)`: a folder with weights that were fine-tuned so, and the model."""

    def make(kind: str, **config: Any) -> tuple[Path, Any]:
        model = build(tiny_bert, kind, **config)
        model.save_pretrained(tmp_path / "trained")
        return tmp_path / "trained", model

    return make


@pytest.mark.parametrize(
    ("known", "wanted", "order"),
    [
        (["a", "b"], ["a", "b"], [0, 1]),
        (["neutral", "positive", "negative"], ["negative", "neutral", "positive"], [2, 0, 1]),
        (["NOT_Entailment", "entailment"], ["entailment", "not-entailment"], [1, 0]),
        (["a", "A"], ["A", "a"], [1, 0]),
        (["LABEL_0", "LABEL_1"], ["1", "0"], [1, 0]),
        (["LABEL_0", "LABEL_1"], ["1", "2"], None),
        (["LABEL_0", "LABEL_1"], ["no", "yes"], None),
        (["no", "yes"], ["0", "1"], None),
        (["a", "b"], ["a", "c"], None),
        (["a", "b"], ["a", "b", "c"], None),
        (["a", "a "], ["a", "b"], None),
    ],
)
def test_labels_match_by_name(known: list[str], wanted: list[str], order: list[int] | None) -> None:
    assert order_of(known, wanted) == order


@pytest.mark.parametrize("kind", [TEXTS, TOKENS])
def test_rows_follow_their_labels(trained: Any, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    folder, model = trained(kind, **named("neutral", "positive", "negative"))
    caplog.set_level(logging.INFO, "bertkit")
    caplog.clear()
    again = build(folder, kind, **named("negative", "neutral", "positive"))
    assert messages(caplog) == ["the output layer's 3 labels are put in the data's order, by name"]
    ids = torch.tensor([[2, 7, 8, 3]])
    torch.testing.assert_close(again(ids).logits, model(ids).logits[..., [2, 0, 1]])
    assert again.config.id2label == {0: "negative", 1: "neutral", 2: "positive"}
    assert again.new_weights == set()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ((TEXTS, named("neutral", "positive")), (TEXTS, named("bad", "good")), "labels (neutral, positive) are not"),
        ((TEXTS, named("a", "b", **SINGLE)), (TEXTS, named("a", "b", **MULTI)), "trained for single_label"),
        ((TEXTS, REGRESSION), (TEXTS, named("a", **MULTI)), "trained for regression"),
        ((TOKENS, named("a", "b")), (TEXTS, named("a", "b")), "BertForTokenClassification, not of a BertForSequence"),
        ((TOKENS, named("B-X", "O")), (TOKENS, named("B-Y", "O")), "labels (B-X, O) are not the data's (B-Y, O)"),
        ((TEXTS, REGRESSION), ("AutoModelForMultipleChoice", {}), "not of a BertForMultipleChoice"),
        (("AutoModelForMultipleChoice", {}), (TEXTS, REGRESSION), "those of a BertForMultipleChoice"),
    ],
)
def test_a_layer_for_something_else_is_new(
    trained: Any, first: tuple[str, Any], second: tuple[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder, model = trained(first[0], **first[1])
    caplog.set_level(logging.INFO, "bertkit")
    caplog.clear()
    again = build(folder, second[0], **second[1])
    assert again.classifier.weight.shape == model.classifier.weight.shape
    assert not torch.equal(again.classifier.weight, model.classifier.weight)
    assert 0.005 < again.classifier.weight.std() < 0.05  # as a new one: 0.02
    assert not again.classifier.bias.any()
    assert again.new_weights >= {"classifier.weight", "classifier.bias"}
    new, weights = messages(caplog)
    assert new.startswith("the output layer is new: the weights") and said in new
    assert weights.endswith("classifier")


@pytest.mark.parametrize(("kind", "config"), [(TEXTS, REGRESSION), ("AutoModelForQuestionAnswering", {})])
def test_a_layer_without_labels_goes_on(trained: Any, kind: str, config: dict[str, Any]) -> None:
    folder, model = trained(kind, **config)
    again = build(folder, kind, **config)
    assert again.new_weights == set()
    for (name, value), kept in zip(model.named_parameters(), again.parameters(), strict=True):
        assert torch.equal(value, kept), name


def test_the_pooled_head_of_a_distilbert_is_kept_but_for_its_last_layer(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.for_model(
        "distilbert", vocab_size=50, dim=16, n_layers=1, n_heads=2, hidden_dim=16, **named("a", "b")
    )
    model = AutoModelForSequenceClassification.from_config(config)
    model.save_pretrained(tmp_path)
    again = build(tmp_path, TEXTS, **named("c", "d"))
    assert torch.equal(again.pre_classifier.weight, model.pre_classifier.weight)
    assert again.new_weights == {"classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("kind", ["bert", "distilbert"])
def test_an_encoder_alone_keeps_all_of_its_weights(kind: str, tmp_path: Path) -> None:
    """Its last linear layer is no output layer."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    sizes = {"bert": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}}
    other = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}
    config = AutoConfig.for_model(kind, vocab_size=50, **sizes.get(kind, other), **named("a", "b"))
    model = AutoModelForSequenceClassification.from_config(config)
    model.save_pretrained(tmp_path)
    encoder = build_model(ModelBlock(name=str(tmp_path)), "AutoModel", without=("pooler",))
    assert encoder.new_weights == set()
    assert getattr(encoder, "pooler", None) is None
    kept = model.base_model.state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in encoder.state_dict().items())


def test_a_runs_folder_names_its_weights_and_a_training_goes_on_by_name(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=3, learning_rate=1e-2)
    first = train(recipe, output=tmp_path / "first")
    names = Predictor.open(first).task.state["labels"]
    other = ["data.label_names=[" + ", ".join(reversed(names)) + "]", "train.learning_rate=1e-12", "train.max_steps=1"]
    second = train(
        recipe.model_dump(mode="json", exclude_defaults=True),
        output=tmp_path / "second",
        sets=[*other, f"model.name={first.path}"],
    )
    rows = [{"text": "where is my parcel"}, {"text": "i want my money back"}]
    answers = [Predictor.open(run).predict(rows) for run in (first, Run.open(second.path))]
    for a, b in zip(*answers, strict=True):
        for name, value in a.items():
            assert b[name] == (pytest.approx(value, abs=1e-5) if isinstance(value, float) else value)
