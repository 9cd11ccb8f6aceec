"""Weights from wherever they come: what is loaded, what is frozen, how far up it stands, and what is said where not."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from bertkit.errors import ModelError
from bertkit.models.build import (
    build_model,
    length_limit,
    load_tokenizer,
)
from bertkit.models.weights import identity
from bertkit.recipe.schema import ModelBlock
from tests.helpers import messages

AUTO = "AutoModelForSequenceClassification"

_BERT = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 50}
KINDS: dict[str, dict[str, Any]] = {
    "bert": _BERT,
    "roberta": _BERT,
    "electra": {**_BERT, "embedding_size": 8},
    "albert": {**_BERT, "embedding_size": 8},
    "distilbert": {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 16, "vocab_size": 50},
}
LAYERS = {"bert": 3, "roberta": 3, "electra": 3, "distilbert": 3, "albert": 1}
"""ALBERT's layers share one set of weights."""


def build(folder: Path | str, **block: Any) -> Any:
    return build_model(ModelBlock(name=str(folder), **block), AUTO, num_labels=2)


def scratch(kind: str, **block: Any) -> Any:
    values = {"model_type": kind, **KINDS[kind]}
    return build_model(ModelBlock(scratch=values, **block), AUTO, num_labels=2)


def said(folder: Path | str, **block: Any) -> str:
    with pytest.raises(ModelError) as caught:
        build(folder, **block)
    return str(caught.value)


@pytest.fixture
def copy(tiny_bert: Path, tmp_path: Path) -> Path:
    """A copy of the tiny BERT, to be broken."""
    return Path(shutil.copytree(tiny_bert, tmp_path / "bert"))


def change_config(folder: Path, **values: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


def test_the_weights_are_those_of_the_folder(tiny_bert: Path) -> None:
    model = build(tiny_bert)
    weights = load_file(tiny_bert / "model.safetensors")
    loaded = dict(model.base_model.named_parameters())
    assert len(weights) > 30
    for name, tensor in weights.items():
        torch.testing.assert_close(loaded[name].data, tensor)
    assert model.config.num_labels == 2
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_half_precision_becomes_single(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    save_file({k: v.half() for k, v in weights.items()}, copy / "model.safetensors", {"format": "pt"})
    change_config(copy, dtype="float16")
    assert {parameter.dtype for parameter in build(copy).parameters()} == {torch.float32}


def test_weights_in_torchs_own_format(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    (copy / "model.safetensors").unlink()
    torch.save(weights, copy / "pytorch_model.bin")
    name = "embeddings.word_embeddings.weight"
    torch.testing.assert_close(dict(build(copy).base_model.named_parameters())[name].data, weights[name])
    assert "pytorch_model.bin sha256" in identity(ModelBlock(name=str(copy)))


def test_new_weights_are_named(tiny_bert: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    model = build(tiny_bert)
    assert messages(caplog) == ["new weights, to be trained: classifier"]
    model.save_pretrained(tmp_path / "trained")
    caplog.clear()
    again = build(tmp_path / "trained")
    assert messages(caplog) == []
    torch.testing.assert_close(again.classifier.weight, model.classifier.weight)
    build_model(ModelBlock(name=str(tmp_path / "trained")), AUTO, num_labels=5)
    assert messages(caplog) == ["new weights, to be trained: classifier"]


def test_an_encoder_is_never_left_random(copy: Path) -> None:
    change_config(copy, num_hidden_layers=3)
    assert "the weights lack 16 tensors of the encoder (bert.encoder.layer.2." in said(copy)
    change_config(copy, num_hidden_layers=2, hidden_size=64)
    assert "tensors of the encoder" in said(copy)


def test_weights_of_another_architecture_are_refused(copy: Path) -> None:
    change_config(copy, model_type="distilbert")
    assert "tensors of the encoder" in said(copy)


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("config.json", None, "the folder has no config.json; a model folder is what save_pretrained writes"),
        ("config.json", "{", "config.json  can not be used: not valid JSON"),
        ("config.json", "[]", "expected an object, found a list"),
        ("config.json", "{}", 'config.json  model_type is missing; for example "model_type": "bert"'),
        ("config.json", '{"model_type": "brt"}', "can not be loaded"),
        ("model.safetensors", None, "the folder has no weights; expected model.safetensors"),
        ("model.safetensors", "no weights at all", "can not be loaded"),
        ("model.safetensors", "", "can not be loaded"),
    ],
)
def test_a_broken_folder_is_told(copy: Path, file: str, content: str | None, problem: str) -> None:
    (copy / file).unlink() if content is None else (copy / file).write_text(content)
    assert problem in said(copy)


def test_no_model_named() -> None:
    with pytest.raises(ModelError, match=r"model  the recipe names no model \(model\.name or model\.scratch\)"):
        build_model(ModelBlock(), AUTO)


def test_a_model_from_scratch_has_the_head_and_the_configuration() -> None:
    model = scratch("bert")
    assert (model.config.hidden_size, model.config.num_labels, len(model.bert.encoder.layer)) == (16, 2, 3)
    assert model.accepts_loss_kwargs is False


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"hidden_size": 16}, "model.scratch  model_type is missing; for example model_type: bert"),
        ({"model_type": "brt"}, "model.scratch.model_type  brt: transformers has no such model; did you mean b"),
        (
            {"model_type": "bert", "hiden_size": 16},
            "model.scratch.hiden_size  bert has no such key in its configuration; did you mean hidden_size?",
        ),
        ({"model_type": "bert", **_BERT, "hidden_size": 33}, "model.scratch"),
        ({"model_type": "bert", **_BERT, "hidden_size": "big"}, "model.scratch"),
        ({"model_type": "bert", **_BERT, "hidden_act": "gleu"}, "model.scratch"),
        ({"model_type": "vit"}, "model.scratch"),
    ],
)
def test_a_configuration_with_a_mistake_is_told(values: dict[str, Any], problem: str) -> None:
    with pytest.raises(ModelError) as caught:
        build_model(ModelBlock(scratch=values), AUTO, num_labels=2)
    assert str(caught.value).startswith(problem)


def test_a_tokenizer_stands_beside_the_weights_or_elsewhere(tiny_bert: Path, tokenizer_folder: Path) -> None:
    beside, elsewhere = (
        load_tokenizer(ModelBlock(name=str(tiny_bert))),
        load_tokenizer(ModelBlock(scratch={"model_type": "bert"}, tokenizer=str(tokenizer_folder))),
    )
    assert beside.get_vocab() == elsewhere.get_vocab()
    assert beside("where is my parcel ?")["input_ids"] == elsewhere("where is my parcel ?")["input_ids"]


def test_a_tokenizers_own_truncation_and_padding_are_taken_off(copy: Path) -> None:
    tokenizer = load_tokenizer(ModelBlock(name=str(copy)))
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.backend_tokenizer.enable_padding(length=50)
    tokenizer.save_pretrained(copy)
    assert json.loads((copy / "tokenizer.json").read_text())["truncation"]
    again = load_tokenizer(ModelBlock(name=str(copy))).backend_tokenizer
    assert (again.truncation, again.padding) == (None, None)
    assert len(again.encode("one two three four five six")) == 8


def test_a_missing_or_empty_tokenizer_is_told(copy: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.tokenizer  a model from scratch needs a tokenizer"):
        load_tokenizer(ModelBlock(scratch={"model_type": "bert"}))
    (copy / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"model\.name  .*tokenizer"):
        load_tokenizer(ModelBlock(name=str(copy)))
    (copy / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match=r"model\.name  .*tokenizer"):
        load_tokenizer(ModelBlock(name=str(copy)))


SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 50}
ENDLESS = SimpleNamespace(model_max_length=int(1e30))
COUNT_FROM_PADDING = {
    *("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "roberta-prelayernorm", "mpnet", "data2vec-text"),
    *("ibert", "luke", "esm", "markuplm"),
}


@pytest.mark.parametrize("kind", sorted({*KINDS, *COUNT_FROM_PADDING, "ernie", "roc_bert", "megatron-bert", "rembert"}))
def test_the_model_really_takes_the_limit_and_no_token_more(kind: str) -> None:
    values = {**KINDS.get(kind, SMALL), "max_position_embeddings": 20, "pad_token_id": 1}
    if kind == "esm":
        values["position_embedding_type"] = "absolute"
    model = AutoModel.from_config(AutoConfig.for_model(kind, **values)).eval()
    limit = length_limit(model, ENDLESS)
    assert limit == (18 if kind in COUNT_FROM_PADDING else 20)

    def take(count: int) -> Any:
        return model(input_ids=torch.full((1, count), 7), attention_mask=torch.ones(1, count, dtype=torch.long))

    assert take(limit).last_hidden_state.shape[1] == limit
    with pytest.raises((IndexError, RuntimeError)):
        take(limit + 1)
    assert length_limit(model, SimpleNamespace(model_max_length=7)) == 7


def test_a_model_without_a_position_table_takes_512() -> None:
    model = SimpleNamespace(config=SimpleNamespace(model_type="xlnet"), base_model=SimpleNamespace())
    assert length_limit(model, ENDLESS) == 512
