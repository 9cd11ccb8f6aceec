"""Where `pretrain` has its rows from: corpus folders as they are, or raw texts built into one, once, by their content.

What a recipe names as data is a corpus folder (`bertkit corpus build`), or anything that one can be built of. With
phases `data.train` names a folder a phase; of raw texts one is built for each.
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

from bertkit.data.corpus import corpus
from bertkit.data.corpus.corpus import Corpus
from bertkit.data.lazy import LazySequence
from bertkit.errors import DataError, RecipeError
from bertkit.fs import cores
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import Recipe
from bertkit.tasks.pretrain.options import PAIRS

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from bertkit.tasks.pretrain.options import PretrainOptions

log = logging.getLogger("bertkit")

Split = Literal["train", "validation", "all"]
PROCESSES = 16
"""That build a corpus, at most: each takes some 200 MB."""
EVERY = 10.0
"""Seconds between two lines about a corpus that is being built."""


class CorpusRows(LazySequence):
    """Rows of one corpus or of several, one after the other, or some of them; read when asked for."""

    def __init__(self, corpora: Sequence[Corpus], numbers: Sequence[np.ndarray | None] = ()):
        """`numbers` `(row,)`: which rows of each corpus, None for all of them."""
        chosen = numbers or [None] * len(corpora)
        self.corpora = corpora
        self.numbers = [np.arange(len(one)) if n is None else n for one, n in zip(corpora, chosen, strict=True)]
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
        """A hash of what the rows are."""
        digest = hashlib.sha256()
        for one, numbers in zip(self.corpora, self.numbers, strict=True):
            told = [one.split, one.manifest["shards"]]  # with their hashes
            digest.update(json.dumps(told, sort_keys=True).encode() + numbers.tobytes())
        return digest.hexdigest()

    def limited(self, most: int | None, seed: int) -> CorpusRows:
        """At most so many rows of each corpus, drawn by the seed."""
        rng = np.random.default_rng(seed)
        kept = [n if most is None or len(n) <= most else np.sort(rng.permutation(n)[:most]) for n in self.numbers]
        return CorpusRows(self.corpora, kept)


def read(recipe: Recipe, options: PretrainOptions, names: Sequence[str] = ()) -> dict[str, CorpusRows]:
    """The rows of each split (see `Task.read`); `validation` is the corpus's own where the recipe names none.

    Raises:
        DataError: no such data, a corpus of another tokenizer or other pairs, or no rows to validate on.
    """
    block = recipe.data
    tokenizer = load_tokenizer(recipe.model)
    lengths = options.lengths(tokenizer.model_max_length)
    found: dict[str, CorpusRows] = {}
    wanted = set(names or ("train", "validation", "test"))
    for name in ("validation", "test"):
        if name in wanted and (sources := getattr(block, name)):
            found[name] = CorpusRows(_open(sources, "all", lengths[-1], recipe, options, tokenizer))
    own = "validation" in wanted and block.validation is None
    if block.train and ("train" in wanted or own):
        phases = list(zip(_sources_of_phases(block.train, len(lengths)), lengths, strict=True))
        if "train" in wanted:
            parts = [_open(sources, "train", length, recipe, options, tokenizer) for sources, length in phases]
            found["train"] = CorpusRows([one for part in parts for one in part])
        if own:  # of the last phase: what the model is to do in the end
            sources, length = phases[-1]
            found["validation"] = CorpusRows(_open(sources, "validation", length, recipe, options, tokenizer))
    for name, rows in found.items():
        if not len(rows):
            what = f"{', '.join(getattr(block, name) or block.train or [])} has no rows for {name}"
            todo = "build it with another --validation-ratio, or name other data"
            raise DataError.at(f"data.{name}", what, todo)
    return {name: rows.limited(getattr(block.limit, name), recipe.seed) for name, rows in found.items()}


def _sources_of_phases(sources: list[str], phases: int) -> list[list[str]]:
    if phases == 1 or not any(map(_is_corpus, sources)):
        return [sources] * phases
    if len(sources) != phases:
        todo = "name one folder a phase, in the order of options.phases"
        raise RecipeError.at("data.train", f"{len(sources)} sources for {phases} phases", todo)
    return [[source] for source in sources]


def _is_corpus(source: str) -> bool:
    return corpus.is_corpus(Path(source))


def _open(
    sources: list[str], split: Split, length: int, recipe: Recipe, options: PretrainOptions,
    tokenizer: PreTrainedTokenizerBase,
) -> list[Corpus]:  # fmt: skip
    """The corpora of these sources: those that are some, and one built of all others, with rows of this length."""
    folders = [Path(source) for source in sources if _is_corpus(source)]
    if texts := [source for source in sources if not _is_corpus(source)]:
        ratio = recipe.data.validation_ratio if split != "all" and recipe.data.validation is None else 0.0
        if split != "validation":
            log.info("%s: a corpus is built of it, or taken from the cache", ", ".join(texts))
        folders.append(
            corpus.cached(
                texts, tokenizer, options.of_texts(length, ratio), block=recipe.data,
                processes=min(cores(), PROCESSES), progress=BuildProgress(),
            )
        )  # fmt: skip
    opened = [Corpus.open(folder, split) for folder in folders]
    for folder, one in zip(folders, opened, strict=True):
        check(one, folder, tokenizer, options)
    return opened


class BuildProgress:
    """Tells of a corpus that is being built: `(what, done, total)` -> a line every ten seconds, with what is left."""

    def __init__(self) -> None:
        self._what, self._begun, self._told = "", 0.0, 0.0

    def __call__(self, what: str, done: float, total: float) -> None:
        now = time.monotonic()
        if what != self._what:
            self._what, self._begun, self._told = what, now, now
        if now - self._told < EVERY or not 0 < done < total:
            return
        self._told = now
        left = (now - self._begun) * (total - done) / done
        log.info("corpus: %s, %.0f%%, %.0f s left", what, 100 * done / total, left)


def check(one: Corpus, folder: Path, tokenizer: PreTrainedTokenizerBase, options: PretrainOptions) -> None:
    """Raise a DataError where a corpus is another tokenizer's, or has not the pairs that the objective wants."""
    one.check_tokenizer(tokenizer)
    wanted, has = PAIRS[options.objective], one.manifest["options"]["pairs"]
    if wanted not in ("none", has):
        what = f"its pairs are {has}, but objective {options.objective} wants {wanted}"
        todo = f"bertkit corpus build --pairs {wanted}, or set options.objective=mlm"
        raise DataError.at(str(folder), what, todo)
