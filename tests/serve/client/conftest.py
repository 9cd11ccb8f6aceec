from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run
from bertkit.serve.client import connecting, questions
from bertkit.serve.client.retrying import Retrying
from tests.serve.threaded import Live, open_loopback, serving

KEY = "a-long-secret"


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    open_loopback()
    monkeypatch.delenv(connecting.VARIABLE, raising=False)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of some milliseconds."""
    plain = questions.Questions.__init__

    def init(self: Any, url: str, retrying: Retrying) -> None:
        plain(self, url, replace(retrying, first=0.005, most=0.02))

    monkeypatch.setattr(questions.Questions, "__init__", init)


@pytest.fixture(scope="module")
def live(tiny_run: Run, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server of `tiny`, and of an encoder as `vectors`, with a key."""
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(f"tests:{KEY}\n")
    with serving(models={"tiny": str(tiny_run.path), "vectors": str(tiny_bert)}, keys=keys) as found:
        yield found
