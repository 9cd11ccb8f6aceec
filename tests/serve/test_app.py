"""Refusals, and the life of the application."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from bertkit import Run
from bertkit.serve.app import build
from bertkit.serve.settings import ENVIRONMENT
from tests.serve.asgi import Asked, tell

LONG = "where is my parcel ? " * 40


REFUSED: list[tuple[str, Any, int, str]] = [
    ("/v1/predict/other", {"rows": ["a"]}, 404, "no model is called 'other'; there are: mine, vectors"),
    ("/v1/predict/mine", {"rows": []}, 422, "rows: there are none"),
    ("/v1/predict/mine", {}, 422, "rows: there are none"),
    ("/v1/predict/mine", {"rows": ["a"], "top_k": -1}, 422, "top_k: Input should be greater than or equal to 0"),
    ("/v1/predict/mine", {"rows": ["a"], "topk": 1}, 422, "topk: Extra inputs are not permitted"),
    ("/v1/predict/mine", {"rows": [{"txt": "a"}]}, 422, "row 1: no text; expected columns: text, text_pair"),
    ("/v1/predict/mine", {"rows": [["a", "b", "c"]]}, 422, "not a row of this task"),
    ("/v1/predict/mine", {"rows": [{"text": 3}]}, 422, "text is not a text: 3"),
    ("/v1/predict/mine", {"rows": ["a", ["b", "c"]]}, 422, "some rows have text_pair and some do not"),
    ("/v1/predict/mine", {"rows": ["x" * 2001]}, 413, "2,001 characters; send at most 2,000"),
    ("/v1/predict/mine", {"rows": [{"text": "a", "more": ["x" * 2001]}]}, 413, "2,001 characters"),
    ("/v1/predict/mine", {"rows": ["a"] * 51}, 413, "rows: 51; send at most 50 at a time"),
    ("/v1/predict/mine", {"question": "a", "contexts": ["b"]}, 422, "the task of mine takes text"),
    ("/v1/predict/mine", {"rows": ["a"], "contexts": ["b"]}, 422, "contexts: they go with a question"),
    ("/v1/predict/vectors", {"rows": ["a"], "top_k": 2}, 422, "top_k: the answers of this task have no candidates"),
    ("/v1/embeddings", {"input": []}, 422, "input: List should have at least 1 item"),
    ("/v1/embeddings", {"input": "a", "model": "mine"}, 422, "mine (classify) does not give embeddings"),
    ("/v1/embeddings", {"input": [[1, 2]]}, 422, "check_embedding_ctx_length=False"),
    ("/v1/predict/mine", {"rows": [1] * 100_000}, 422, "rows.0: Input should be"),
    ("/v1/predict/mine", {f"field {n}": 1 for n in range(60)}, 400, "60 fields"),
    ("/v1/predict/mine", {"rows": ["a"] * 40, "top_k": 1000}, 200, ""),
    ("/v1/predict/mine", {"rows": ["a"] * 45, "top_k": 1000, "question": None}, 200, ""),
    ("/v1/embeddings", {"input": "a", "dimensions": 99}, 422, "99: the model's vectors have 32 dimensions"),
    ("/v1/rerank", {"query": "a", "documents": ["b"]}, 404, "model: no model gives rerank"),
    ("/v1/keywords", {"texts": []}, 422, "texts: List should have at least 1 item"),
    ("/v1/search", {"query": "a"}, 404, "index: name one of those that are served: none"),
    ("/v1/nothing", {}, 404, "no such address"),
    ("/ready", {}, 405, "another method"),
]


def test_what_can_not_be_answered_is_refused_in_one_form(tiny_run: Run, tiny_bert: Path) -> None:
    async def story(asked: Asked) -> None:
        for path, body, status, part in REFUSED:
            found = await asked.post(path, body)
            assert (found.status_code, path) == (status, path), (str(body)[:200], found.text[:500])
            if status == 200:
                continue
            assert part in found.json()["error"]["message"], found.text
            assert found.json()["error"]["code"] == str(status)
            assert found.headers["x-request-id"]
        assert asked.service.batcher.load.waiting == 0

    models = {"mine": str(tiny_run.path), "vectors": str(tiny_bert)}
    tell(story, models=models, max_characters=2000, max_rows=50)


def test_settings_from_the_environment(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As another ASGI server starts the application: with its life's beginning and end."""
    monkeypatch.setenv(ENVIRONMENT, json.dumps({"models": {"mine": str(tiny_run.path)}}))

    async def story() -> None:
        app = build()
        steps: asyncio.Queue[Any] = asyncio.Queue()
        done: asyncio.Queue[Any] = asyncio.Queue()
        life = asyncio.create_task(app({"type": "lifespan", "state": {}}, steps.get, done.put))
        await steps.put({"type": "lifespan.startup"})
        assert (await done.get())["type"] == "lifespan.startup.complete"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bertkit") as client:
            found = await client.post("/v1/predict/mine", json={"rows": ["good bye"]})
            assert found.status_code == 200
        await steps.put({"type": "lifespan.shutdown"})
        assert (await done.get())["type"] == "lifespan.shutdown.complete"
        await life

    asyncio.run(story())
