from __future__ import annotations

from pathlib import Path

from bertkit.recipe.load import load, resolve
from bertkit.run import Run
from bertkit.training.parts import prepare
from bertkit.training.train import build_trainer
from bertkit.understand.profile.steps import StepPlan
from bertkit.understand.profile.trials import ROUNDS, variants
from bertkit.understand.profile.watch import measure
from tests.understand.profile.planted import recipe_with


def test_the_same_rows_in_larger_batches(tiny_bert: Path, tmp_path: Path) -> None:
    file = recipe_with("classify", tiny_bert, tmp_path, per_device_train_batch_size=2, max_steps=8)
    parts = prepare(resolve(load(file)))
    trainer = build_trainer(parts, Run(tmp_path / "run"))
    measure(trainer, StepPlan(1))
    found = variants(trainer, 2, trained=parts.splits["train"].encoded.examples)
    assert [one.batch for one in found if not one.bf16] == [2, 4, 8]
    assert all(one.seconds > 0 for one in found)
    assert ROUNDS > 1
