"""A server in the test's own process, asked without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from bertkit.serve.app import build
from bertkit.serve.service import Service
from bertkit.serve.settings import ServeSettings


class Asked(NamedTuple):
    client: httpx.AsyncClient
    service: Service
    app: Any

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers=headers)

    async def rows(self, name: str, rows: list[Any], **options: Any) -> dict[str, Any]:
        """The reply to rows, which must be answered."""
        found = await self.post(f"/v1/predict/{name}", {"rows": rows, **options})
        assert found.status_code == 200, found.text
        return found.json()


@asynccontextmanager
async def serving(**settings: Any) -> AsyncIterator[Asked]:
    service = Service(ServeSettings(**settings))
    await service.start()
    app = build(service.settings, service)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bertkit") as client:
            yield Asked(client, service, app)
    finally:
        await service.stop()


Story = Callable[[Asked], Coroutine[Any, Any, None]]


def tell(story: Story, **settings: Any) -> None:
    """Serve, and run a story of requests."""

    async def whole() -> None:
        async with serving(**settings) as asked:
            await story(asked)

    asyncio.run(whole())


async def until(fine: Callable[[], object]) -> None:
    """Wait until something holds, ten seconds at most."""
    async with asyncio.timeout(10):
        while not fine():
            await asyncio.sleep(0.005)
