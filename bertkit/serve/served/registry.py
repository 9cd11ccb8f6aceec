"""The models and indexes of a server, by name; each can be replaced while requests are answered."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bertkit.errors import BertkitError
from bertkit.serve.batcher import Batcher
from bertkit.serve.served.model import ModelLane, Served, digest, identity_of, open_served
from bertkit.serve.served.threads import Deadline, Threads, in_new_thread, in_thread
from bertkit.serve.settings import ServeSettings

if TYPE_CHECKING:
    from bertkit.search.index.index import Index

log = logging.getLogger("bertkit")


@dataclass(frozen=True)
class ServedIndex:
    """An index, whose model computes by the queue."""

    name: str
    index: Index
    model: Served


@dataclass
class Registry:
    """What is served now. A request keeps the model that it began with."""

    settings: ServeSettings
    batcher: Batcher
    threads: Threads
    models: dict[str, Served] = field(default_factory=dict)
    indexes: dict[str, ServedIndex] = field(default_factory=dict)

    async def open_all(self) -> None:
        """Open everything.

        Raises:
            BertkitError: one can not be used.
        """
        for name, source in self.settings.models.items():
            self.models[name] = await self._open(name, source)
        for name, address in self.settings.indexes.items():
            self.indexes[name] = await self._open_index(name, address)

    async def _open(self, name: str, source: str) -> Served:
        identity = await in_thread(self.threads.texts, identity_of, source, self.settings)
        for other in self.models.values():
            if other.identity == identity or (identity is None and other.source == source):
                return replace(other, name=name, source=source)  # its weights are in memory once
        return await in_new_thread(open_served, name, source, self.settings, self.batcher, self.threads)

    async def _open_index(self, name: str, address: str, old: ServedIndex | None = None) -> ServedIndex:
        """Args: old: the index as it was; if it has the same model, that stays."""
        from bertkit.search.index.index import Index

        trust = self.settings.trust_code
        index = await in_thread(self.threads.searches, Index.open, address, trust_code=trust)
        if old is not None and old.index.about.hashes == index.about.hashes:
            index.model = old.index.model
            return ServedIndex(name, index, old.model)
        model = await in_new_thread(getattr, index, "model")
        lane = await in_new_thread(ModelLane, [model.queries], self.threads, self.settings.batch_tokens)
        identity = digest(model.hashes)
        served = Served(name, address, identity, None, model.queries, lane, self.batcher, self.threads)
        model.queries = served.queued(model.queries, Deadline(None))
        return ServedIndex(name, index, served)

    async def reload(self, check: Callable[[Served], Awaitable[object]]) -> list[str]:
        """Open again what has changed. The old one answers until the new one is checked, and the requests that it has.

        Args:
            check: raises a BertkitError for a model that does not answer as it must.

        Returns:
            the names of those that were replaced. What can not be opened stays as it was, and that is logged.
        """
        replaced = []
        for name, served in list(self.models.items()):
            try:
                now = await in_thread(self.threads.texts, identity_of, served.source, self.settings)
                if now is None or now == served.identity:
                    continue
                fresh = await self._open(name, served.source)
                await check(fresh)
            except Exception as error:  # whatever it is, the others are to be opened
                _log_kept(name, error)
                continue
            self.models[name] = fresh
            replaced.append(name)
        for name, old in list(self.indexes.items()):
            address = self.settings.indexes[name]
            try:
                now_there = await in_thread(self.threads.searches, _version, address)
                if now_there == old.index.store.version:
                    continue
                self.indexes[name] = await self._open_index(name, address, old)
                replaced.append(name)
            except Exception as error:
                _log_kept(name, error)
        return replaced


def _version(address: str) -> int:
    from bertkit.search.index.store import Store

    return Store.open(address).version


def _log_kept(name: str, error: Exception) -> None:
    mistake = isinstance(error, BertkitError | OSError)
    log.warning("%s stays as it was: %s", name, error, exc_info=None if mistake else error)
