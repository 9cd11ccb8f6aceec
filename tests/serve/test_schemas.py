"""schemathesis asks what our OpenAPI describes, in many forms: no 5xx, and no answer outside its schema.

One of its checks is left out: that all is answered that fits the schema. Which rows a task can use, no schema says.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bertkit import Run
from bertkit.recipe.schema import DataBlock
from bertkit.search.index.about import VectorModel
from bertkit.search.index.building import build
from bertkit.search.index.rows import Documents
from tests.helpers import write_rows
from tests.search.index.conftest import ROWS, silent
from tests.serve.live import live

pytestmark = pytest.mark.xdist_group("live-server")
EXAMPLES = int(os.environ.get("BERTKIT_TEST_SCHEMA", "5"))
"""Requests of each kind for each door."""


@pytest.fixture(scope="module")
def schema(warm: Any, tiny_run: Run, tiny_bert: Path, reader: Run, ranker: Run, tmp_path_factory: Any):
    folder = tmp_path_factory.mktemp("described")
    documents = Documents(str(write_rows(ROWS, folder / "docs.jsonl")), DataBlock())
    build(str(folder / "index"), documents, VectorModel(str(tiny_bert)), silent)
    models = {"mine": tiny_run.path, "vectors": tiny_bert, "reader": reader.path, "ranker": ranker.path}
    named = {name: str(path) for name, path in models.items()}
    with live(warm, folder, models=named, indexes={"docs": str(folder / "index")}) as found:
        yield schemathesis.openapi.from_url(f"{found.url}/openapi.json")
        assert not found.lines(level="error")


@pytest.mark.slow
def test_every_door_keeps_to_its_description(schema: Any) -> None:
    doors = [found.ok() for found in schema.get_all_operations()]
    assert len(doors) >= 8
    for door in doors:

        @given(case=door.as_strategy())
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def ask(case: Any) -> None:
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        ask()
