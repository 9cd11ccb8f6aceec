"""Two processes train what one does: the same loss, gradient norms and weights, and one Run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bertkit import Run, train
from bertkit.recipe.load import dump
from tests.helpers import log_of, tiny_recipe


@pytest.mark.parametrize(
    ("name", "options"),
    [("classify", {"class_weights": {"refund": 3.0}}), ("regress", {})],
    ids=["classify", "regress"],
)
def test_two_processes_equal_one(name: str, options: dict[str, Any], tiny_bert: Path, tmp_path: Path) -> None:
    common = {"logging_steps": 1, "num_train_epochs": 2}
    recipe = tiny_recipe(name, options, tiny_bert, tmp_path, repeat=8, per_device_train_batch_size=8, **common)
    one = train(
        tiny_recipe(name, options, tiny_bert, tmp_path, repeat=8, per_device_train_batch_size=16, **common),
        output=tmp_path / "one",
    )
    (tmp_path / "recipe.yaml").write_text(dump(recipe), "utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--rdzv-backend", "c10d"]
    command = [*launch, "--rdzv-endpoint", "127.0.0.1:0", "-m", "bertkit", "train", tmp_path / "recipe.yaml"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [*map(str, command), "-o", str(tmp_path / "two")], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert "effective batch: 16 rows (8 x 1 accumulated x 2 processes)" in done.stderr
    assert done.stdout.count("95% interval") == 1
    two = Run.open(tmp_path / "two")
    expected, got = (np.array(log_of(run, "step", "loss", "grad_norm")) for run in (one, two))
    np.testing.assert_allclose(got, expected, rtol=2e-4)
    assert two.metrics["validation"] == pytest.approx(one.metrics["validation"], abs=1e-3)
    a, b = load_file(one.model / "model.safetensors"), load_file(two.model / "model.safetensors")
    for key in a:
        torch.testing.assert_close(a[key], b[key], rtol=1e-3, atol=1e-4)
