"""A client of the server itself, for its proof."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from bertkit.errors import RunError

if TYPE_CHECKING:
    from bertkit.serve.service import Service

Ask = Callable[[str, list[dict[str, Any]]], Awaitable[list[dict[str, Any]]]]


@asynccontextmanager
async def asking(service: Service, own: socket.socket, *, tls: bool) -> AsyncIterator[Ask]:
    """A function that asks a model over the server's own socket, with a key that is known here alone."""
    unix = own.family == getattr(socket, "AF_UNIX", None)
    name = own.getsockname()
    transport = httpx.AsyncHTTPTransport(uds=name if unix else None, verify=False)
    host, port = ("localhost", 80) if unix else name[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    base = f"{'https' if tls else 'http'}://{host}:{port}"
    with service.keys.guest() as key:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=None) as client:

            async def ask(model: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
                body = {"rows": rows, "probabilities": "all"}
                while (found := await client.post(f"/v1/predict/{model}", json=body)).status_code == 429:
                    await asyncio.sleep(float(found.headers["retry-after"]))
                if found.status_code != 200:
                    raise RunError.at(model, f"the server answers its own rows with {found.status_code}: {found.text}")
                return [one["columns"] for one in found.json()["answers"]]

            yield ask
