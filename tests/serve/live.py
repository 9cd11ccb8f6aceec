"""A server in a process of its own, on a port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest_socket


def _serve(settings: dict[str, Any], port: int, log: str, send_buffer: int | None) -> None:
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stream, 2)
    import logging

    import torch

    from bertkit.serve.run import Listening, serve
    from bertkit.serve.settings import ServeSettings

    torch.set_num_threads(1)
    logging.getLogger("bertkit").setLevel(logging.INFO)
    listening = Listening(port=port)
    own = listening.socket()
    if send_buffer:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    serve(ServeSettings(**settings), listening, own)


@dataclass
class Live:
    url: str
    process: Any
    log: Path

    def lines(self, **wanted: Any) -> list[dict[str, Any]]:
        """Lines of the log that have these values."""
        every = [json.loads(line) for line in self.log.read_text("utf-8").splitlines() if line.startswith("{")]
        return [line for line in every if all(line.get(name) == value for name, value in wanted.items())]

    def connections(self) -> int:
        """Established ones, at the server's side."""
        import psutil

        port = int(self.url.rpartition(":")[2])
        every = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port for one in every)

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def ends(self, seconds: float = 20) -> int | None:
        """Wait for its end; the exit code."""
        self.process.join(seconds)
        return self.process.exitcode


@contextlib.contextmanager
def live(warm: Any, folder: Path, send_buffer: int | None = None, **settings: Any) -> Iterator[Live]:
    """A server that is ready.

    Args:
        send_buffer: bytes that the system holds for a client, of each connection.
    """
    pytest_socket.enable_socket()
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "server.log"
    process = warm.Process(target=_serve, args=(settings, port, str(log), send_buffer))
    process.start()
    found = Live(f"http://127.0.0.1:{port}", process, log)
    try:
        end = time.monotonic() + 60
        while not _ready(found.url):
            assert process.is_alive(), log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.02)
        yield found
    finally:
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/ready").status_code in (200, 401)
    except httpx.TransportError:
        return False
