"""Parts answered by the workers of a Ray cluster, through Ray Data.

This machine reads the input and writes all files; a worker gets a part's rows and returns what its file holds, so the
nodes need no common disk. A worker that dies is started again, and its part answered again, by Ray.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.engine.cluster import Cluster, NodeShare
from bertkit.errors import BertkitError
from bertkit.inference.bulk.answering import Answering
from bertkit.inference.bulk.input import BulkInput
from bertkit.inference.bulk.parts import AnsweredPart, BulkPart, PartPlan, parts

AHEAD = 64 * 2**20
"""Bytes of parts for each worker that wait in Ray's memory: hundreds of parts."""

Opener = Callable[[str], Answering]
"""Opens, on a worker, what answers there; takes the place of the model's files, or its name."""


@dataclass(frozen=True)
class RayParts:
    """Answers parts on a cluster, in no order.

    Args:
        model: a folder, whose files the workers get, or the name of a model that they can load.
        opener: can be pickled.
        workers: how many; None: as `Cluster.share` says.
    """

    cluster: Cluster
    model: str
    opener: Opener
    workers: int | None = None

    def __call__(
        self, source: BulkInput, plan: PartPlan, margin: int, wanted: set[int], columns: list[str]
    ) -> Iterator[AnsweredPart]:
        """The wanted parts, each when it is answered.

        Raises:
            BertkitError: as the part would raise on this machine.
        """
        import ray

        share = self.cluster.share(self.workers)
        _quiet(share)
        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        sources = [replace(one, file=one.file and one.file.absolute()) for one in source.sources]  # it runs elsewhere
        read = _Reading(replace(source, sources=sources), plan, margin, frozenset(wanted))
        files: Any = ray.put(_files(Path(self.model))) if Path(self.model).is_dir() else None
        rows = ray.data.from_items([0]).map_batches(read, batch_size=1, num_cpus=0, label_selector=here)
        answered = rows.map_batches(
            Worker,
            fn_constructor_args=(self.model, files, self.opener, columns),
            batch_size=1,
            concurrency=share.count,
            num_cpus=share.cpus,
            num_gpus=share.gpus,
        )
        for row in answered.iter_rows():
            if row["error"]:
                raise pickle.loads(row["error"])
            yield AnsweredPart(row["number"], row["rows"], row["tokens"], row["content"])


def _quiet(workers: NodeShare) -> None:
    """Ray Data shows no progress of its own, makes a block of each part, and reads not far ahead."""
    import logging

    from ray.data import DataContext

    context: Any = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = 1
    context.execution_options.resource_limits = context.execution_options.resource_limits.copy(
        object_store_memory=AHEAD * (workers.count + 1)
    )
    logging.getLogger("ray.data").setLevel(logging.ERROR)


@dataclass(frozen=True)
class _Reading:
    """Reads the wanted parts of an input, on this machine."""

    source: BulkInput
    plan: PartPlan
    margin: int
    wanted: frozenset[int]

    def __call__(self, _: Any) -> Iterator[dict[str, Any]]:
        try:
            with self.source.again() as rows:
                for part in parts(rows, self.plan, self.margin, self.wanted.__contains__):
                    yield _one(number=part.number, part=pickle.dumps(part))
        except BertkitError as error:
            yield _one(number=-1, part=pickle.dumps(error))


class Worker:
    """Answers parts in a process of Ray's."""

    def __init__(self, model: str, files: Any, opener: Opener, columns: list[str]):
        self._model, self._files, self._opener, self._columns = model, files, opener, columns

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        try:
            part = pickle.loads(batch["part"][0])
            if isinstance(part, BertkitError):
                raise part
            return self._answer(part)
        except BertkitError as error:
            return _one(number=-1, rows=0, tokens=0, content=b"", error=pickle.dumps(error))

    def _answer(self, part: BulkPart) -> dict[str, Any]:
        one = self._answering.answered(part, self._answering.prepare(part), self._columns)
        return _one(**one._asdict(), error=b"")

    @cached_property
    def _answering(self) -> Answering:
        if self._files is None:
            return self._opener(self._model)
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder, Path(self._model).name)
            for name, content in _fetched(self._files).items():
                (home / name).parent.mkdir(parents=True, exist_ok=True)
                (home / name).write_bytes(content)
            return self._opener(str(home))


def _fetched(files: Any) -> Mapping[str, bytes]:
    """What a reference of Ray's stands for."""
    if isinstance(files, Mapping):
        return files
    import ray

    found: Mapping[str, bytes] = ray.get(files)
    return found


def _one(**values: Any) -> dict[str, Any]:
    """A batch of one row, as Ray Data takes it."""
    return {name: np.array([value], object if isinstance(value, bytes) else None) for name, value in values.items()}


def _files(folder: Path) -> dict[str, bytes]:
    """The files of a Run or a checkpoint, without those of its training."""
    found = (file for file in sorted(folder.rglob("*")) if file.is_file())
    names = {str(file.relative_to(folder)): file for file in found}
    return {name: file.read_bytes() for name, file in names.items() if not name.startswith(("checkpoint", "."))}
