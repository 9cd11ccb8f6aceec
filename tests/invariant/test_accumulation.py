"""16x1 = 4x4 (= two processes): the division of an effective batch changes nothing. Dropout is off, as its masks
depend on the shape of a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bertkit import train
from tests.helpers import every_task, log_of, tiny_recipe

TASKS = every_task()
IDS = [f"{name}-{'-'.join(options) or 'default'}" for name, options in TASKS]


def _trained(name: str, options: dict[str, Any], model: Path, folder: Path, **train_block: Any) -> Any:
    folder.mkdir()
    # 9 copies of the rows: the last effective batch is smaller than the others, and not divisible
    recipe = tiny_recipe(name, options, model, folder, repeat=9, logging_steps=1, num_train_epochs=2, **train_block)
    return train(recipe, output=folder / "run")


@pytest.mark.parametrize(("name", "options"), TASKS, ids=IDS)
def test_16x1_equals_4x4(name: str, options: dict[str, Any], tiny_bert: Path, tmp_path: Path) -> None:
    whole = _trained(name, options, tiny_bert, tmp_path / "16x1", per_device_train_batch_size=16)
    parts = _trained(
        name, options, tiny_bert, tmp_path / "4x4", per_device_train_batch_size=4, gradient_accumulation_steps=4
    )
    expected = np.array(log_of(whole, "step", "loss", "grad_norm", "learning_rate"))
    got = np.array(log_of(parts, "step", "loss", "grad_norm", "learning_rate"))
    assert len(expected) >= 6
    np.testing.assert_allclose(got, expected, rtol=2e-4, atol=1e-6)
    a, b = load_file(whole.model / "model.safetensors"), load_file(parts.model / "model.safetensors")
    for key in a:
        torch.testing.assert_close(a[key], b[key], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "options"), TASKS[:1] + TASKS[-1:], ids=IDS[:1] + IDS[-1:])
def test_the_runs_recipe_trains_equal_weights(
    name: str, options: dict[str, Any], tiny_bert: Path, tmp_path: Path
) -> None:
    first = _trained(name, options, tiny_bert, tmp_path / "first")
    again = train(first.recipe_file, output=tmp_path / "again")
    assert first.recipe == again.recipe
    a, b = load_file(first.model / "model.safetensors"), load_file(again.model / "model.safetensors")
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert first.metrics == again.metrics


def test_another_seed_trains_other_weights(tiny_bert: Path, tmp_path: Path) -> None:
    first = _trained("classify", {}, tiny_bert, tmp_path / "first")
    other = train(first.recipe_file, output=tmp_path / "other", sets=["seed=43"])
    a, b = load_file(first.model / "model.safetensors"), load_file(other.model / "model.safetensors")
    assert any(not torch.equal(a[key], b[key]) for key in a)
