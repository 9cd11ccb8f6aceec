"""Data sets on the hub, through `datasets`: `hub:name[:config][@revision]#split`.

Without a network, `datasets` retries for up to 47 s. So we first check whether the hub's name resolves (3 s at most);
if not, only the local cache is used.

The price: rows are as `datasets` reads them, so an `NA` in a CSV file on the hub becomes a missing value.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bertkit import hub
from bertkit.data.read.arrow import BATCH, records
from bertkit.data.read.rows import Record
from bertkit.data.read.sources import Source
from bertkit.errors import BertkitError, DataError, did_you_mean
from bertkit.recipe.schema import DataBlock

log = logging.getLogger("bertkit")

_NAME = re.compile(r"hub:(?P<name>[\w.-]+(/[\w.-]+)?)(:(?P<config>[^@]+))?(@(?P<revision>.+))?")


def read_hub(source: Source, block: DataBlock) -> Iterator[Record]:
    """One split of a data set on the hub or in the local cache. Class numbers become names, a hidden label None.

    Raises:
        DataError: the name or the split is wrong, or it can not be loaded; the cause is chained.
    """
    parts = _parts(source)
    dataset = _load(f"{source.name}#{source.key}", parts, source.key)
    encoded = {} if block.label_ids else dataset.features.to_dict()
    place = Source(f"{source.name}#{source.key}", "hub")
    yield from records(place, dataset.with_format("arrow").iter(BATCH), encoded)


def check_hub(source: Source) -> None:
    """Check that a data set on the hub or in the local cache has the split; its rows are not loaded.

    Raises:
        DataError: as `read_hub`.
    """
    import datasets

    parts, where = _parts(source), f"{source.name}#{source.key}"
    offline, said = _asked(where, parts)
    try:
        with hub.cache_only() if offline or said else contextlib.nullcontext():
            known = datasets.load_dataset_builder(parts["name"], parts["config"], revision=parts["revision"]).info
    except Exception as error:
        raise _failure(where, error, parts, said, offline=offline) from error
    split = re.sub(r"\[.*|\+.*", "", source.key)
    if known.splits and split not in known.splits:
        raise DataError.at(where, f"no split {split!r}", did_you_mean(split, known.splits))


def _parts(source: Source) -> re.Match[str]:
    parts = _NAME.fullmatch(source.name)
    if not parts:
        raise DataError.at(source.name, "not the name of a data set", "write hub:name[:config][@revision]#split")
    if not source.key:
        raise DataError.at(source.name, "names no split", f"name it: {source.name}#train")
    if Path(parts["name"]).exists():  # which `datasets` would silently load instead
        raise DataError.at(source.name, f"a folder named {parts['name']} is here", "name it without hub: to read it")
    return parts


def _load(where: str, parts: re.Match[str], split: str) -> Any:
    import datasets

    offline, said = _asked(where, parts)
    try:
        with hub.cache_only() if offline or said else contextlib.nullcontext():
            dataset = datasets.load_dataset(parts["name"], parts["config"], split=split, revision=parts["revision"])
    except Exception as error:  # the libraries below raise some twenty kinds
        raise _failure(where, error, parts, said, offline=offline) from error
    if said:
        log.warning("%s: its copy in the cache is used", said.what)
    return dataset


def _asked(where: str, parts: re.Match[str]) -> tuple[bool, hub.Said | None]:
    """Whether the hub is out of reach, and what is wrong with it for now.

    Raises:
        DataError: the hub does not give the data set.
    """
    offline = not hub.reachable()
    said = None if offline else hub.check(parts["name"], "dataset", parts["revision"])
    if said and not said.passing:
        raise DataError.at(where, said.what, said.todo)
    return offline, said


def _failure(
    where: str, error: Exception, parts: re.Match[str], said: hub.Said | None, *, offline: bool
) -> BertkitError:
    if offline:
        why = "HF_HUB_OFFLINE is set" if hub.asked_offline() else "the hub can not be reached"
        todo = "load it once with a network, or name a local file"
        return DataError.at(where, f"{why}, and this is not in the local cache ({_reason(error)})", todo)
    if said := said or hub.explain(error, parts["name"], "dataset", parts["revision"]):
        return DataError.at(where, said.what, said.todo)
    return DataError.at(where, f"can not be loaded: {_reason(error)}")


def _reason(error: BaseException) -> str:
    """`datasets` only says that loading failed; the reason is in the first cause."""
    while error.__cause__:
        error = error.__cause__
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
