"""`AsyncClient`: as `Client`, for a program with an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Literal, Self, TypeVar

import httpx
import numpy as np

from bertkit.serve.client import connecting
from bertkit.serve.client.batching import Batch, Packing, batches
from bertkit.serve.client.questions import Question, Questions, Replies, SameModel, ranked, vectors
from bertkit.serve.client.retrying import HttpCall, HttpReply, NoReply, Pause, Retrying, Steps

T = TypeVar("T")
Some = Iterable[Any] | AsyncIterable[Any]


class AsyncClient:
    """`Client` (synchronous.py) with `await`: the arguments, replies and errors of its methods are the same. Rows may
    come from an asynchronous iterable, too."""

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = 60.0, retries: int = 6,
        transport: httpx.AsyncBaseTransport | None = None,
    ):  # fmt: skip
        self.url = url
        self._http = httpx.AsyncClient(**connecting.settings(url, key, timeout), transport=transport)
        self._questions = Questions(url, Retrying(retries))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    # --- questions ----------------------------------------------------------------------------------------------------

    async def models(self) -> list[dict[str, Any]]:
        """See `Client.models`."""
        return await self._run(self._questions.models())

    async def model(self, name: str) -> dict[str, Any]:
        """See `Client.model`."""
        return await self._run(self._questions.model(name))

    async def predict(
        self, name: str, rows: Some, *, probabilities: Literal["top", "all", "none"] = "top", top_k: int = 0,
        logits: bool = False, abstain_below: float | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """See `Client.predict`."""
        options: Any = {
            "probabilities": probabilities,
            "top_k": top_k,
            "logits": logits,
            "abstain_below": abstain_below,
        }
        return [one async for one in self.stream(name, rows, **options)]

    def stream(
        self, name: str, rows: Some, *, probabilities: Literal["top", "all", "none"] = "top", top_k: int = 0,
        logits: bool = False, abstain_below: float | None = None, hash: str = "",
    ) -> AsyncIterator[dict[str, Any]]:  # fmt: skip
        """See `Client.stream`."""
        options = {"probabilities": probabilities, "top_k": top_k, "logits": logits, "abstain_below": abstain_below}
        return self._each(self._questions.predict(name, options), rows, hash)

    async def ask(
        self, name: str, question: str, contexts: Sequence[str], *,
        probabilities: Literal["top", "all", "none"] = "top", top_k: int = 0, logits: bool = False,
        abstain_below: float | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """See `Client.ask`."""
        options = {"probabilities": probabilities, "top_k": top_k, "logits": logits, "abstain_below": abstain_below}
        return await self._run(self._questions.ask(name, question, contexts, options))

    async def embed(
        self, texts: Some, model: str | None = None, dimensions: int | None = None
    ) -> np.ndarray[Any, Any]:  # fmt: skip
        """See `Client.embed`."""
        return vectors([one async for one in self._each(self._questions.embed(model, dimensions), texts)])

    async def rerank(
        self, query: str, documents: Some, model: str | None = None, top: int | None = None
    ) -> list[tuple[int, float]]:
        """See `Client.rerank`."""
        return ranked([one async for one in self._each(self._questions.rerank(query, model), documents)], top)

    async def keywords(
        self, texts: Some, model: str | None = None, *, top: int = 5, ngram: int = 3, diversity: float = 0.2
    ) -> list[list[dict[str, Any]]]:
        """See `Client.keywords`."""
        options = {"top": top, "ngram": ngram, "diversity": diversity}
        return [one async for one in self._each(self._questions.keywords(model, options), texts)]

    async def search(self, query: str, index: str | None = None, **options: Any) -> dict[str, Any]:
        """See `Client.search`."""
        return await self._run(self._questions.search(query, index, options))

    # --- input and output ---------------------------------------------------------------------------------------------

    async def _run(self, steps: Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                step = steps.send(await self._take(step))
        except StopIteration as end:
            return end.value

    async def _take(self, step: HttpCall | Pause) -> HttpReply | NoReply | None:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return connecting.reply_of(await self._http.request(**connecting.request_of(step)))
        except httpx.HTTPError as error:
            return connecting.no_reply(error)

    async def _each(self, question: Question, rows: Some, hash: str = "") -> AsyncIterator[Any]:
        """The answer to each row, with several requests at a time."""
        same = SameModel(self.url, hash)
        flying: deque[asyncio.Task[Replies]] = deque()
        try:
            async with aclosing(_batches(rows)) as cut:
                async for batch in cut:
                    if len(flying) == connecting.FLIGHT:
                        for answer in same.taken(await flying.popleft()):
                            yield answer
                    flying.append(asyncio.create_task(self._run(question(batch))))
            while flying:
                for answer in same.taken(await flying.popleft()):
                    yield answer
        finally:
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)


async def _batches(rows: Some) -> AsyncGenerator[Batch]:
    if not isinstance(rows, AsyncIterable):
        for batch in batches(rows):
            yield batch
        return
    packing = Packing()
    async for row in rows:
        if full := packing.add(row):
            yield full
    if last := packing.rest():
        yield last
