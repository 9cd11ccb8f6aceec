"""The demo of `ner`: its sentences are what its README says, and (slow) its recipe learns from them."""

from __future__ import annotations

from pathlib import Path

import pytest

import bertkit as package
from bertkit import train
from bertkit.data.dataset import load
from bertkit.data.schemes import find_broken
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.ner import Ner, NerOptions

FOLDER = Path(package.__file__).parent / "demo" / "ner"


def test_its_sentences() -> None:
    sizes = {"train": 60, "validation": 15, "test": 15}
    rows = {name: load([str(FOLDER / f"{name}.conll")], Ner(NerOptions()).columns, DataBlock()) for name in sizes}
    assert {name: len(part) for name, part in rows.items()} == sizes
    sentences = [" ".join(words) for part in rows.values() for words in part["tokens"]]
    assert len(set(sentences)) == 90
    for part in rows.values():
        assert {tag[2:] for tags in part["tags"] for tag in tags} == {"", "PER", "LOC", "ORG"}
        assert not find_broken(part["tags"], "IOB2")


@pytest.mark.slow
def test_the_demo_recipe_learns(tmp_path: Path) -> None:
    run = train("demo/ner", output=tmp_path / "run", sets=["train.report_to=none"])
    assert run.metrics["test"]["entity_f1"] > 0.7
