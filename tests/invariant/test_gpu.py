"""A GPU trains what the processor does, in full precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bertkit import train
from tests.helpers import log_of, tiny_recipe

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.mark.parametrize("name", ["classify", "regress"])
def test_losses_are_those_of_the_processor(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    found = []
    for use_cpu in (True, False):
        folder = tmp_path / str(use_cpu)
        folder.mkdir()
        recipe = tiny_recipe(name, {}, tiny_bert, folder, logging_steps=1, use_cpu=use_cpu)
        found.append(np.array(log_of(train(recipe, output=folder / "run"), "loss", "grad_norm")))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-3)
