"""The Trainer's optimiser: who decays, who learns how fast, and that no parameter is lost or doubled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.recipe.load import resolve
from bertkit.run import Run
from bertkit.training.train import build_trainer, prepare
from tests.helpers import tiny_recipe


def trainer_of(tiny_bert: Path, folder: Path, **train: Any) -> Any:
    recipe = resolve(tiny_recipe("classify", {}, tiny_bert, folder, **train))
    return build_trainer(prepare(recipe), Run(folder / "run"))


def test_layers_learn_slower_the_lower_they_are(tiny_bert: Path, tmp_path: Path) -> None:
    trainer = trainer_of(tiny_bert, tmp_path, learning_rate=1e-3, layer_decay=0.5)
    optimizer = trainer.create_optimizer()
    rate = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    rates = {name: rate[id(p)] for name, p in trainer.model.named_parameters()}
    assert rates["classifier.weight"] == rates["bert.pooler.dense.bias"] == 1e-3
    assert rates["bert.encoder.layer.1.output.dense.weight"] == pytest.approx(5e-4)
    assert rates["bert.encoder.layer.0.output.LayerNorm.bias"] == pytest.approx(2.5e-4)
    assert rates["bert.embeddings.word_embeddings.weight"] == pytest.approx(1.25e-4)
    assert trainer._get_learning_rate() == 1e-3


@pytest.mark.parametrize("decay", [1.0, 0.9])
def test_no_parameter_is_lost_or_doubled_and_biases_do_not_decay(tiny_bert: Path, tmp_path: Path, decay: float) -> None:
    trainer = trainer_of(tiny_bert, tmp_path, layer_decay=decay, weight_decay=0.1)
    groups = trainer.create_optimizer().param_groups
    seen = [id(p) for group in groups for p in group["params"]]
    names = {id(p): name for name, p in trainer.model.named_parameters()}
    assert sorted(seen) == sorted(names)
    for group in groups:
        for p in group["params"]:
            plain = names[id(p)].endswith("bias") or "LayerNorm" in names[id(p)]
            assert group["weight_decay"] == (0.0 if plain else 0.1)


def test_frozen_parameters_are_not_in_the_optimiser(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    block = recipe.model.model_copy(update={"freeze_layers": 1})
    trainer = build_trainer(prepare(resolve(recipe.model_copy(update={"model": block}))), Run(tmp_path / "run"))
    names = {id(p): name for name, p in trainer.model.named_parameters()}
    trained = {names[id(p)] for group in trainer.create_optimizer().param_groups for p in group["params"]}
    assert not any(name.startswith(("bert.embeddings", "bert.encoder.layer.0.")) for name in trained)
    assert any(name.startswith("bert.encoder.layer.1.") for name in trained)


def test_the_learning_rate_falls_for_every_group_alike(tiny_bert: Path, tmp_path: Path) -> None:
    trainer = trainer_of(tiny_bert, tmp_path, layer_decay=0.5, warmup_steps=0, max_steps=4)
    trainer.train()
    # After the last step of a linear schedule every rate is 0, whatever it began with.
    assert [group["lr"] for group in trainer.optimizer.param_groups] == pytest.approx(
        [0.0] * len(trainer.optimizer.param_groups)
    )
