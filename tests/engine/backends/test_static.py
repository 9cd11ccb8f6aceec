"""The static backend: a text's vector is the mean of its tokens' vectors; tokens without a vector do not count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from bertkit.engine.backends.static import OUTPUT, TABLE, WEIGHTS, StaticBackend
from bertkit.errors import RunError


@pytest.fixture
def backend(tmp_path: Path) -> StaticBackend:
    table = np.array([[0, 0], [1, 0], [0, 2], [4, 4]], dtype=np.float32)
    save_file({TABLE: table}, tmp_path / WEIGHTS)
    head: Any = None
    return StaticBackend(tmp_path, head)


def test_vectors_are_means(backend: StaticBackend) -> None:
    batch = {
        "input_ids": np.array([[0, 1, 2, 0], [0, 3, 0, 0]]),
        "attention_mask": np.array([[1, 1, 1, 1], [1, 1, 0, 0]]),
        "places": np.array([[1, 0], [1, -1]]),
    }
    found = backend.forward(batch).outputs["vectors"]
    assert found[0].tolist() == [[4, 4], [0.5, 1]]
    assert found[1, 0].tolist() == [4, 4]


def test_a_text_without_a_known_token_is_zeros(backend: StaticBackend) -> None:
    batch = {"input_ids": np.array([[0, 0]]), "attention_mask": np.array([[1, 1]]), "places": np.array([[0]])}
    assert backend.forward(batch).outputs["vectors"].tolist() == [[[0, 0]]]


def test_a_table_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    head: Any = None
    with pytest.raises(RunError, match="can not be loaded"):
        StaticBackend(tmp_path, head)


def test_a_text_without_tokens_is_a_vector_of_zeros(tmp_path: Path) -> None:
    backend = StaticBackend.__new__(StaticBackend)
    backend._table = np.array([[0, 0], [1, 2], [3, 4]], dtype=np.float32)
    backend._counts = np.array([False, True, True])
    ids = np.array([[1, 2, 0], [0, 0, 0], [2, 0, 0], [0, 0, 0]])
    mask = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]])
    batch = {"input_ids": ids, "attention_mask": mask, "places": np.array([[0], [1], [2], [3]])}
    found = backend.forward(batch).outputs[OUTPUT][:, 0]
    assert found.tolist() == [[2, 3], [0, 0], [3, 4], [0, 0]]
