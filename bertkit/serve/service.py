"""Service: what a server holds while it runs, and its beginning, reload and end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import Literal

from bertkit.errors import BertkitError
from bertkit.serve.batcher import Batcher
from bertkit.serve.figures import Figures
from bertkit.serve.keys import Keys
from bertkit.serve.refusals import Refusal
from bertkit.serve.served.model import Served
from bertkit.serve.served.registry import Registry, ServedIndex
from bertkit.serve.served.threads import Threads
from bertkit.serve.settings import ServeSettings

log = logging.getLogger("bertkit")

FAILURES = 30
"""Batches in a row that fail where the device is broken; a request that fails alone ends at most some of them."""
SWITCH = 0.0005
"""Seconds after which a thread gives the interpreter to another: with Python's own 0.005 the event loop waits for the
threads that work on texts."""


class Service:
    """The state of a server. `start` opens the models, in the event loop that serves."""

    registry: Registry
    batcher: Batcher
    threads: Threads

    def __init__(self, settings: ServeSettings):
        self.settings = settings
        self.keys = Keys.read(settings.keys)
        self.figures = Figures()
        self.state: Literal["new", "starting", "ok", "stopping"] = "new"
        self.unproven = settings.prove > 0
        """Whether answers are still to be compared with `predict` before the server is ready."""
        self._reloading = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open models and indexes.

        Raises:
            BertkitError: one can not be used.
        """
        self.state = "starting"
        sys.setswitchinterval(SWITCH)
        self.threads = Threads()
        self.batcher = Batcher(self.settings.queue_tokens, self.settings.timeout / 2)
        self.registry = Registry(self.settings, self.batcher, self.threads)
        self.figures.watch(self.batcher.load)
        await self.registry.open_all()
        if self.settings.watch:
            self._watching = asyncio.create_task(self._watch(self.settings.watch))
        self.state = "ok"

    @property
    def ready(self) -> bool:
        return self.state == "ok" and not self.unproven

    @property
    def failing(self) -> bool:
        """Whether nothing could be computed of late, as with a broken GPU."""
        return self.state == "ok" and self.batcher.load.failures >= FAILURES

    async def stop(self, *, at_once: bool = False) -> None:
        """Answer what waits, unless it is to end at once, and end."""
        self.state = "stopping"
        if self._watching:
            self._watching.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if at_once else self.settings.grace):
                await self.batcher.close()
        self.threads.close()

    async def prove(self) -> None:
        """Compare answers of the queue with those of `predict`, for a server whose sockets are not ours.

        Raises:
            RunError: they differ.
        """
        from bertkit.serve.served.prove import prove

        for served in list(self.registry.models.values()):
            await prove(self, served, self.settings.prove)
        self.unproven = False

    async def reload(self) -> None:
        """Read the keys again, and open again what has changed."""
        from bertkit.serve.served.prove import prove

        async with self._reloading:
            try:
                self.keys = Keys.read(self.settings.keys, guests=self.keys.guests)
            except BertkitError as error:
                log.warning("keys stay as they were: %s", error)
            names = await self.registry.reload(lambda served: prove(self, served, self.settings.prove))
            for name in names:
                log.info("%s: opened again", name)

    async def _watch(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.reload()
            except Exception:  # a bug of ours must not end the watch in silence
                log.exception("reload failed")

    # --- what requests name -------------------------------------------------------------------------------------------

    def model(self, name: str) -> Served:
        """Raises Refusal, 404, for a name that is not there."""
        if found := self.registry.models.get(name):
            return found
        known = ", ".join(self.registry.models) or "none"
        raise Refusal(404, f"model: no model is called {name!r:.80}; there are: {known}", "model")

    def model_for(self, name: str | None, door: str) -> Served:
        """The model of this name, or the only one that a door can use.

        Raises:
            Refusal: 404, no such model; 422, a model that the door can not use, or several.
        """
        from bertkit.serve.served.gives import gives

        if name is not None:
            served = self.model(name)
            if door not in gives(served):
                raise Refusal(422, f"model: {name} ({served.predictor.recipe.task}) does not give {door}", "model")
            return served
        able = [one for one in self.registry.models.values() if door in gives(one)]
        if len(able) != 1:
            many = (
                f"several models give {door}: {', '.join(one.name for one in able)}"
                if able
                else f"no model gives {door}"
            )
            raise Refusal(422 if able else 404, f"model: {many}", "model")
        return able[0]

    def index(self, name: str | None) -> ServedIndex:
        """The index of this name, or the only one.

        Raises:
            Refusal: 404, there is none; 422, there are several.
        """
        found = self.registry.indexes
        if name is not None and name in found:
            return found[name]
        if name is None and len(found) == 1:
            return next(iter(found.values()))
        known = ", ".join(found) or "none"
        several = name is None and len(found) > 1
        raise Refusal(422 if several else 404, f"index: name one of those that are served: {known}", "index")
