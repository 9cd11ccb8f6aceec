"""Doors of each task's models, found by what the task reads and answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bertkit.serve.served.gives import gives
from bertkit.tasks import TASKS
from tests.helpers import make

DOORS = {
    "embed": ["predict", "embeddings", "keywords"],
    "rerank": ["predict", "rerank"],
    "squad": ["predict", "reader"],
}


@pytest.mark.parametrize("name", TASKS)
def test_doors_of_each_task(name: str) -> None:
    served: Any = SimpleNamespace(predictor=SimpleNamespace(task=make(name, {})), vectors=name == "embed" or None)
    assert gives(served) == DOORS.get(name, ["predict"])
