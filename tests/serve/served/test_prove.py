"""Answers that are proven."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit import Run
from bertkit.errors import RunError
from bertkit.serve.served import prove as module
from bertkit.serve.served.prove import difference, own_rows, prove
from tests.serve.asgi import Asked, tell


def test_proof_asks_rows_of_the_runs_own_data(tiny_run: Run) -> None:
    async def story(asked: Asked) -> None:
        served = asked.service.model("mine")
        rows = own_rows(served, 3)
        assert len(rows) == 3
        assert all("text" in row and "label" not in row for row in rows)

        async def ask(name: str, some: list[Any]) -> list[Any]:
            return [one["columns"] for one in (await asked.rows(name, some, probabilities="all"))["answers"]]

        assert await prove(asked.service, served, 3, ask=ask) < 1e-5

        async def wrong(name: str, some: list[Any]) -> list[Any]:
            return [{**one, "confidence": one["confidence"] + 0.001} for one in await ask(name, some)]

        with pytest.raises(RunError, match=r"differ from those of predict by 0\.001"):
            await prove(asked.service, served, 3, ask=wrong)

    tell(story, models={"mine": str(tiny_run.path)})


def test_differences() -> None:
    assert difference({"a": [1.0, "x"]}, {"a": [1.5, "x"]}) == 0.5
    assert difference({"a": 1}, {"b": 1}) == difference([1], [1, 2]) == difference("a", "b") == float("inf")
    assert difference(None, None) == difference(True, True) == 0
    assert difference(float("inf"), 1.0) == float("inf")


def test_without_rows_nothing_is_proven(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(asked: Asked) -> None:
        served = asked.service.model("mine")
        assert await prove(asked.service, served, 3) < 1e-5  # by the queue alone
        monkeypatch.setattr(module, "own_rows", lambda *_: [])
        with pytest.raises(RunError, match="no rows to prove"):
            await prove(asked.service, served, 3)

    tell(story, models={"mine": str(tiny_run.path)})
