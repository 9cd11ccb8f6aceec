"""`bertkit push`: what it shows before anything is uploaded."""

from __future__ import annotations

from pathlib import Path

from bertkit import train
from tests.helpers import tiny_recipe


def test_a_dry_run_lists_the_files_and_what_the_card_lacks(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "mine")
    code, out, err = bertkit("push", run.path, "ann/parcels", "--license", "mit", "--dry-run")
    assert code == 0
    assert "model.safetensors" in out
    assert "local.json" not in out
    assert "Nothing was uploaded" in out
    assert "The card names no language: --language adds it." in err
    assert "no license" not in err


def test_only_a_run_can_be_pushed(bertkit, tiny_bert: Path) -> None:
    code, _, err = bertkit("push", tiny_bert, "ann/parcels", "--dry-run")
    assert code == 2
    assert "not a Run" in err
