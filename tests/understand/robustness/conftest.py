"""A tiny masked-language model, trained once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit import Run, train
from tests.helpers import tiny_recipe


@pytest.fixture(scope="session")
def tiny_mlm(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("tiny-mlm")
    return train(tiny_recipe("pretrain", {"max_length": 24}, tiny_bert, folder), output=folder / "run")
