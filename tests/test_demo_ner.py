"""The demo of `ner`: its sentences are what its README says, its recipe learns from them, and its Run answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import bertkit as package
from bertkit.data.columns.schemes import find_broken
from bertkit.data.dataset import load
from bertkit.recipe.schema import DataBlock
from bertkit.run import Run
from bertkit.tasks.ner.options import NerOptions
from bertkit.tasks.ner.task import Ner

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
@pytest.mark.parametrize("epochs", [5, 10])
def test_the_demo_recipe_learns_and_its_run_answers(epochs: int, bertkit: Callable, tmp_path: Path) -> None:
    """After half of the recipe's ten epochs, and after all."""
    run = tmp_path / "run"
    sets = ("-s", "train.report_to=none", "-s", f"train.num_train_epochs={epochs}")
    assert bertkit("train", "demo/ner", "-o", run, *sets)[0] == 0
    assert Run.open(run).metrics["test"]["entity_f1"] > 0.7
    code, out, err = bertkit("predict", run, "--text", "Maria Gomez lives in Paris.", "--output", "-")
    assert code == 0, err
    found = [(e["text"], e["start"], e["end"], e["type"]) for e in json.loads(out)["predicted_entities"]]
    assert found == [("Maria Gomez", 0, 11, "PER"), ("Paris", 21, 26, "LOC")]
