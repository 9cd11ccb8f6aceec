"""The demo of `pretrain`: its texts are what its README says; a tiny BERT learns from them and is fine-tuned."""

from __future__ import annotations

from pathlib import Path

import pytest

import bertkit as package
from bertkit import Predictor, train
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock

FOLDER = Path(package.__file__).parent / "demo" / "pretrain"


def documents(name: str) -> list[list[str]]:
    return [document.splitlines() for document in (FOLDER / f"{name}.txt").read_text("utf-8").strip().split("\n\n")]


def test_its_texts() -> None:
    train_texts, validation = documents("train"), documents("validation")
    assert (len(train_texts), len(validation)) == (65, 8)
    assert {len(document) for document in train_texts + validation} == {5}
    sentences = [sentence for document in train_texts + validation for sentence in document]
    assert len(set(sentences)) == len(sentences) == 365
    assert len(load_tokenizer(ModelBlock(tokenizer=str(FOLDER / "tokenizer")))) == 1500


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 8])
def test_the_demo_recipe_learns_and_is_fine_tuned(epochs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss begins at ln(1500) = 7.3. One epoch must do; the recipe has eight."""
    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))
    sets = ["train.report_to=none", f"train.num_train_epochs={epochs}", "train.use_cpu=true"]
    run = train("demo/pretrain", output=tmp_path / "run", sets=sets)
    figures = run.metrics["validation"]
    assert figures["masked_loss"] < 6.2
    assert figures["masked_accuracy"] > 0.08
    fillings = Predictor.open(run).predict(["She put the parcel on the [MASK]."])[0]["fillings"]
    assert len(fillings[0]) == 5
    sets = ["train.report_to=none", "train.num_train_epochs=1", "train.use_cpu=true", f"model.name={run.model}"]
    tuned = train("demo/support", output=tmp_path / "tuned", sets=sets)
    assert tuned.metrics["test"]["loss"] < 3
