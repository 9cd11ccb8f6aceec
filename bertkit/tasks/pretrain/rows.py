"""The rows of `pretrain`: from corpus folders, or from raw texts, which are built into a corpus once and cached.

A recipe's data is a corpus folder (`bertkit corpus build`) or anything that a corpus can be built from. With phases
`data.train` names one folder per phase; from raw texts one corpus is built for each phase.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bertkit import processes
from bertkit.data.corpus import corpus, summary
from bertkit.data.corpus.corpus import Corpus
from bertkit.data.lazy import LazySequence
from bertkit.data.read.rows import leave_out
from bertkit.errors import DataError, RecipeError, Setting
from bertkit.fs import cores
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, Recipe
from bertkit.tasks import constant
from bertkit.tasks.pretrain.options import PAIRS
from bertkit.warn import warn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.tasks.pretrain.options import PretrainOptions

log = logging.getLogger("bertkit")

Split = Literal["train", "validation", "all"]
PROCESSES = 16
"""Most processes that build a corpus: each needs about 200 MB."""
EVERY = 10.0
"""Seconds between two log lines about the progress of a corpus."""


class CorpusRows(LazySequence):
    """Rows of one or several corpora, one after the other; each is read on access."""

    def __init__(self, corpora: Sequence[Corpus], numbers: Sequence[np.ndarray | None] = ()):
        """`numbers`: the numbers of the rows to take from each corpus, `(row,)`, or None for all of its rows."""
        self.corpora = corpora
        self.numbers = [
            np.arange(len(one)) if n is None else n
            for one, n in zip(corpora, numbers or [None] * len(corpora), strict=True)
        ]
        self.ends = np.cumsum([len(n) for n in self.numbers])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def read(self, number: int) -> dict[str, Any]:
        part = int(np.searchsorted(self.ends, number, side="right"))
        place = number - (int(self.ends[part - 1]) if part else 0)
        return self.corpora[part][int(self.numbers[part][place])]

    @property
    def sizes(self) -> list[int]:
        """Rows of each corpus."""
        return [len(n) for n in self.numbers]

    @cached_property
    def lengths(self) -> np.ndarray:
        """`(row,)`: tokens of each row, without special ones."""
        return np.concatenate([one.lengths[n] for one, n in zip(self.corpora, self.numbers, strict=True)])

    @cached_property
    def identity(self) -> str:
        """A hash of the rows' content."""
        digest = hashlib.sha256()
        for one, numbers in zip(self.corpora, self.numbers, strict=True):
            content = [one.split, one.manifest["shards"]]  # each shard with its hash
            digest.update(json.dumps(content, sort_keys=True).encode() + numbers.tobytes())
        return digest.hexdigest()

    def limited(self, most: int | None, seed: int, *, each: bool = False) -> CorpusRows:
        """At most `most` rows, or so many of each corpus, drawn with the seed."""
        if most is None or (len(self) <= most and not each):
            return self
        rng = np.random.default_rng(seed)
        if each or len(self.corpora) == 1:
            return CorpusRows(self.corpora, [np.sort(rng.permutation(n)[:most]) for n in self.numbers])
        drawn = np.split(chosen := np.sort(rng.permutation(len(self))[:most]), np.searchsorted(chosen, self.ends[:-1]))
        starts = [0, *self.ends[:-1].tolist()]
        kept = [n[own - start] for n, own, start in zip(self.numbers, drawn, starts, strict=True)]
        return CorpusRows(self.corpora, kept)


def read(recipe: Recipe, options: PretrainOptions, names: Sequence[str] = ()) -> dict[str, CorpusRows]:
    """The rows of each split (see `Task.read`); without `data.validation` the corpus's own validation rows.

    Raises:
        DataError: no such data, a corpus of another tokenizer or other pairs, or no rows to validate on.
    """
    block = recipe.data
    tokenizer = load_tokenizer(recipe.model)
    lengths = options.lengths(tokenizer.model_max_length)
    splits: dict[str, CorpusRows] = {}
    needed = set(names or ("train", "validation", "test"))
    for name in ("validation", "test"):
        if name in needed and (sources := getattr(block, name)):
            splits[name] = CorpusRows(_open(sources, "all", lengths[-1], recipe, options, tokenizer))
    own = "validation" in needed and block.validation is None
    if block.train and ("train" in needed or own):
        phases = list(zip(_sources_of_phases(block.train, len(lengths)), lengths, strict=True))
        if "train" in needed:
            parts = [_open(sources, "train", length, recipe, options, tokenizer) for sources, length in phases]
            splits["train"] = CorpusRows([one for part in parts for one in part])
            if options.objective != "mlm":
                check_pairs([one.manifest for one in splits["train"].corpora], block)
        if own:  # from the last phase, whose rows the finished model will read
            sources, length = phases[-1]
            splits["validation"] = CorpusRows(_open(sources, "validation", length, recipe, options, tokenizer))
    for name, rows in splits.items():
        if not len(rows):
            what = f"{', '.join(getattr(block, name) or block.train or [])} has no rows for {name}"
            todo = "build it with another validation ratio, or name other data"
            raise DataError.at(f"data.{name}", what, todo)
    for name, rows in splits.items():
        phased = name == "train" and len(lengths) > 1
        splits[name] = rows.limited(getattr(block.limit, name), recipe.seed, each=phased)
        if left := len(rows) - len(splits[name]):
            log.info("%s: %d of %d rows, drawn with seed %d", name, len(splits[name]), len(rows), recipe.seed)
            leave_out(not_drawn=left)
    return splits


def check_pairs(manifests: Sequence[dict[str, Any]], block: DataBlock) -> None:
    """Check that the pairs to train on have both labels.

    Raises:
        DataError: all pairs of all corpora have the same label.
    """
    found = [summary.one_sided(manifest, "train") for manifest in manifests]
    for one in filter(None, found):
        if not one.constant:
            warn(f"{one.reason}: pairs teach little; {one.remedy}", "train")
    if found and all(one and one.constant for one in found):
        remedy = f"{found[0].remedy}, or train without pairs: options.objective: mlm" if found[0] else ""
        constant.refuse(f"{found[0].reason if found[0] else ''}, and the loss has a part for pairs", remedy, block)


def _sources_of_phases(sources: list[str], phases: int) -> list[list[str]]:
    if phases == 1 or not any(map(_is_corpus, sources)):
        return [sources] * phases
    if len(sources) != phases:
        todo = "name one folder per phase, in the order of options.phases"
        raise RecipeError.at("data.train", f"{len(sources)} sources for {phases} phases", todo)
    return [[source] for source in sources]


def _is_corpus(source: str) -> bool:
    return corpus.is_corpus(Path(source))


def _open(
    sources: list[str], split: Split, length: int, recipe: Recipe, options: PretrainOptions,
    tokenizer: PreTrainedTokenizerBase,
) -> list[Corpus]:  # fmt: skip
    """The corpora among these sources, and one corpus of this row length, built from all other sources."""
    folders = [Path(source) for source in sources if _is_corpus(source)]
    if texts := [source for source in sources if not _is_corpus(source)]:
        ratio = recipe.data.validation_ratio if split != "all" and recipe.data.validation is None else 0.0
        if split != "validation":
            log.info("%s: building a corpus, or reading it from the cache", ", ".join(texts))
        folders.append(
            corpus.cached(
                texts, tokenizer, options.of_texts(length, ratio), split=split, block=recipe.data,
                processes=min(cores(), PROCESSES), progress=BuildProgress(),
            )
        )  # fmt: skip
    opened = [Corpus.open(folder, split) for folder in folders]
    for folder, one in zip(folders, opened, strict=True):
        check(one, folder, tokenizer, options)
    for one in opened[: len(opened) - bool(texts)] if processes.local_rank() == 0 else ():  # a cached one was checked
        one.check_content()
    return opened


class BuildProgress:
    """Logs the progress of a corpus every ten seconds: share done and seconds left, from `(what, done, total)`."""

    def __init__(self) -> None:
        self._what, self._begun, self._logged = "", 0.0, 0.0

    def __call__(self, what: str, done: float, total: float) -> None:
        now = time.monotonic()
        if what != self._what:
            self._what, self._begun, self._logged = what, now, now
        if now - self._logged < EVERY or not 0 < done < total:
            return
        self._logged = now
        left = (now - self._begun) * (total - done) / done
        log.info("corpus: %s, %.0f%%, %.0f s left", what, 100 * done / total, left)


def check(one: Corpus, folder: Path, tokenizer: PreTrainedTokenizerBase, options: PretrainOptions) -> None:
    """Raise a DataError if a corpus was built with another tokenizer, or lacks the pairs of the objective."""
    one.check_tokenizer(tokenizer)
    needed, has = PAIRS[options.objective], one.manifest["options"]["pairs"]
    if needed not in ("none", has):
        what = f"its pairs are {has}, but objective {options.objective} needs {needed}"
        todo = f"build it with pairs {needed}, or train without pairs"
        raise DataError.at(str(folder), what, todo, setting=Setting("options.objective", "mlm"))
