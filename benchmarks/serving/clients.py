"""Clients over plain sockets: a client of a library takes as long as the answer of a small model."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import Sequence
from typing import Any, NamedTuple


class Latency(NamedTuple):
    """Of a load: replies a second, and milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float


class Connection:
    """One connection that is kept."""

    def __init__(self, port: int):
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. Raises OSError or EOFError where the server closes."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            _, _, rest = head.partition(b"content-length:")
            body = await reader.readexactly(int(rest.partition(b"\r\n")[0]))
        except BaseException:
            self.close()
            raise
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def request(path: str, body: Any, **headers: str) -> bytes:
    """The bytes of a POST."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def latency(seconds: Sequence[float], whole: float) -> Latency:
    ordered = sorted(seconds)
    at = [1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99)]
    return Latency(len(ordered) / whole, *at)


def closed(port: int, requests: Sequence[bytes], clients: int, seconds: float = math.inf) -> Latency:
    """Clients that each ask again once they have their reply, until all requests are answered or the time is over."""

    async def all_of_them() -> Latency:
        waiting = iter(requests)
        spent: list[float] = []
        end = time.perf_counter() + seconds

        async def client() -> None:
            connection = Connection(port)
            for one in waiting:
                if time.perf_counter() > end:
                    break
                start = time.perf_counter()
                status, body = await connection.ask(one)
                assert status == 200, body
                spent.append(time.perf_counter() - start)
            connection.close()

        start = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return latency(spent, time.perf_counter() - start)

    return asyncio.run(all_of_them())


def opened(port: int, requests: Sequence[bytes], rate: float, status: int = 200) -> Latency:
    """Requests that come at random (Poisson), `rate` a second, whether earlier ones are answered or not.

    Args:
        status: of every reply.
    """

    async def all_of_them() -> Latency:
        draw = random.Random(1)
        spent: list[float] = []
        free: list[Connection] = []

        async def one(content: bytes) -> None:
            connection = free.pop() if free else Connection(port)
            start = time.perf_counter()
            found, body = await connection.ask(content)
            assert found == status, body
            spent.append(time.perf_counter() - start)
            free.append(connection)

        start, due, tasks = time.perf_counter(), 0.0, []
        for content in requests:
            due += draw.expovariate(rate)
            await asyncio.sleep(max(0.0, start + due - time.perf_counter()))
            tasks.append(asyncio.create_task(one(content)))
        await asyncio.gather(*tasks)
        whole = time.perf_counter() - start
        for connection in free:
            connection.close()
        return latency(spent, whole)

    return asyncio.run(all_of_them())
