"""BERT without transformers: the same outputs as `BertFor*`, and None for whatever it does not know for certain."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from bertkit.engine.backends.torch import BertBackend, TorchBackend, open_model
from bertkit.engine.bert.model import FIXED, HEADS, open_bert
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from tests.helpers import make

TASKS: list[tuple[str, dict[str, Any]]] = [
    ("classify", {}),
    ("classify", {"multi_label": True}),
    ("regress", {}),
    ("ner", {}),
    ("ner", {"subtoken_pooling": "mean"}),
    ("squad", {}),
    ("choice", {}),
    ("embed", {}),
    ("rerank", {}),
]


def saved(name: str, options: dict[str, Any], tiny_bert: Path, folder: Path) -> tuple[Any, ModelBlock]:
    """A task and its model, saved with random weights that are not those of a new one: norms and biases too."""
    task = make(name, options)
    task.prepare(task.tiny_rows(), DataBlock())
    model: Any = open_model(task.head, ModelBlock(name=str(tiny_bert)))
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    model.save_pretrained(folder)
    load_tokenizer(ModelBlock(name=str(tiny_bert))).save_pretrained(folder)
    return task, ModelBlock(name=str(folder))


@pytest.fixture
def classifier(tiny_bert: Path, tmp_path: Path) -> tuple[Any, Path]:
    task, block = saved("classify", {}, tiny_bert, tmp_path / "model")
    return task, Path(block.name or "")


@pytest.mark.parametrize(("name", "options"), TASKS)
def test_its_outputs_are_those_of_transformers(
    name: str, options: dict[str, Any], tiny_bert: Path, tmp_path: Path
) -> None:
    task, block = saved(name, options, tiny_bert, tmp_path / "model")
    tokenizer = load_tokenizer(block)
    examples = list(task.encode(task.tiny_rows(), tokenizer, 64, answers=True).examples)
    own = open_bert(task.head, block)
    assert own is not None
    mine, theirs = BertBackend(own, task.head), TorchBackend(open_model(task.head, block).eval(), task.head)
    assert mine.max_tokens == theirs.max_tokens == 64
    for part in (examples, examples[:1]):  # with padding, and without
        batch = task.collator(tokenizer)(part)
        got, wanted = mine.forward(dict(batch)), theirs.forward(dict(batch))
        assert got.outputs.keys() == wanted.outputs.keys()
        for key, array in wanted.outputs.items():
            assert got.outputs[key] == pytest.approx(array, abs=1e-6), key
        assert got.loss_sums == pytest.approx(wanted.loss_sums, abs=1e-5)


def test_types_and_mask_may_be_missing(classifier: tuple[Any, Path]) -> None:
    task, folder = classifier
    own: Any = open_bert(task.head, ModelBlock(name=str(folder)))
    theirs: Any = open_model(task.head, ModelBlock(name=str(folder), padding_free="off")).eval()
    ids = torch.tensor([[2, 9, 10, 3], [2, 11, 12, 3]])
    with torch.inference_mode():
        torch.testing.assert_close(own(ids).logits, theirs(ids).logits, atol=1e-6, rtol=0)


def test_it_has_outputs_alone(classifier: tuple[Any, Path]) -> None:
    task, folder = classifier
    own = open_bert(task.head, ModelBlock(name=str(folder)))
    assert own is not None
    assert BertBackend(own, task.head).can == frozenset()
    assert not any(parameter.requires_grad for parameter in own.parameters())
    assert set(own.state_dict()) == set(load_file(folder / "model.safetensors"))


def test_a_users_own_model_and_a_crf_are_transformers(tiny_bert: Path, tmp_path: Path) -> None:
    task, block = saved("ner", {"crf": True}, tiny_bert, tmp_path / "model")
    assert not task.head.is_plain
    assert open_bert(task.head, block) is None
    task = make("pretrain", {})
    assert not task.head.is_plain


def test_padding_that_is_asked_for_is_transformers(classifier: tuple[Any, Path]) -> None:
    task, folder = classifier
    assert open_bert(task.head, ModelBlock(name=str(folder), padding_free="off")) is None
    assert open_bert(task.head, ModelBlock(name="somebody/some-model")) is None


CHANGES: list[dict[str, Any]] = [
    *({key: "something else"} for key in FIXED),
    {"is_decoder": True},
    {"hidden_act": "gelu_new"},
    {"quantization_config": {"bits": 8}},
    {"a_new_key": 1},
    {"architectures": ["BertForTokenClassification"]},
    {"hidden_size": "32"},
    {"num_attention_heads": 3},
    {"num_hidden_layers": 3},
    {"vocab_size": 10},
    {"layer_norm_eps": None},
    {"pad_token_id": None},
    {"id2label": {"0": "this", "1": "that"}},
    {"problem_type": "regression"},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_configuration_that_it_does_not_know_is_transformers(
    change: dict[str, Any], classifier: tuple[Any, Path]
) -> None:
    task, folder = classifier
    assert open_bert(task.head, ModelBlock(name=str(folder))) is not None
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **change}), "utf-8")
    assert open_bert(task.head, ModelBlock(name=str(folder))) is None


def test_weights_that_are_not_all_there_are_transformers(classifier: tuple[Any, Path]) -> None:
    task, folder = classifier
    file, block = folder / "model.safetensors", ModelBlock(name=str(folder))
    weights = load_file(file)
    half = {name: tensor.half() for name, tensor in weights.items()}
    fewer = {name: tensor for name, tensor in weights.items() if "pooler" not in name}
    for changed in (half, fewer, {**weights, "more": torch.zeros(1)}):
        save_file(changed, file)
        assert open_bert(task.head, block) is None
    file.write_bytes(b"damaged")
    assert open_bert(task.head, block) is None
    file.unlink()
    assert open_bert(task.head, block) is None
    shutil.rmtree(folder)
    assert open_bert(task.head, block) is None


def test_the_heads_are_classes_of_transformers() -> None:
    import transformers

    for auto_class in HEADS:
        assert hasattr(transformers, auto_class.replace("AutoModel", "Bert" if HEADS[auto_class] else "BertModel"))


@pytest.mark.parametrize("name", ["classify", "embed"])
def test_more_than_ten_layers_stand_in_their_order(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    """A file of weights is sorted by name, 10 before 2."""
    deep = tmp_path / "deep"
    shutil.copytree(tiny_bert, deep)
    config = AutoConfig.from_pretrained(tiny_bert, num_hidden_layers=12)
    AutoModel.from_config(config).save_pretrained(deep)
    task, block = saved(name, {}, deep, tmp_path / "model")
    own = open_bert(task.head, block)
    assert own is not None
    theirs: Any = open_model(task.head, block).eval()
    assert theirs.config.num_hidden_layers == 12
    ids = torch.randint(5, 50, (3, 12), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        mine, wanted = own(ids), theirs(input_ids=ids)
        key = "logits" if name == "classify" else "last_hidden_state"
        torch.testing.assert_close(mine.__dict__[key], wanted[key], atol=1e-5, rtol=1e-5)


def test_weights_that_are_packed_or_converted_are_those_that_count(classifier: tuple[Any, Path]) -> None:
    """Also where the model has answered before."""
    task, folder = classifier
    ids = torch.tensor([[2, 9, 10, 3], [2, 11, 12, 3]])
    for change in (lambda model: model.pack(), lambda model: model.lower(torch.bfloat16)):
        used, fresh = (open_bert(task.head, ModelBlock(name=str(folder))) for _ in range(2))
        assert used is not None and fresh is not None
        with torch.inference_mode():
            used(ids)
            change(used)
            change(fresh)
            assert torch.equal(used(ids).logits, fresh(ids).logits)
