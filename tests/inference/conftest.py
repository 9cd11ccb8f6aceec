"""A Run of tiny rows, trained once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit import Run, train
from tests.helpers import tiny_recipe


@pytest.fixture(scope="session")
def tiny_run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """classify, 4 steps, on the task's tiny rows."""
    folder = tmp_path_factory.mktemp("tiny-run")
    return train(tiny_recipe("classify", {}, tiny_bert, folder), output=folder / "run")
