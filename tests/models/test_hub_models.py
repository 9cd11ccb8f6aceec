"""Models by their names on a hub: loaded, cached, and what is said where the hub does not give them."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from bertkit.errors import ModelError
from bertkit.models.build import build_model, load_tokenizer
from bertkit.models.weights import identity
from bertkit.recipe.schema import ModelBlock
from bertkit.run import Run
from tests.helpers import messages
from tests.loopback_hub import TOKEN, LoopbackHub
from tests.models.test_build import AUTO, build, said


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits: the libraries pause before they ask again."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def hub(loopback: LoopbackHub, tiny_bert: Path) -> LoopbackHub:
    loopback.add("me/tiny-bert-base", tiny_bert)
    return loopback


def test_a_model_is_loaded_by_name_and_its_commit_is_recorded(hub: LoopbackHub, tiny_bert: Path) -> None:
    model = build("me/tiny-bert-base")
    torch.testing.assert_close(model.bert.pooler.dense.weight, build(tiny_bert).bert.pooler.dense.weight)
    assert len(load_tokenizer(ModelBlock(name="me/tiny-bert-base"))) > 100
    commit = hub.repositories["models", "me/tiny-bert-base"].names["main"]
    assert identity(ModelBlock(name="me/tiny-bert-base"))["commit"] == commit
    asked = len(hub.asked)
    build("me/tiny-bert-base")
    assert not [path for method, path, _ in hub.asked[asked:] if method == "GET" and "resolve" in path]


def test_a_revision(hub: LoopbackHub, tiny_bert: Path) -> None:
    first = hub.repositories["models", "me/tiny-bert-base"].names["main"]
    second = hub.add("me/tiny-bert-base", tiny_bert, revision="v2")
    for revision, commit in (("v2", second), (first, first), (None, first)):
        block = ModelBlock(name="me/tiny-bert-base", revision=revision)
        build_model(block, AUTO, num_labels=2)
        assert identity(block)["commit"] == commit
    problem = said("me/tiny-bert-base", revision="v3")
    assert problem == (
        "model.revision  me/tiny-bert-base: the hub has no revision v3 of it; "
        f"{hub.endpoint}/me/tiny-bert-base/tree/main lists its branches and tags"
    )


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("me/tiny-bert-bas", "did you mean me/tiny-bert-base?; "),
        ("tiny-bert-base", "did you mean me/tiny-bert-base?; "),
        ("you/tiny-brt-base", "did you mean me/tiny-bert-base?; "),
        ("me/other", ""),
    ],
)
def test_a_name_that_the_hub_does_not_have(hub: LoopbackHub, name: str, near: str) -> None:
    expected = f"{name}: the hub has no such model, or it is private; {near}if it is private: hf auth login"
    assert said(name) == f"model.name  {expected}"
    with pytest.raises(ModelError) as caught:
        load_tokenizer(ModelBlock(tokenizer=name))
    assert str(caught.value) == f"model.tokenizer  {expected}"


def test_no_name_of_the_hub(hub: LoopbackHub) -> None:
    assert "no such name!: not a name that the hub can have" in said("no such name!")


def test_private_and_gated(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "me/tiny-bert-base"
    hub.limit(name, private=True)
    assert "the hub has no such model, or it is private; if it is private: hf auth login" in said(name)
    hub.limit(name, gated=True)
    page = f"{hub.endpoint}/{name}"
    assert said(name) == (
        f"model.name  {name}: its authors ask you to accept their terms; accept them at {page}, then hf auth login"
    )
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert build(name).config.hidden_size == 32


@pytest.mark.parametrize(
    ("status", "headers", "problem"),
    [
        (429, {}, "too many requests to the hub; wait some minutes, or hf auth login for a higher limit"),
        (429, {"Retry_After": "7"}, "too many requests to the hub; wait 7 seconds, or hf auth login"),
        (429, {"RateLimit": '"api";r=0;t=55'}, "too many requests to the hub; wait 55 seconds, or hf auth login"),
        (503, {}, "the hub is out of order (HTTP 503); try again in some minutes"),
        (500, {}, "the hub is out of order (HTTP 500); try again in some minutes"),
        (401, {}, "the hub refuses it (HTTP 401); hf auth login"),
        (403, {}, "the hub refuses it (HTTP 403); hf auth login"),
    ],
)
def test_answers_of_a_hub_in_trouble(hub: LoopbackHub, status: int, headers: dict[str, str], problem: str) -> None:
    hub.fail("/api/models/me/tiny-bert-base/revision/main", status, **headers)
    assert f"model.name  me/tiny-bert-base: {problem}" in said("me/tiny-bert-base")


def test_a_hub_that_is_out_of_order_for_a_moment_is_asked_again(hub: LoopbackHub) -> None:
    hub.fail("/api/models/me/tiny-bert-base/revision/main", 503, times=2)
    assert build("me/tiny-bert-base").config.hidden_size == 32


@pytest.mark.parametrize(("status", "problem"), [(503, "is out of order (HTTP 503)"), (429, "too many requests")])
def test_a_hub_in_trouble_while_it_sends(hub: LoopbackHub, status: int, problem: str) -> None:
    hub.fail("/model.safetensors", status)
    assert problem in said("me/tiny-bert-base")


def test_a_download_that_is_cut_goes_on_where_it_was(
    hub: LoopbackHub, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 1_000)
    hub.cut("model.safetensors", 50_000, times=2)
    model = build("me/tiny-bert-base")
    torch.testing.assert_close(model.bert.pooler.dense.weight, build(tiny_bert).bert.pooler.dense.weight)
    ranges = [how for method, path, how in hub.asked if method == "GET" and path.endswith("model.safetensors")]
    assert ranges == ["", "bytes=50000-", "bytes=100000-"]


def test_a_download_that_is_always_cut(hub: LoopbackHub) -> None:
    hub.cut("model.safetensors", 50_000, times=1)
    hub.cut("model.safetensors", 0)  # nothing more is sent
    assert "me/tiny-bert-base: the download was cut off" in said("me/tiny-bert-base")


def test_a_full_disk(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.file_download

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub.file_download, "http_get", full)
    problem = said("me/tiny-bert-base")
    assert "me/tiny-bert-base: no room for it in " in problem
    assert "free some space, or set HF_HOME" in problem


def test_what_is_no_model(hub: LoopbackHub) -> None:
    hub.add("me/words", {"README.md": b"words", "model.gguf": b"x"})
    assert "me/words: the hub has no config.json of it; name a model that transformers can load" in said("me/words")
    hub.add("me/flax", {"config.json": b'{"model_type": "bert"}', "flax_model.msgpack": b"x"})
    assert "me/flax: the hub has no weights of it that torch can read (it has flax_model.msgpack)" in said("me/flax")


def test_without_the_hub_the_cache_is_used(
    hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import huggingface_hub.constants

    from bertkit import hub as reach

    expected = build("me/tiny-bert-base").bert.pooler.dense.weight
    load_tokenizer(ModelBlock(name="me/tiny-bert-base"))
    hub.fail("/me/tiny-bert-base/revision/main", 503)
    reach.files.cache_clear()
    caplog.set_level(logging.INFO, "bertkit")
    torch.testing.assert_close(build("me/tiny-bert-base").bert.pooler.dense.weight, expected)
    warning = "me/tiny-bert-base: the hub is out of order (HTTP 503): its copy in the cache is used"
    assert warning in messages(caplog)
    asked = len(hub.asked)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    torch.testing.assert_close(build("me/tiny-bert-base").bert.pooler.dense.weight, expected)
    assert len(load_tokenizer(ModelBlock(name="me/tiny-bert-base"))) > 100
    assert len(hub.asked) == asked
    assert "not in the hub's cache" in said("me/other")


@pytest.mark.parametrize(
    ("file", "problem"), [("model.safetensors", "no weights in"), ("tokenizer.json", "no tokenizer in")]
)
def test_offline_what_the_cache_lacks_is_named(
    hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str, problem: str
) -> None:
    import huggingface_hub.constants

    build("me/tiny-bert-base")
    load_tokenizer(ModelBlock(name="me/tiny-bert-base"))
    for path in (tmp_path / "hub-cache").rglob(file):
        path.unlink()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError) as caught:
        build("me/tiny-bert-base")
        load_tokenizer(ModelBlock(name="me/tiny-bert-base"))
    assert str(caught.value) == (
        f"model.name  me/tiny-bert-base: {problem} the hub's cache, and the hub is out of reach (HF_HUB_OFFLINE is "
        "set); load it once with a network, or name a folder"
    )


def test_a_training_by_names_of_the_hub_and_again_without_it(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bertkit: Any
) -> None:
    import huggingface_hub.constants

    rows = b"text,label\nwhere is my parcel,question\nmoney back,refund\nwho are you,question\nrefund it,refund\n"
    hub.add("me/shop", {"train.csv": rows, "test.csv": rows}, kind="dataset")
    commit = hub.repositories["models", "me/tiny-bert-base"].names["main"]
    train = [
        *("train", "classify", "-s", "data.train=hub:me/shop#train", "-s", "data.validation=hub:me/shop#test"),
        *("-s", "model.name=me/tiny-bert-base", "-s", f"model.revision={commit}"),
        *("-s", "train.max_steps=2", "-s", "train.use_cpu=true", "-s", "train.report_to=none"),
    ]
    code, _, err = bertkit(*train, "-o", tmp_path / "online")
    assert code == 0, err
    run = Run.open(tmp_path / "online")
    assert run.environment["model"]["commit"] == commit
    assert run.environment["model"]["name"] == "me/tiny-bert-base"
    assert run.recipe.data.train == ["hub:me/shop#train"]
    asked = len(hub.asked)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    code, _, err = bertkit(*train, "-o", tmp_path / "offline")
    assert code == 0, err
    assert len(hub.asked) == asked
    again = Run.open(tmp_path / "offline")
    assert (again.metrics["validation"], again.environment["model"]) == (
        run.metrics["validation"],
        run.environment["model"],
    )
    assert bertkit("eval", tmp_path / "online")[0] == 0
