"""Uploading a Run: what is checked before, and what is said where it can not be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit import Predictor, Run, train
from bertkit.errors import RunError
from bertkit.publish.push import push
from tests.helpers import tiny_recipe
from tests.loopback_hub import TOKEN, LoopbackHub


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("pushed")
    return train(tiny_recipe("classify", {}, tiny_bert, folder, max_steps=1), output=folder / "mine")


def test_a_dry_run_needs_no_network(run: Run) -> None:
    done = push(run, "ann/parcels", languages=["en"], dry_run=True)
    assert done.url == ""
    assert done.missing == ["license"]
    assert done.files["model.safetensors"] == (run.model / "model.safetensors").stat().st_size
    assert done.files["README.md"] > 0


@pytest.mark.parametrize("name", ["parcels", "ann/par cels", "ann/par/cels", "", "../x"])
def test_a_name_that_the_hub_can_not_have(run: Run, name: str) -> None:
    with pytest.raises(RunError, match=r"ORG/"):
        push(run, name, dry_run=True)


def test_offline_it_says_so(run: Run) -> None:
    with pytest.raises(RunError, match="HF_HUB_OFFLINE is set"):
        push(run, "ann/parcels")


def test_without_a_token_it_says_how_to_log_in(run: Run, online: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(RunError, match="not logged in to the hub; hf auth login"):
        push(run, "ann/parcels")


def test_what_is_pushed_comes_back_as_the_run(
    run: Run, loopback: LoopbackHub, bertkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    done = push(run, "me/parcels", license="mit", languages=["en"], private=True)
    assert done.url.startswith(f"{loopback.endpoint}/me/parcels/commit/")
    assert loopback.repositories["models", "me/parcels"].private
    there = Run.open("hub:me/parcels")
    there.check_content()
    texts = ["where is my parcel", "i want my money"]
    assert Predictor.open("hub:me/parcels").predict(texts) == Predictor.open(run).predict(texts)
    code, out, err = bertkit("predict", "hub:me/parcels", "--text", "where is my parcel")
    assert code == 0, err
    assert "where is my parcel" in out
    code, out, err = bertkit("eval", "hub:me/parcels", "--data", run.path.parent / "classify-dev.jsonl")
    assert code == 0, err
    again = push(run, "me/parcels")  # a second commit
    assert again.url != done.url
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert Run.open("hub:me/parcels").metrics == run.metrics


@pytest.mark.parametrize(
    ("token", "name", "told"),
    [
        (TOKEN, "somebody/parcels", "you may not write to somebody/parcels; use a token that can write"),
        ("hf_bad", "me/parcels", "the hub does not know your token; hf auth login"),
    ],
)
def test_what_the_hub_refuses(
    token: str, name: str, told: str, run: Run, loopback: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(RunError) as error:
        push(run, name)
    assert told in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_run_that_the_hub_does_not_have(loopback: LoopbackHub) -> None:
    with pytest.raises(RunError, match="hub:me/parcel  me/parcel: the hub has no such model, or it is private"):
        Run.open("hub:me/parcel")
