"""A trained Run and its exports, made once: an export takes seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit import Run, train
from bertkit.shrink.export import ExportRequest, export
from tests.helpers import tiny_recipe


@pytest.fixture(scope="session")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("trained")
    recipe = tiny_recipe("classify", {}, tiny_bert, folder, max_steps=20)
    data = recipe.data.model_copy(update={"test": recipe.data.validation})
    return train(recipe.model_copy(update={"data": data}), output=folder / "run")


@pytest.fixture(scope="session")
def exported(trained: Run) -> Run:
    return export(ExportRequest(trained, trained.path.with_name("exported")))


@pytest.fixture(scope="session")
def in_int8(trained: Run) -> Run:
    return export(ExportRequest(trained, trained.path.with_name("int8"), int8=True, max_drop=100))
