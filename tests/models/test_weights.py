"""Where weights are, which ones, and what is said where they are not."""

from __future__ import annotations

import hashlib
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from bertkit import hub
from bertkit.errors import ExtraError, ModelError
from bertkit.files.manifest import sha256
from bertkit.models.build import load_tokenizer
from bertkit.models.weights import identity, resolve
from bertkit.recipe.schema import ModelBlock
from tests.models.test_build import build, said


@pytest.mark.parametrize("name", ["./gone", "../gone", "/gone/bert", "~/gone", "a/b/c"])
def test_a_folder_that_is_not_there(name: str) -> None:
    assert said(name).startswith(f"model.name  {name}: no such folder; ")


@pytest.mark.parametrize("name", ["bert-base-uncased", "google/electra-small-discriminator", "no such name!"])
def test_a_hub_name_without_network_fails_at_once(name: str) -> None:
    start = time.perf_counter()
    assert "not a folder, not in the hub's cache, and the hub is out of reach (HF_HUB_OFFLINE is set); name a" in said(
        name
    )
    with pytest.raises(ModelError, match=r"model\.tokenizer  "):
        load_tokenizer(ModelBlock(tokenizer=name))
    assert time.perf_counter() - start < 5


def test_a_hub_name_whose_host_has_no_address_fails_at_once(online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", missing)
    hub._has_address.cache_clear()
    start = time.perf_counter()
    assert "the hub is out of reach" in said("bert-base-uncased")
    assert time.perf_counter() - start < 5


def test_where_a_model_is(tiny_bert: Path, online: None) -> None:
    place = {"revision": "main", "local_files_only": True, "trust_remote_code": False}
    assert resolve(str(tiny_bert), None, "model.name") == {**place, "pretrained_model_name_or_path": str(tiny_bert)}
    place |= {"pretrained_model_name_or_path": "bert-base-cased", "local_files_only": False}
    assert resolve("bert-base-cased", None, "model.name") == place
    assert resolve("bert-base-cased", "v2", "model.name") == {**place, "revision": "v2"}


@pytest.fixture
def cached(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tiny BERT as the hub's client would have left it in its cache; its name."""
    import huggingface_hub.constants

    folder = tmp_path / "cache" / "models--me--tiny"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    shutil.copytree(tiny_bert, folder / "snapshots" / ("0" * 40))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return "me/tiny"


def test_a_hub_name_in_the_cache_needs_no_network(cached: str, tiny_bert: Path) -> None:
    place = resolve(cached, None, "model.name")
    assert place["local_files_only"]
    known = identity(ModelBlock(name=cached))
    assert known["name"] == cached
    assert known["commit"] == "0" * 40
    assert known["model.safetensors sha256"] == sha256(tiny_bert / "model.safetensors")
    with pytest.raises(ModelError, match="not in the hub's cache"):
        resolve(cached, "another-revision", "model.name")


@pytest.fixture
def package(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that carries the tiny BERT; the name under which a recipe has it."""
    shutil.copytree(tiny_bert, tmp_path / "carrier_of_bert" / "model")
    (tmp_path / "carrier_of_bert" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return "package:carrier_of_bert/model"


def test_weights_that_a_package_carries(package: str, tiny_bert: Path) -> None:
    assert build(package).config.hidden_size == 32
    assert len(load_tokenizer(ModelBlock(name=package))) > 100
    known = identity(ModelBlock(name=package))
    assert known == {"name": package, "model.safetensors sha256": sha256(tiny_bert / "model.safetensors")}


def test_a_package_without_the_weights_and_a_package_that_is_not_there(package: str) -> None:
    assert "has no modl; did you mean model?" in said("package:carrier_of_bert/modl")
    with pytest.raises(ExtraError, match="not installed"):
        build("package:no_such_module_at_all/model")


def test_identity_has_the_sum_of_the_weights(tiny_bert: Path) -> None:
    sum_ = hashlib.sha256((tiny_bert / "model.safetensors").read_bytes()).hexdigest()
    assert identity(ModelBlock(name=str(tiny_bert))) == {"name": str(tiny_bert), "model.safetensors sha256": sum_}
    assert identity(ModelBlock(scratch={"model_type": "bert"})) == {"name": "scratch"}


def test_a_revision_of_a_folder_is_a_mistake(tiny_bert: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.revision .*has no revisions"):
        resolve(str(tiny_bert), "main", "model.name")
