"""`AsyncClient` against the real application, without a socket, and against servers that fail."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from bertkit import Predictor, Run
from bertkit.errors import ServerError
from bertkit.serve.app import build
from bertkit.serve.client import AsyncClient
from bertkit.serve.service import Service
from bertkit.serve.settings import ServeSettings
from tests.serve.threaded import answers, scripted


@asynccontextmanager
async def client_of(run: Run, encoder: Path) -> AsyncIterator[AsyncClient]:
    interval = sys.getswitchinterval()
    service = Service(ServeSettings(models={"tiny": str(run.path), "vectors": str(encoder)}))
    await service.start()
    try:
        transport = httpx.ASGITransport(build(service.settings, service))
        async with AsyncClient("http://server", transport=transport) as client:
            yield client
    finally:
        await service.stop()
        sys.setswitchinterval(interval)


def test_answers_are_those_of_predict(tiny_run: Run, tiny_bert: Path) -> None:
    rows = [f"where is my parcel {n}" for n in range(200)]
    wanted = [one["label"] for one in Predictor.open(tiny_run).predict(rows)]

    async def following() -> AsyncIterator[str]:
        for row in rows:
            await asyncio.sleep(0)
            yield row

    async def main() -> None:
        async with client_of(tiny_run, tiny_bert) as client:
            assert {one["id"] for one in await client.models()} == {"tiny", "vectors"}
            for some in (rows, following()):
                found = await client.predict("tiny", some)
                assert [one["columns"]["predicted_label"] for one in found] == wanted
            streams = [[one async for one in client.stream("tiny", rows)] for _ in range(2)]
            assert [len(one) for one in streams] == [200, 200]
            assert (await client.embed(rows[:3])).dtype == np.float32
            assert len(await client.keywords(rows[0])) == 1
            with pytest.raises(ServerError, match="no model is called 'nope'"):
                await client.predict("nope", "hello")

    asyncio.run(main())


@pytest.mark.parametrize("faults", [[(429, {"Retry-After": "1"})] * 2, [None, 503]])
def test_a_server_that_fails_for_a_while_is_asked_again(faults: list[Any]) -> None:
    async def main() -> None:
        with scripted(*faults, answers) as server:
            async with AsyncClient(server.url) as client:
                assert len(await client.predict("m", ["a", "b"])) == 2
                assert len(server.asked) == 3

    asyncio.run(main())


def test_an_error_ends_what_is_under_way() -> None:
    def refuse(body: dict[str, Any]) -> Any:
        return (422, {}) if "70" in body["rows"] else answers(body)

    async def main() -> None:
        with scripted(refuse) as server:
            async with AsyncClient(server.url) as client:
                with pytest.raises(ServerError):
                    await client.predict("m", (str(n) for n in range(10_000)))
                assert len(server.asked) < 10
                assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
