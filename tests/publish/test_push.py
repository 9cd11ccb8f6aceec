"""Uploading a Run: what is checked before, and what is said where it can not be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit import Run, train
from bertkit.errors import RunError
from bertkit.publish.push import push
from tests.helpers import tiny_recipe


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
