"""Prefixes of names, and files of weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from bertkit.errors import ModelError
from bertkit.models.weight_names import prefixes, read, renamed, some, today, weights_files

ENCODER = {"embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight", "pooler.dense.bias"}


def test_the_prefix_with_the_most_names_is_first() -> None:
    names = ["a.b.embeddings.word_embeddings.weight", "a.b.pooler.dense.bias", "c.pooler.dense.bias", "fc.weight"]
    assert [*prefixes(names, ENCODER).items()] == [("a.b.", 2), ("c.", 1)]
    assert prefixes(["pooler.dense.bias"], ENCODER) == {"": 1}
    assert prefixes(["encoder.encoder.layer.0.output.dense.weight"], ENCODER) == {"encoder.": 1}
    assert prefixes(["xpooler.dense.bias", ""], ENCODER) == {}


def test_new_names() -> None:
    weights = {"m.bert.pooler.dense.bias": 1, "m.classifier.weight": 2, "loss.weight": 3}
    assert renamed(weights, "m.bert.", "bert.") == {"bert.pooler.dense.bias": 1, "classifier.weight": 2}
    assert renamed(weights, "m.bert.", "electra.") == {"electra.pooler.dense.bias": 1}
    assert (today("a.LayerNorm.gamma"), today("a.LayerNorm.beta"), today("gammas")) == (
        "a.LayerNorm.weight",
        "a.LayerNorm.bias",
        "gammas",
    )
    assert some(["a", "b", "c"]) == "a, b, c"
    assert some(["a", "b", "c", "d"]) == "a, b, c, ..."


def test_the_files_of_a_folder(tmp_path: Path) -> None:
    for name in ("training_args.bin", "optimizer.pt", "rng_state_0.pth", "notes.txt", "a.ckpt", "b.pth"):
        (tmp_path / name).touch()
    assert [file.name for file in weights_files(tmp_path)] == ["a.ckpt", "b.pth"]
    (tmp_path / "pytorch_model.bin").touch()
    assert [file.name for file in weights_files(tmp_path)] == ["pytorch_model.bin"]


def test_parts_of_an_index(tmp_path: Path) -> None:
    for number in (1, 2):
        save_file({f"w{number}": torch.ones(number)}, tmp_path / f"part-{number}.safetensors")
    index = {"weight_map": {"w1": "part-1.safetensors", "w2": "../part-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert {name: len(value) for name, value in read(tmp_path / "model.safetensors.index.json").items()} == {
        "w1": 1,
        "w2": 2,
    }


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "module"])
def test_weights_inside_of_a_larger_file(tmp_path: Path, key: str) -> None:
    file = tmp_path / "x.ckpt"
    torch.save({"epoch": 1, key: {"w": torch.ones(2), "step": 3}}, file)
    assert [*read(file)] == ["w"]
    torch.save({"epoch": 1, "module": {"state_dict": {"w": torch.ones(2)}}}, file)
    assert [*read(file)] == ["w"]
    torch.save({"epoch": 1}, file)
    with pytest.raises(ModelError, match="holds no weights"):
        read(file)
