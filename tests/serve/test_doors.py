"""What every request passes: keys, limits, logs, and clients that leave."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run
from bertkit.serve import doors
from tests.serve.asgi import Asked, tell, until

LONG = "where is my parcel ? " * 40


def test_a_form_of_another_site_is_no_request(tiny_run: Run) -> None:
    """A page of another site may send text/plain without asking first: it is not read as JSON."""

    async def story(asked: Asked) -> None:
        body = json.dumps({"rows": ["a"]})
        found = await asked.client.post("/v1/predict/mine", content=body, headers={"content-type": "text/plain"})
        assert found.status_code == 415
        assert "access-control-allow-origin" not in found.headers
        figures = (await asked.client.get("/metrics")).text
        assert 'bertkit_requests_total{door="/v1/predict/{name}",status="415"} 1.0' in figures

    tell(story, models={"mine": str(tiny_run.path)})


def test_cors_only_for_named_sites(tiny_run: Run) -> None:
    async def story(asked: Asked) -> None:
        for origin, allowed in (("https://mine.example", True), ("https://other.example", False)):
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            found = await asked.client.options("/v1/predict/mine", headers=headers)
            assert (found.headers.get("access-control-allow-origin") == origin) == allowed

    tell(story, models={"mine": str(tiny_run.path)}, cors=["https://mine.example"])


@pytest.mark.parametrize(
    ("server", "host", "status"),
    [
        ("127.0.0.1", "127.0.0.1:8000", 200),
        ("127.0.0.1", "localhost", 200),
        ("::1", "[::1]:8000", 200),
        ("127.0.0.1", "LocalHost.:80", 200),
        ("127.0.0.1", "mine.example", 200),
        ("127.0.0.1", "evil.example:8000", 421),
        ("127.0.0.1", "127.0.0.1.evil.example", 421),
        ("127.0.0.1", "", 421),
        ("10.0.0.5", "evil.example", 200),  # it is open to others anyway
    ],
)
def test_a_server_of_this_machine_answers_to_its_names(tiny_run: Run, server: str, host: str, status: int) -> None:
    """A page of another site can give its own name the address 127.0.0.1."""

    async def story(asked: Asked) -> None:
        sent: list[Any] = []

        messages = [{"type": "http.request", "body": b""}]

        async def receive() -> Any:
            return messages.pop() if messages else await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/health", "raw_path": b"/health", "query_string": b""}
        scope |= {"headers": [(b"host", host.encode())], "server": (server, 8000), "client": ("127.0.0.1", 1)}
        await asked.app({**scope, "scheme": "http", "http_version": "1.1", "root_path": ""}, receive, send)
        assert sent[0]["status"] == status

    tell(story, models={"mine": str(tiny_run.path)}, hosts=["Mine.example:8000"])


def test_addresses_of_this_machine() -> None:
    for name in ("localhost", "::1", "127.0.0.1", "::ffff:127.0.0.1"):
        assert doors._is_here(name)
    for name in ("10.0.0.1", "::ffff:10.0.0.1", "127.evil.example", "example.com"):
        assert not doors._is_here(name)


def test_with_keys_any_name_will_do(tiny_run: Run, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text("a-right-secret")

    async def story(asked: Asked) -> None:
        passage = doors._Passage(asked.app, {"type": "http", "path": "/", "headers": [(b"host", b"evil")]}, None, None)  # type: ignore[arg-type]
        passage.service = asked.service
        passage.scope["server"] = ("127.0.0.1", 8000)
        passage._check_host()

    tell(story, models={"mine": str(tiny_run.path)}, keys=tmp_path / "keys.txt")


def test_a_large_body_is_not_read(tiny_run: Run) -> None:
    async def story(asked: Asked) -> None:
        found = await asked.post("/v1/predict/mine", {"rows": ["x" * 3000]})
        assert found.status_code == 413
        assert found.headers["connection"] == "close"

        async def parts():
            for _ in range(10):
                yield b"x" * 500

        found = await asked.client.post("/v1/predict/mine", content=parts())
        assert found.status_code == 413

    tell(story, models={"mine": str(tiny_run.path)}, max_bytes=2000)


def test_without_a_key_only_health_answers(tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys"
    file.write_text("# who may ask\nalice:a-long-secret\nplain-secret\n")
    monkeypatch.setenv("BERTKIT_KEYS", "bob:another-secret")
    good = [
        {"Authorization": "Bearer a-long-secret"},
        {"X-API-Key": "plain-secret"},
        {"Authorization": "Basic " + base64.b64encode(b"any:another-secret").decode()},
    ]
    bad = [{}, {"Authorization": "Bearer a-long-secre"}, {"Authorization": "Basic !!"}, {"X-API-Key": "alice"}]

    async def story(asked: Asked) -> None:
        described = asked.app.app.app.openapi()["paths"]
        paths = [*described, "/", "/openapi.json", "/nothing", "/rerank", "/v2/rerank"]
        assert {"/metrics", "/ready", "/v1/models", "/v1/search"} <= set(paths)
        for path in paths:
            path = path.replace("{name}", "mine")
            for headers in bad:
                for method in ("GET", "POST"):
                    found = await asked.client.request(method, path, headers=headers)
                    assert (found.status_code == 401) == (path != "/health"), path
        for headers in good:
            found = await asked.post("/v1/predict/mine", {"rows": ["a"]}, **headers)
            assert found.status_code == 200
        page = await asked.client.get("/", headers={"Accept": "text/html"})
        assert page.headers["www-authenticate"].startswith("Basic")  # a browser asks for the key
        file.write_text("alice:a-newer-secret\n")
        await asked.service.reload()
        assert (await asked.client.get("/ready", headers=good[0])).status_code == 401
        assert (await asked.client.get("/ready", headers={"X-API-Key": "a-newer-secret"})).status_code == 200
        file.write_text("short\n")  # a mistake: those that are valid stay so
        await asked.service.reload()
        assert (await asked.client.get("/ready", headers={"X-API-Key": "a-newer-secret"})).status_code == 200

    tell(story, models={"mine": str(tiny_run.path)}, keys=file)


def test_a_client_that_leaves_ends_its_work(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(asked: Asked) -> None:
        release = threading.Event()
        lane = asked.service.model("mine").lane
        outputs = lane._outputs
        monkeypatch.setattr(lane, "_outputs", lambda *given: (release.wait(10), outputs(*given))[1])
        first = asyncio.create_task(asked.rows("mine", ["a"]))
        await until(lambda: asked.service.batcher.load.running)

        left = asyncio.Event()
        body = json.dumps({"rows": ["b"] * 40}).encode()
        parts = iter([{"type": "http.request", "body": body}])

        async def receive() -> Any:
            for part in parts:
                return part
            await left.wait()
            return {"type": "http.disconnect"}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/v1/predict/mine", "query_string": b"", "http_version": "1.1",
            "headers": [(b"content-type", b"application/json")], "raw_path": b"", "root_path": "", "scheme": "http",
        }  # fmt: skip
        second = asyncio.create_task(asked.app(scope, receive, send))
        await until(lambda: asked.service.batcher.load.waiting)
        left.set()
        await second
        assert asked.service.batcher.load.waiting == 0
        assert not sent
        release.set()
        await first
        assert "bertkit_clients_gone_total 1.0" in (await asked.client.get("/metrics")).text

    tell(story, models={"mine": str(tiny_run.path)})


def test_figures_and_logs_hold_no_texts(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(asked: Asked) -> None:
        await asked.post("/v1/predict/mine", {"rows": ["a secret text"]}, **{"X-Request-ID": "my-id"})
        await asked.post("/v1/predict/a%20secret%20text", {"rows": ["a"]})
        for row in ({"wrong": "a secret text"}, ["a secret text", "b", "c"], {"text": ["a secret text"]}):
            refused = await asked.post("/v1/predict/mine", {"rows": [row]})
            assert refused.status_code == 422
        assert "secret" in refused.text
        figures = (await asked.client.get("/metrics")).text
        assert "secret" not in figures
        assert 'bertkit_requests_total{door="/v1/predict/{name}",status="404"} 1.0' in figures

    seen: list[Any] = []
    monkeypatch.setattr(doors.log, "info", lambda _, extra: seen.append(extra["fields"]))
    tell(story, models={"mine": str(tiny_run.path)})
    assert (seen[0]["id"], seen[0]["rows"], seen[0]["status"]) == ("my-id", 1, 200)
    assert seen[0]["tokens"] > 2
    assert len(seen) == 6 and "secret" not in json.dumps(seen)


def test_texts_are_logged_where_that_is_asked_for(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(doors.log, "info", lambda _, extra: seen.append(extra["fields"]))

    async def story(asked: Asked) -> None:
        await asked.rows("mine", ["good bye"])

    tell(story, models={"mine": str(tiny_run.path)}, log_texts=True)
    assert seen[0]["texts"] == ["good bye"]
