"""Weights under other names and in other files: the model's own are found, and nothing of an encoder is random."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, BertConfig, BertForSequenceClassification, RobertaModel

from bertkit.models.build import build_model, load_tokenizer
from bertkit.models.pretrained import model_type
from bertkit.models.weights import identity
from bertkit.recipe.schema import ModelBlock
from tests.helpers import messages
from tests.models.test_build import AUTO, build, change_config, said

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fine-tuned BERT: `bert.` and `classifier.`"""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("trained")
    config = BertConfig.from_pretrained(tiny_bert, id2label={0: "no", 1: "yes"}, label2id={"no": 0, "yes": 1})
    BertForSequenceClassification.from_pretrained(tiny_bert, config=config).save_pretrained(folder)
    shutil.copy(tiny_bert / "tokenizer.json", folder)
    return folder


@pytest.fixture
def with_names(trained: Path, tmp_path: Path) -> Callable[..., Path]:
    """`with_names(rename, file)`: the fine-tuned BERT with other names, in another file."""

    def make(rename: Callable[[str], str], file: str = "model.safetensors", **around: Any) -> Path:
        folder = Path(shutil.copytree(trained, tmp_path / "named"))
        weights = {rename(name): tensor for name, tensor in load_file(folder / "model.safetensors").items()}
        (folder / "model.safetensors").unlink()
        if file.endswith(".safetensors"):
            save_file(weights, folder / file, {"format": "pt"})
        else:
            torch.save({"state_dict": weights, **around} if around else weights, folder / file)
        return folder

    return make


def logits(model: Any) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        return model(input_ids=torch.tensor([[2, 17, 8, 99, 3], [2, 5, 3, 0, 0]])).logits


@pytest.mark.parametrize("prefix", ["module.", "model.", "model.model.", "net._orig_mod."])
@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin", "epoch=3-step=99.ckpt"])
def test_a_prefix_is_found_and_the_head_behind_it_is_kept(
    with_names: Any, trained: Path, prefix: str, file: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = with_names(lambda name: prefix + name, file, epoch=3, optimizer_states=[{"lr": 0.1}])
    caplog.set_level(logging.INFO, "bertkit")
    names = {"id2label": {0: "no", 1: "yes"}, "label2id": {"no": 0, "yes": 1}}
    model = build_model(ModelBlock(name=str(folder)), AUTO, **names)
    assert messages(caplog) == [f"{folder}: the encoder's weights are found under {prefix}bert."]
    expected = AutoModelForSequenceClassification.from_pretrained(trained)
    assert torch.equal(logits(model), logits(expected))
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert f"{file} sha256" in identity(ModelBlock(name=str(folder)))


@pytest.mark.parametrize(
    ("prefix", "said"),
    [("backbone.", "backbone."), ("model.", "model."), ("bert_model.", "bert_model."), ("ernie.", "ernie.")],
)
def test_an_encoder_under_another_name_gets_a_new_head(
    with_names: Any, trained: Path, prefix: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whose class the head was of is not known."""
    folder = with_names(lambda name: name.replace("bert.", prefix) if name.startswith("bert.") else f"fc.{name}")
    caplog.set_level(logging.INFO, "bertkit")
    model = build(folder)
    assert messages(caplog) == [
        f"{folder}: the encoder's weights are found under {said}",
        f"{folder}: 2 other tensors are not used",
        "new weights, to be trained: classifier",
    ]
    expected = load_file(trained / "model.safetensors")
    for name, tensor in model.bert.state_dict().items():
        assert torch.equal(tensor, expected[f"bert.{name}"])


def test_names_of_before_2019(with_names: Any, trained: Path) -> None:
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}

    def rename(name: str) -> str:
        for new, before in old.items():
            name = name.replace(new, before)
        return f"module.{name}"

    folder = with_names(rename, "pytorch_model.bin")
    expected = AutoModelForSequenceClassification.from_pretrained(trained)
    labels = {"id2label": {0: "no", 1: "yes"}, "label2id": {"no": 0, "yes": 1}}
    assert torch.equal(logits(build_model(ModelBlock(name=str(folder)), AUTO, **labels)), logits(expected))


def test_names_that_fit_nothing_are_shown_beside_those_expected(with_names: Any) -> None:
    folder = with_names(lambda name: name.replace("encoder.layer", "blocks").replace("embeddings", "emb"))
    assert said(folder).startswith(
        f"model.name  {folder}: the weights lack 37 tensors of the encoder (bert.embeddings.LayerNorm.bias, "
        "bert.embeddings.LayerNorm.weight, bert.embeddings.position_embeddings.weight, ...); they have "
        "bert.blocks.0."
    )


def test_a_part_of_an_encoder_is_not_enough(with_names: Any) -> None:
    folder = with_names(lambda name: f"module.{name}".replace("layer.1.", "second."))
    assert "the weights lack 16 tensors of the encoder (bert.encoder.layer.1.attention." in said(folder)
    assert "; they have bert.encoder.second.attention." in said(folder)


def test_two_encoders(with_names: Any) -> None:
    folder = with_names(lambda name: f"left.{name}")
    weights = load_file(folder / "model.safetensors")
    both = {**weights, **{name.replace("left.", "right."): tensor.clone() for name, tensor in weights.items()}}
    save_file(both, folder / "model.safetensors", {"format": "pt"})
    assert f"{folder}: the weights hold 2 encoders, named left.bert., right.bert." in said(folder)


def test_several_files_and_none(with_names: Any) -> None:
    folder = with_names(str, "last.ckpt")
    shutil.copy(folder / "last.ckpt", folder / "epoch=1.ckpt")
    assert f"{folder}: 2 files may be its weights (epoch=1.ckpt, last.ckpt); leave one there" in said(folder)
    for file in folder.glob("*.ckpt"):
        file.unlink()
    (folder / "training_args.bin").write_bytes(b"x")
    assert f"{folder}: the folder has no weights" in said(folder)


def test_a_file_with_code_is_not_executed(with_names: Any) -> None:
    """Lightning keeps the arguments of the training, which are often objects."""
    folder = with_names(lambda name: f"model.{name}", "last.ckpt", hyper_parameters=argparse.Namespace(lr=1))
    problem = said(folder)
    assert f"{folder / 'last.ckpt'}  holds Python objects beside the weights" in problem
    assert "save its state_dict alone as pytorch_model.bin" in problem
    torch.save([1, 2], folder / "last.ckpt")
    assert "holds no weights" in said(folder)
    (folder / "last.ckpt").write_bytes(b"nothing")
    assert "can not be read" in said(folder)


def named_roberta(folder: Path, tiny_bert: Path, rename: Callable[[str], str], **config: Any) -> Path:
    """A BERT with vocab.txt whose config.json says roberta."""
    shutil.copytree(tiny_bert, folder)
    vocabulary = load_tokenizer(ModelBlock(name=str(tiny_bert))).get_vocab()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n", "utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    change_config(folder, model_type="roberta", architectures=["RobertaForMaskedLM"], pad_token_id=1, **config)
    weights = {rename(name): tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("prefix", ["bert.", "", "module.bert."])
def test_a_bert_that_calls_itself_roberta(
    tiny_bert: Path, tmp_path: Path, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = named_roberta(tmp_path / "roberta-wwm", tiny_bert, lambda name: prefix + name)
    caplog.set_level(logging.INFO, "bertkit")
    model = build(folder)
    what = "config.json says roberta, but the weights and vocab.txt are a BERT's: loaded as BERT"
    assert messages(caplog)[0] == f"{folder}: {what}"
    assert (type(model).__name__, model.config.model_type) == ("BertForSequenceClassification", "bert")
    assert (model.config.pad_token_id, model.config.num_labels) == (0, 2)
    assert model_type(ModelBlock(name=str(folder))) == "bert"
    expected, ids = build(tiny_bert).bert.eval(), torch.tensor([[2, 17, 8, 99, 3]])
    with torch.no_grad():
        assert torch.equal(model.bert.eval()(ids).last_hidden_state, expected(ids).last_hidden_state)
    tokenizer, own = (load_tokenizer(ModelBlock(name=str(place))) for place in (folder, tiny_bert))
    assert tokenizer("Where is my parcel? 我的包裹")["input_ids"] == own("Where is my parcel? 我的包裹")["input_ids"]
    assert "vocab.txt is that of a BERT: its tokenizer is used" in messages(caplog)


def test_what_stays_roberta(tiny_bert: Path, tmp_path: Path) -> None:
    """Names under `roberta.`, or no names and one segment; and a RoBERTa is no BERT, whatever its config.json says."""
    folder = named_roberta(tmp_path / "real", tiny_bert, lambda name: f"roberta.{name}")
    assert build(folder).config.model_type == "roberta"
    change_config(folder, model_type="bert")
    problem = "the weights are those of a roberta, but config.json says bert; take both from one model"
    assert problem in said(folder)
    bare = named_roberta(tmp_path / "bare", tiny_bert, str, type_vocab_size=1)
    assert "can not be loaded" in said(bare) or "tensors of the encoder" in said(bare)  # two segments in the weights
    RobertaModel(RobertaModel.config_class.from_pretrained(bare)).save_pretrained(bare)
    assert build(bare).config.model_type == "roberta"
    named = named_roberta(tmp_path / "no-words", tiny_bert, lambda name: f"bert.{name}")
    (named / "vocab.txt").write_text("<s> 12\n</s> 3\n")
    assert "the weights are those of a bert, but config.json says roberta" in said(named)


def test_a_config_file_is_kept_as_it_is(tiny_bert: Path, tmp_path: Path) -> None:
    folder = named_roberta(tmp_path / "x", tiny_bert, str)
    before = (folder / "config.json").read_text()
    build(folder)
    assert (folder / "config.json").read_text() == before
    assert json.loads(before)["model_type"] == "roberta"
