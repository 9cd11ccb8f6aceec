"""Published BERTs become plain folders with equal logits."""

from __future__ import annotations

import json
import logging
import re
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from bertkit.errors import ModelError
from bertkit.models.build import build_model
from bertkit.models.convert import convert, parameter_of
from bertkit.recipe.schema import ModelBlock
from tests.helpers import messages
from tests.models.tensorflow_files import write_checkpoint
from tests.tiny import TINY

VARIABLES = {
    "bert/embeddings/word_embeddings": "bert.embeddings.word_embeddings.weight",
    "bert/embeddings/LayerNorm/gamma": "bert.embeddings.LayerNorm.weight",
    "bert/encoder/layer_11/attention/output/LayerNorm/beta": "bert.encoder.layer.11.attention.output.LayerNorm.bias",
    "bert/encoder/layer_0/attention/self/query/kernel": "bert.encoder.layer.0.attention.self.query.weight",
    "bert/pooler/dense/bias": "bert.pooler.dense.bias",
    "cls/predictions/output_bias": "cls.predictions.bias",
    "cls/predictions/transform/dense/kernel": "cls.predictions.transform.dense.weight",
    "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
    "cls/squad/output_weights": "qa_outputs.weight",
    "output_weights": "classifier.weight",
    "output_bias": "classifier.bias",
    "global_step": "",
    "bert/pooler/dense/kernel/adam_m": "",
}


@pytest.mark.parametrize(("variable", "parameter"), VARIABLES.items())
def test_names_are_those_of_transformers(variable: str, parameter: str) -> None:
    assert parameter_of(variable) == parameter


def model_of(kind: str, words: int, **more: Any) -> Any:
    torch.manual_seed(1)
    values = {key: value for key, value in TINY.items() if key != "model_type"}
    model = getattr(transformers, kind)(transformers.BertConfig(vocab_size=words, **values, **more)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.1)  # biases too
    return model


def variables_of(model: Any) -> dict[str, np.ndarray]:
    """As Google's scripts name them: `named_parameters` leaves out copies."""
    variables = {"global_step": np.array(1_000, np.int64)}
    for name, values in model.named_parameters():
        array = values.detach().numpy()
        name = re.sub(r"layer\.(\d+)", r"layer_\1", name)
        *rooms, leaf = name.split(".")
        if rooms[-1:] == ["LayerNorm"]:
            leaf = {"weight": "gamma", "bias": "beta"}[leaf]
        elif rooms[-1].endswith("_embeddings"):
            leaf = ""
        elif rooms[-1] in ("seq_relationship", "qa_outputs", "classifier", "predictions"):
            rooms = {"qa_outputs": ["cls", "squad"], "classifier": []}.get(rooms[-1], rooms)
            leaf = f"output_{'weights' if leaf == 'weight' else leaf}"
        elif leaf == "weight":
            leaf, array = "kernel", array.T
        variable = "/".join([*rooms, leaf]).rstrip("/")
        variables[variable] = np.ascontiguousarray(array)
        variables[f"{variable}/adam_m"] = np.zeros_like(array)
    return variables


@pytest.fixture
def published(tmp_path: Path, tokenizer_folder: Path):
    """`published(kind)`: a folder as Google's zips have it, and the model."""

    def make(kind: str = "BertForPreTraining", **more: Any) -> tuple[Path, Any]:
        folder = tmp_path / "uncased_L-2_H-32_A-2"
        folder.mkdir()
        tokenizer = transformers.AutoTokenizer.from_pretrained(tokenizer_folder)
        words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
        (folder / "vocab.txt").write_text("\n".join(words) + "\n", "utf-8")
        model = model_of(kind, len(words), **more)
        values = {
            **TINY,
            "vocab_size": len(words),
            "type_vocab_size": 2,
            "hidden_act": "gelu",
            "directionality": "bidi",
        }
        (folder / "bert_config.json").write_text(json.dumps({k: v for k, v in values.items() if k != "model_type"}))
        write_checkpoint(folder / "bert_model.ckpt", variables_of(model))
        (folder / "bert_model.ckpt.meta").write_bytes(b"a graph")
        return folder, model

    return make


def outputs_of(model: Any) -> list[torch.Tensor]:
    ids = torch.tensor([[2, 17, 8, 99, 3], [2, 5, 3, 0, 0]])
    with torch.no_grad():
        outputs = model(ids, attention_mask=(ids > 0).long(), token_type_ids=(ids == 3).long())
    return [value for value in outputs.values() if isinstance(value, torch.Tensor)]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("BertForPreTraining", {}),
        ("BertForMaskedLM", {}),
        ("BertForQuestionAnswering", {}),
        ("BertForSequenceClassification", {"num_labels": 3}),
        ("BertModel", {}),
    ],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_googles_checkpoints_have_equal_logits(
    published: Any, tmp_path: Path, tokenizer_folder: Path, kind: str, more: dict[str, int], zipped: bool
) -> None:
    if kind == "BertModel":  # within a larger model, as always in Google's files
        folder, model = published("BertForSequenceClassification", num_labels=3)
        whole = variables_of(model)
        write_checkpoint(folder / "bert_model.ckpt", {n: v for n, v in whole.items() if n.startswith("bert/")})
        model = model.bert
    else:
        folder, model = published(kind, **more)
    source = Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name)) if zipped else folder
    done = convert(source, tmp_path / "plain")
    assert (done.kind, done.cased) == (kind, False)
    again = getattr(transformers, f"Auto{kind.replace('Bert', 'Model', 1)}".replace("ModelModel", "Model"))
    got = again.from_pretrained(tmp_path / "plain").eval()
    for a, b in zip(outputs_of(got), outputs_of(model), strict=True):
        torch.testing.assert_close(a, b)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "plain")
    own = transformers.AutoTokenizer.from_pretrained(tokenizer_folder)
    text = "Where is my Parcel? 我的包裹"
    assert tokenizer(text)["input_ids"] == own(text)["input_ids"]
    assert tokenizer.model_max_length == 64


def test_a_training_can_start_from_it(published: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder, model = published()
    convert(folder, tmp_path / "plain")
    caplog.set_level(logging.INFO, "bertkit")
    block = ModelBlock(name=str(tmp_path / "plain"))
    built = build_model(block, "AutoModelForSequenceClassification", num_labels=2)
    assert messages(caplog) == ["new weights, to be trained: classifier"]
    torch.testing.assert_close(built.base_model.pooler.dense.weight, model.bert.pooler.dense.weight)


def test_hfls_zip(published: Any, tmp_path: Path) -> None:
    """Its weights are PyTorch's, with names of before 2019."""
    folder, model = published("BertForMaskedLM")
    for file in folder.glob("bert_model.ckpt*"):
        file.unlink()
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    weights = {}
    for name, values in model.state_dict().items():
        for new, before in old.items():
            name = name.replace(new, before)
        weights[name] = values
    torch.save(weights, folder / "pytorch_model.bin")
    with zipfile.ZipFile(tmp_path / "hfl.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    assert convert(tmp_path / "hfl.zip", tmp_path / "plain").kind == "BertForMaskedLM"
    got = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "plain").eval()
    torch.testing.assert_close(outputs_of(got), outputs_of(model))


def test_a_zip_that_is_too_large_and_what_is_not_needed(published: Any, tmp_path: Path, monkeypatch: Any) -> None:
    folder, _ = published()
    (folder / "bert_model.ckpt.meta").write_bytes(bytes(2_000_000))  # a graph, which nobody reads
    source = Path(shutil.make_archive(str(folder), "zip", folder.parent, folder.name))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    assert convert(source, tmp_path / "plain").kind == "BertForPreTraining"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000))
    with pytest.raises(ModelError, match=r"bytes, and 1,000 are free; set TMPDIR"):
        convert(source, tmp_path / "again")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bert_config.json", None, "no bert_config.json in it"),
        ("bert_config.json", b"{", "bert_config.json  can not be used: not valid JSON"),
        ("bert_config.json", b"[]", "expected an object, found a list"),
        ("bert_config.json", b"{}", "it has no hidden_size"),
        ("bert_config.json", b'{"hidden_size": 64}', "do not fit"),
        ("vocab.txt", None, "no vocab.txt in it"),
        ("vocab.txt", b"\n".join(b"word%d" % n for n in range(9_000)), "but the model only"),
        ("bert_model.ckpt.index", None, "no weights in it"),
        ("bert_model.ckpt.index", b"hello", "no index of a TensorFlow checkpoint"),
        ("bert_model.ckpt.data-00000-of-00001", None, "can not be read"),
        ("other/bert_config.json", b"{}", "2 files bert_config.json in it"),
    ],
)
def test_mistakes(published: Any, tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    folder, _ = published()
    (folder / "other").mkdir()
    (folder / name).unlink(missing_ok=True)
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(ModelError) as error:
        convert(folder, tmp_path / "plain")
    assert said in str(error.value)
    assert not (tmp_path / "plain").exists()
    assert not list(tmp_path.glob(".writing-*"))


def test_weights_of_another_model_are_refused(published: Any, tmp_path: Path) -> None:
    folder, _ = published()
    write_checkpoint(folder / "bert_model.ckpt", {"electra/dense/kernel": np.ones((2, 2), np.float32)})
    with pytest.raises(ModelError, match="tensors are missing or have no place"):
        convert(folder, tmp_path / "plain")
    (tmp_path / "no.zip").write_bytes(b"PK")
    with pytest.raises(ModelError, match="neither a folder nor a zip"):
        convert(tmp_path / "no.zip", tmp_path / "plain")
    with pytest.raises(ModelError, match="no such folder or file"):
        convert(tmp_path / "nowhere", tmp_path / "plain")
