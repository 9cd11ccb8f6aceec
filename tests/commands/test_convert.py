"""`bertkit convert`, from the command line; tests/models/test_convert.py has the formats."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers


def test_a_published_model_is_converted(bertkit, tmp_path: Path, tokenizer_folder: Path) -> None:
    words = (tokenizer_folder / "vocab.txt").read_text("utf-8").splitlines()
    config = {"vocab_size": len(words), "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config |= {"intermediate_size": 8, "max_position_embeddings": 32}
    folder = tmp_path / "chinese_wwm"
    folder.mkdir()
    (folder / "bert_config.json").write_text(json.dumps(config), "utf-8")
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    model = transformers.BertForPreTraining(transformers.BertConfig(**config))
    torch.save(model.state_dict(), folder / "pytorch_model.bin")

    code, out, err = bertkit("convert", folder, "--output", tmp_path / "plain")
    assert code == 0, err
    assert out.startswith(f"Model: {tmp_path / 'plain'} (BertForPreTraining, ")
    assert out.endswith(f" {len(words)} tokens, lower-cased)\n")
    code, _, err = bertkit("convert", folder, "--output", tmp_path / "plain")
    assert (code, err.count("\n")) == (2, 1)
    assert "not empty; name a new folder" in err


def test_a_training_names_the_command(bertkit, tmp_path: Path) -> None:
    folder = tmp_path / "google"
    folder.mkdir()
    (folder / "bert_config.json").write_text("{}", "utf-8")
    (tmp_path / "train.csv").write_text("text,label\na,x\nb,y\nc,x\nd,y\n", "utf-8")
    sets = ("-s", f"model.name={folder}", "-s", f"data.train={tmp_path / 'train.csv'}")
    code, _, err = bertkit("train", "classify", *sets, "-o", tmp_path / "run")
    assert code == 2
    assert f"bertkit convert {folder} --output NEW_FOLDER" in err
