"""Arrays and tensors of a batch, in both directions."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import torch

from bertkit.engine.batches import arrays, tensors


def test_a_batch_may_hold_either() -> None:
    batch = {"input_ids": np.arange(6).reshape(2, 3), "drawn": torch.tensor([1.0, 0.0])}
    assert {type(one) for one in tensors(batch).values()} == {torch.Tensor}
    assert {type(one) for one in arrays(batch).values()} == {np.ndarray}
    assert tensors(batch)["input_ids"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert arrays(batch)["drawn"].dtype == np.float32


def test_what_is_neither_stays_as_it_is() -> None:
    assert tensors({"counted": False}) == {"counted": False}


def test_memory_is_shared() -> None:
    ids = np.zeros(3)
    tensors({"ids": ids})["ids"][0] = 1
    assert ids[0] == 1


def test_arrays_need_no_torch() -> None:
    code = "import numpy as np, sys; from bertkit.engine.batches import arrays; arrays({'a': np.zeros(1)}); "
    subprocess.run([sys.executable, "-c", f"{code}assert 'torch' not in sys.modules"], check=True)
