"""The JSON doors without FastAPI: what fits goes to the route, what does not to FastAPI, and both answer alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from bertkit import Run
from bertkit.serve.routes import predict, search, vectors
from bertkit.serve.routes.direct import Direct
from tests.serve.asgi import Asked, tell


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that FastAPI has seen."""
    paths: list[str] = []
    call = FastAPI.__call__

    async def seen(self: FastAPI, scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope.get("path", ""))
        await call(self, scope, receive, send)

    monkeypatch.setattr(FastAPI, "__call__", seen)
    return paths


def test_what_fits_does_not_pass_fastapi(tiny_run: Run, tiny_bert: Path, passed: list[str]) -> None:
    async def story(asked: Asked) -> None:
        passed.clear()
        found = await asked.post("/v1/predict/mine", {"rows": ["a parcel"]})
        assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
        assert found.headers["x-request-id"] and found.headers["x-content-type-options"] == "nosniff"
        assert (await asked.post("/v1/embeddings", {"input": "a parcel"})).status_code == 200
        refused = await asked.post("/v1/predict/other", {"rows": ["a"]})  # by the route itself
        assert (refused.status_code, refused.json()["error"]["param"]) == (404, "model")
        assert passed == []
        text = (await asked.client.get("/metrics")).text
        assert 'door="/v1/predict/{name}",status="200"' in text

    tell(story, models={"mine": str(tiny_run.path), "vectors": str(tiny_bert)})


BAD: list[tuple[str, Any]] = [
    ("/v1/predict/mine", {"rows": 3}),
    ("/v1/predict/mine", {"rows": ["a"], "topk": 1}),
    ("/v1/predict/mine", [1, 2]),
    ("/v1/predict/mine/", {"rows": ["a"]}),
    ("/v1/predict/", {"rows": ["a"]}),
    ("/v1/predict/a/b", {"rows": ["a"]}),
]


def test_what_does_not_fit_is_refused_by_fastapi(tiny_run: Run, passed: list[str]) -> None:
    async def story(asked: Asked) -> None:
        for path, body in BAD:
            passed.clear()
            found = await asked.post(path, body)
            assert found.status_code in (307, 404, 422), (path, found.text)
            assert passed == [path]
        passed.clear()
        found = await asked.client.post("/v1/predict/mine", content=b"{", headers={"Content-Type": "application/json"})
        assert (found.status_code, passed) == (400, ["/v1/predict/mine"])
        assert "the body is no JSON" in json.loads(found.text)["error"]["message"]

    tell(story, models={"mine": str(tiny_run.path)})


def test_all_doors_that_take_json_are_there() -> None:
    direct = Direct(FastAPI(), (predict.router, vectors.router, search.router))
    paths = {door.route.path for door in direct._doors}
    assert paths == {
        "/v1/predict/{name}", "/v1/embeddings", "/v1/rerank", "/v2/rerank", "/rerank", "/v1/keywords", "/v1/search"
    }  # fmt: skip
    other = {"type": "http", "method": "POST", "path": "/v1/search"}
    assert direct._find(other) is not None
    assert direct._find({**other, "method": "GET"}) is None
    assert direct._find({**other, "root_path": "/below"}) is None
    assert direct._find({"type": "lifespan"}) is None
