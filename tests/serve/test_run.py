"""A real server: signals, slow clients, idle connections, floods of wrong keys."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from bertkit import Run
from bertkit.errors import RunError
from bertkit.serve.run import Listening
from tests.serve.live import Live, live

pytestmark = pytest.mark.xdist_group("live-server")
BODY = {"rows": ["where is my parcel ?"]}


@pytest.fixture
def server(warm: Any, tmp_path: Path, tiny_run: Run):
    def start(**settings: Any) -> Any:
        return live(warm, tmp_path, models={"mine": str(tiny_run.path)}, **settings)

    return start


class Clients:
    """Threads that ask again and again, each on a connection of its own."""

    def __init__(self, found: Live, count: int = 6):
        self.answers: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.refused = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(found.url,)) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _ask(self, url: str) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._stop.is_set():
                try:
                    reply = client.post(f"{url}/v1/predict/mine", json=BODY)
                except httpx.TransportError:
                    self.refused += 1
                    return
                if reply.status_code == 200:
                    self.answers.append(reply.json()["answers"][0])
                else:
                    self.wrong.append(reply.text)

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def post(found: Any, **options: Any) -> int:
    """The status of a reply, however long it takes on a busy machine."""
    return httpx.post(f"{found.url}/v1/predict/mine", json=BODY, timeout=60, **options).status_code


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_sigterm_under_load_answers_what_was_accepted(server: Any) -> None:
    with server() as found:
        clients = Clients(found)
        until(lambda: len(clients.answers) > 10)
        found.signal(signal.SIGTERM)
        assert found.ends() == 0
        clients.end()
        done = found.lines(door="/v1/predict/{name}")
        assert {line["status"] for line in done} <= {200, 503}
        assert len(clients.answers) == len([line for line in done if line["status"] == 200]) > 10
        first = clients.answers[0]
        assert {one["columns"]["predicted_label"] for one in clients.answers} == {first["columns"]["predicted_label"]}
        assert max(abs(one["confidence"] - first["confidence"]) for one in clients.answers) < 1e-5
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{found.url}/health")


def test_ctrl_c_ends_it_too(server: Any) -> None:
    with server() as found:
        found.signal(signal.SIGINT)
        assert found.ends() == 0


@pytest.mark.slow
def test_sighup_under_load_loses_nothing(server: Any, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("one:a-long-secret\n")
    with server(keys=keys) as found:
        headers = {"X-API-Key": "a-newer-secret"}
        assert post(found, headers=headers) == 401
        keys.write_text("one:a-long-secret\ntwo:a-newer-secret\n")
        for _ in range(3):
            found.signal(signal.SIGHUP)
        until(lambda: post(found, headers=headers) == 200)
        until(lambda: bool(found.lines(status=200, key="two")))  # it is logged once the reply is sent


@pytest.mark.slow
def test_slow_clients_and_idle_connections_do_not_stop_others(server: Any) -> None:
    with server(read_timeout=1.5) as found:
        host, port = found.url.removeprefix("http://").split(":")
        idle = [socket.create_connection((host, int(port))) for _ in range(500)]
        slow = [socket.create_connection((host, int(port))) for _ in range(3)]
        body = json.dumps(BODY).encode()
        head = b"POST /v1/predict/mine HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        slow[0].sendall(head[:20])  # never the end of its headers
        slow[1].sendall(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])  # never the end of its body
        slow[2].sendall(head + f"Content-Length: {len(body)}\r\n\r\n".encode())
        for sign in body[:4]:  # a byte now and then
            with contextlib.suppress(OSError):  # its time may be over already
                slow[2].sendall(bytes([sign]))
            assert post(found) == 200
            time.sleep(0.1)
        for one in slow:
            one.settimeout(60)
        assert slow[0].recv(100) == b""
        assert slow[1].recv(1000).startswith(b"HTTP/1.1 408")
        assert slow[2].recv(1000).startswith(b"HTTP/1.1 408")
        for one in (*idle, *slow):
            one.close()
        assert post(found) == 200


@pytest.mark.slow
def test_too_many_connections_are_closed(server: Any) -> None:
    with server(max_connections=20) as found:
        host, port = found.url.removeprefix("http://").split(":")
        held = [socket.create_connection((host, int(port))) for _ in range(30)]
        for one in held:
            one.settimeout(0.05)
        until(lambda: sum(map(_is_closed, held)) >= 10)
        assert sum(map(_is_closed, held)) == 10
        for one in held:
            one.close()
        time.sleep(0.3)
        assert post(found) == 200


def _is_closed(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False


def test_garbage_is_no_request(server: Any) -> None:
    with server() as found:
        host, port = found.url.removeprefix("http://").split(":")
        for garbage in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", os.urandom(2000), b"POST / HTTP/1.1\r\n" * 50):
            with socket.create_connection((host, int(port))) as one:
                one.sendall(garbage)
                one.settimeout(60)
                assert b"200" not in one.recv(100)[:20]
        assert post(found) == 200
        assert not found.lines(level="error")


@pytest.mark.slow
@pytest.mark.parametrize("closes", ["keep-alive", "close"])
@pytest.mark.parametrize("rows", [20, 200])  # replies below and above what makes asyncio wait for the client
def test_clients_that_do_not_read_are_closed(server: Any, rows: int, closes: str) -> None:
    with server(read_timeout=1.0, send_buffer=2048) as found:
        host, port = found.url.removeprefix("http://").split(":")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)  # before it connects, else it grows
            deaf.connect((host, int(port)))
            asked = {"rows": ["where is my parcel ?"] * rows, "probabilities": "all", "logits": True, "top_k": 40}
            body = json.dumps(asked).encode()
            head = "POST /v1/predict/mine HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            head += f"Connection: {closes}\r\nContent-Length: {len(body)}\r\n\r\n"
            deaf.sendall(head.encode() + body)
            end = time.monotonic() + 60
            while not found.lines(door="/v1/predict/{name}") and time.monotonic() < end:
                time.sleep(0.05)
            while found.connections() and time.monotonic() < end:
                time.sleep(0.05)
            assert not found.connections()
            assert found.lines(door="/v1/predict/{name}", status=200)


def test_an_address_that_can_not_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="no such file"):
        Listening(certificate=tmp_path / "none.pem").check()
    (tmp_path / "cert.pem").touch()
    with pytest.raises(RunError, match="TLS needs a certificate and its key"):
        Listening(certificate=tmp_path / "cert.pem").check()

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RunError, match="nowhere:8000 can not be used: Name or service not known"):
        Listening(host="nowhere").socket()
