"""Runs to serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit import Run, train
from tests.helpers import tiny_recipe


def _run(task: str, options: dict[str, object], bert: Path, factory: pytest.TempPathFactory) -> Run:
    folder = factory.mktemp(f"served-{task}")
    return train(tiny_recipe(task, options, bert, folder), output=folder / "run")


@pytest.fixture(scope="session")
def reader(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Of squad, with windows of 24 tokens and questions of 5."""
    return _run("squad", {"max_length": 24, "overlap": 4, "max_question": 5}, tiny_bert, tmp_path_factory)


@pytest.fixture(scope="session")
def ranker(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return _run("rerank", {}, tiny_bert, tmp_path_factory)


@pytest.fixture(scope="session")
def tagger(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return _run("ner", {}, tiny_bert, tmp_path_factory)
