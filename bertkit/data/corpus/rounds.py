"""A corpus is made in two rounds over its parts, each spread over processes.

1. Sources are read as a stream and dealt out in parts of `PART` characters, whole documents each; a part is cleaned,
   split into sentences, cut into tokens and written (parts.py).
2. Duplicates are found by hash and validation documents drawn, over all documents; then the rows of each part are made
   and written (shards.py), with random sentences read from any other part.

Every file is written aside and renamed, and depends on the sources, the options and its own number alone. So a build
that was killed goes on where it was, and the number of processes changes nothing. Memory: a part a process, and 24
bytes a document (some 100 while duplicates are looked for).
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.data.corpus import pairs as pretraining
from bertkit.data.corpus import parts, sentences, shards
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.parts import Elsewhere, Part
from bertkit.data.read.documents import Scanned, clean, documents, paragraphs
from bertkit.data.tokenizer.cutter import Cutter
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

PART = 4_000_000
"""Characters of a part. A process takes some 150 MB for one; more would not be faster."""

SPLITS = ("train", "validation")

Progress = Callable[[str, int, int], None]
"""What is done, so many units of it, of so many: bytes of text, then parts."""


class Ended(DataError):
    """A process of a build was killed; the build can go on."""


def read_parts(
    work: Path, scanned: Sequence[Scanned], block: DataBlock, options: CorpusOptions, run: Run, progress: Progress
) -> tuple[int, Counter[str]]:
    """The first round. Returns how many parts there are, and what was counted."""
    counts: Counter[str] = Counter()
    total, done, number = sum(each.size for each in scanned), 0, -1

    def jobs() -> Iterator[tuple[Any, ...]]:
        nonlocal number
        for number, texts in enumerate(_dealt(_all(scanned, block, options, counts))):
            yield work, number, texts, options

    for found in run(read_part, jobs()):
        done += found["bytes"]
        progress("reading", done, max(total, done))
        counts.update(found)
    return number + 1, counts


def read_part(work: Path, number: int, texts: list[str], options: CorpusOptions) -> dict[str, int]:
    """Write a part, where it is not there yet. Returns what was counted."""
    file = work / parts.name(number)
    if file.exists():
        return parts.account(file)[0]
    cutter = _cutter(work / "tokenizer.json")
    counts: Counter[str] = Counter(bytes=sum(len(text.encode()) for text in texts))
    found: list[str] = []
    in_document = []
    for text in texts:
        text = clean(text, counts) if options.clean else text
        before = len(found)
        for paragraph in paragraphs(text, options.join_lines):
            found += sentences.split(paragraph) if options.split_sentences else [paragraph]
        in_document.append(len(found) - before)
    marked, ends = cutter.cut(found)
    document = np.repeat(np.arange(len(texts)), in_document)
    full = np.diff(ends, prepend=0) > 0
    offsets = np.concatenate([[0], ends[full]])  # (sentence + 1,)
    filled, each = np.unique(document[full], return_counts=True)
    hashes = _hashes(found, in_document, filled)
    counts["documents"] = len(filled)
    counts["documents_empty"] = len(texts) - len(filled)
    counts["sentences"] = len(offsets) - 1
    counts["tokens"] = len(marked)
    counts["tokens_unknown"] = cutter.unknown(marked)
    Part(marked, offsets, np.concatenate([[0], np.cumsum(each)]), hashes, dict(counts)).write(file)
    return dict(counts)


def choose(work: Path, count: int, options: CorpusOptions) -> dict[str, int]:
    """Find duplicates, draw the validation documents, and write a table of each split's documents."""
    accounts = [parts.account(work / parts.name(number))[1] for number in range(count)]
    place = np.concatenate([(number << 32) + np.arange(len(found)) for number, found in enumerate(accounts)])
    again = _again(np.concatenate(accounts))
    if options.deduplicate:
        place = place[~again]
    least = 2 if options.pairs == "nsp" and len(place) >= 4 else 1  # so that one may be followed by the other
    share = max(least, round(options.validation_ratio * len(place))) if options.validation_ratio else 0
    drawn = np.random.default_rng([options.seed, len(place)]).choice(
        len(place), min(share, len(place) - 1), replace=False
    )
    validates = np.zeros(len(place), bool)
    validates[drawn] = True
    for split, chosen in (("train", place[~validates]), ("validation", place[validates])):
        aside = work / f".{split}.npy"
        np.save(aside, chosen)
        aside.replace(work / f"{split}.npy")
    return {"documents_repeated": int(again.sum()), "train": int((~validates).sum()), "validation": len(drawn)}


def make_shards(
    work: Path, output: Path, count: int, options: CorpusOptions, about: dict[str, Any], run: Run, progress: Progress
) -> list[dict[str, Any]]:
    """The second round. Returns what is told of each shard, in order; those without rows are removed."""
    jobs = [
        (work, output, split, part, number, options, about)
        for split in SPLITS
        for number in range(options.passes if split == "train" else 1)
        for part in range(count)
    ]
    found = []
    for shard in run(make_shard, iter(jobs)):
        found.append(shard)
        progress("making rows", len(found), len(jobs))
    for shard in found:
        if not shard["rows"]:
            (output / shard["file"]).unlink(missing_ok=True)
    return sorted((shard for shard in found if shard["rows"]), key=lambda shard: shard["file"])


def make_shard(
    work: Path, output: Path, split: str, part: int, number: int, options: CorpusOptions, about: dict[str, Any]
) -> dict[str, Any]:
    """Write the rows of a part in one pass, where they are not there yet. Returns what is told of the shard."""
    file = output / split / f"{part:06d}-{number}.arrow"
    if not file.exists():
        counts: Counter[str] = Counter()
        table = np.load(work / f"{split}.npy", mmap_mode="r")
        low, high = np.searchsorted(table, [part << 32, (part + 1) << 32])
        chosen = np.asarray(table[low:high]) & (2**32 - 1)  # (document,) in the part
        own = Part.read(work / parts.name(part))
        counts["tokens_own"] = int(own.lengths[chosen].sum())
        rows: list[pretraining.Row] = []
        if options.pairs == "none":
            room, separator = options.max_length - about["special"][0], 2 * about["separator"] + 1
            rows += pretraining.packed(own, chosen, room, separator, counts)
        else:
            elsewhere = Elsewhere(work, work / f"{split}.npy") if options.pairs == "nsp" and len(table) > 1 else None
            draw = random.Random(f"{options.seed} {split} {number} {part}")
            pairs = pretraining.Pairs(options, options.max_length - about["special"][1], draw, elsewhere, counts)
            for place, document in enumerate(chosen.tolist(), int(low)):
                rows += pairs.rows(own, document, place)
        shards.write(rows, dict(counts), file, about["tokens"])
    content = file.read_bytes()
    told = {"file": f"{split}/{file.name}", "split": split, "bytes": len(content)}
    return {**told, "sha256": hashlib.sha256(content).hexdigest(), **shards.counts_of(file)}


class Run:
    """Runs jobs in this process, or spread over others, some at a time; their order does not count."""

    def __init__(self, processes: int):
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of running threads
        self._ahead = 2 * processes
        self._pool = ProcessPoolExecutor(processes, context, initializer=_begin) if processes > 1 else None

    def __call__(self, work: Callable[..., Any], jobs: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        if self._pool is None:
            yield from (work(*job) for job in jobs)
            return
        running: set[Future[Any]] = set()
        try:
            for job in jobs:
                running.add(self._pool.submit(work, *job))
                if len(running) >= self._ahead:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (each.result() for each in done)
            for each in running:
                yield each.result()
        except BrokenProcessPool as error:
            todo = "if the memory was full, take fewer --processes; the same command goes on"
            raise Ended.at("--processes", "a process was ended from outside", todo) from error

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """What a process does first: leave Ctrl-C to the one that started it, and end with it."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent:
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


class Busy(DataError):
    """Another build works in this folder."""


@contextlib.contextmanager
def alone(work: Path) -> Iterator[None]:
    """Raise Busy where another build works in this folder."""
    import fcntl

    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Busy.at(str(work.parent), "another build is at work there", "wait for it") from error
        yield


def _all(scanned: Sequence[Scanned], block: DataBlock, options: CorpusOptions, counts: Counter[str]) -> Iterator[str]:
    for each in scanned:
        yield from documents(each, block, options, counts)


def _dealt(texts: Iterable[str]) -> Iterator[list[str]]:
    dealt, size = [], 0
    for text in texts:
        dealt.append(text)
        size += len(text)
        if size >= PART:
            yield dealt
            dealt, size = [], 0
    if dealt:
        yield dealt


def _hashes(found: list[str], in_document: list[int], filled: np.ndarray) -> np.ndarray:
    ends = np.cumsum(in_document).tolist()
    content = b"".join(
        hashlib.blake2b("\n".join(found[ends[i] - in_document[i] : ends[i]]).encode(), digest_size=16).digest()
        for i in filled.tolist()
    )
    return np.frombuffer(content, np.uint64).reshape(-1, 2)


def _again(hashes: np.ndarray) -> np.ndarray:
    """(document,) whether an earlier one has the same hash."""
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))  # stable: of equal ones the first stays first
    same = (hashes[order[1:]] == hashes[order[:-1]]).all(axis=1)
    again = np.zeros(len(hashes), bool)
    again[order[1:][same]] = True
    return again


@lru_cache(maxsize=1)
def _cutter(file: Path) -> Cutter:
    return Cutter(file.read_text("utf-8"))
