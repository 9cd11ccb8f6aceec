"""The two rounds of building a corpus, each over all parts and in parallel.

1. Sources are read as a stream, in parts of `PART` characters of whole documents; each part is cleaned, split into
   sentences, tokenized and written (parts.py).
2. Over all documents, duplicates are found by hash and validation documents drawn; then the rows of each part are made
   and written (shards.py), with random sentences from any part.

Every file is written aside and renamed, and depends only on the sources, the options and its number. So an interrupted
build can be continued, and the number of processes does not change the result. Memory: one part per process, and 24
bytes per document (some 100 while duplicates are searched).
"""

from __future__ import annotations

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
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.data.corpus import pairs as pretraining
from bertkit.data.corpus import parts, sentences, shards
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.parts import CorpusPart, RandomSentences
from bertkit.data.read.documents import Scanned, clean, documents, paragraphs
from bertkit.data.tokenizer.cached import CachedTokenizer
from bertkit.data.tokenizer.marked import mark_first
from bertkit.errors import DataError, Parameter
from bertkit.files.manifest import sha256
from bertkit.fs import written_aside
from bertkit.recipe.schema import DataBlock

PART = 4_000_000
"""Characters per part. A process needs some 150 MB for one; larger parts are not faster."""

SPLITS = ("train", "validation")

Progress = Callable[[str, int, int], None]
"""Called with the name of the round, and the units done and in total: bytes of text, then parts."""


@dataclass(frozen=True)
class Build:
    """What every job of a build needs.

    `work` is the folder of the parts, `output` that of the corpus, `tokenizer` the manifest's entry of the tokenizer.
    """

    work: Path
    output: Path
    options: CorpusOptions
    tokenizer: dict[str, Any]


class Ended(DataError):
    """A process of a build was killed; the build can be continued."""


def read_parts(
    build: Build, scanned: Sequence[Scanned], block: DataBlock, workers: Workers, progress: Progress
) -> tuple[int, Counter[str]]:
    """The first round. Returns the number of parts, and the counts."""
    counts: Counter[str] = Counter()
    total, done, number = sum(each.size for each in scanned), 0, -1

    def jobs() -> Iterator[tuple[Any, ...]]:
        nonlocal number
        for number, texts in enumerate(_batches(_all(scanned, block, build.options, counts))):
            yield build, number, texts

    for part_counts in workers(read_part, jobs()):
        done += part_counts["bytes"]
        progress("reading", done, max(total, done))
        counts.update(part_counts)
    return number + 1, counts


def read_part(build: Build, number: int, texts: list[str]) -> dict[str, int]:
    """Write a part, unless it exists. Returns its counts."""
    file = build.work / parts.name(number)
    if file.exists():
        return parts.read_summary(file)[0]
    tokenizer = _tokenizer(build.work / "tokenizer.json", build.tokenizer["sha256"])
    counts: Counter[str] = Counter(bytes=sum(len(text.encode()) for text in texts))
    split: list[str] = []  # sentences of all documents
    in_document = []
    for text in texts:
        text = clean(text, counts) if build.options.clean else text
        before = len(split)
        for paragraph in paragraphs(text, build.options.join_lines):
            split += sentences.split(paragraph) if build.options.split_sentences else [paragraph]
        in_document.append(len(split) - before)
    marked, ends = tokenizer.tokenize(split)
    document = np.repeat(np.arange(len(texts)), in_document)
    full = np.diff(ends, prepend=0) > 0
    offsets = np.concatenate([[0], ends[full]])  # (sentence + 1,)
    filled, each = np.unique(document[full], return_counts=True)
    hashes = _hashes(split, in_document, filled)
    counts["documents"] = len(filled)
    counts["documents_empty"] = len(texts) - len(filled)
    counts["sentences"] = len(offsets) - 1
    counts["tokens"] = len(marked)
    counts["tokens_unknown"] = tokenizer.count_unknown(marked)
    CorpusPart(marked, offsets, np.concatenate([[0], np.cumsum(each)]), hashes, dict(counts)).write(file)
    return dict(counts)


def choose(work: Path, count: int, options: CorpusOptions) -> dict[str, int]:
    """Find duplicates, draw the validation documents, and write a table of the documents of each split.

    Returns the numbers of repeated documents and of the documents of each split.
    """
    hashes = [parts.read_summary(work / parts.name(number))[1] for number in range(count)]
    place = np.concatenate([(number << 32) + np.arange(len(own)) for number, own in enumerate(hashes)])
    repeated = _repeated(np.concatenate(hashes))
    if options.deduplicate:
        place = place[~repeated]
    least = 2 if options.pairs == "nsp" and len(place) >= 4 else 1  # two, so that each has another to be paired with
    share = max(least, round(options.validation_ratio * len(place))) if options.validation_ratio else 0
    drawn = np.random.default_rng([options.seed, len(place)]).choice(
        len(place), min(share, len(place) - 1), replace=False
    )
    validates = np.zeros(len(place), bool)
    validates[drawn] = True
    for split, chosen in (("train", place[~validates]), ("validation", place[validates])):
        with written_aside(work / f"{split}.npy") as aside, aside.open("wb") as stream:
            np.save(stream, chosen)
    return {"documents_repeated": int(repeated.sum()), "train": int((~validates).sum()), "validation": len(drawn)}


def make_shards(build: Build, count: int, workers: Workers, progress: Progress) -> list[dict[str, Any]]:
    """The second round. Returns the file and counts of each shard, in order; shards without rows are removed."""
    jobs = [
        (build, split, part, number)
        for split in SPLITS
        for number in range(build.options.passes if split == "train" else 1)
        for part in range(count)
    ]
    made = []
    for shard in workers(make_shard, iter(jobs)):
        made.append(shard)
        progress("making rows", len(made), len(jobs))
    for shard in made:
        if not shard["rows"]:
            (build.output / shard["file"]).unlink(missing_ok=True)
    return sorted((shard for shard in made if shard["rows"]), key=lambda shard: shard["file"])


def make_shard(build: Build, split: str, part: int, number: int) -> dict[str, Any]:
    """Write the rows of a part in pass `number`, unless they exist. Returns the file and counts of the shard."""
    work, options, tokenizer = build.work, build.options, build.tokenizer
    file = build.output / split / f"{part:06d}-{number}.arrow"
    if not file.exists():
        counts: Counter[str] = Counter()
        table = np.load(work / f"{split}.npy", mmap_mode="r")
        low, high = np.searchsorted(table, [part << 32, (part + 1) << 32])
        chosen = np.asarray(table[low:high]) & (2**32 - 1)  # (document,) in the part
        own = CorpusPart.read(work / parts.name(part))
        counts["tokens_own"] = int(own.lengths[chosen].sum())
        rows: list[pretraining.Row] = []
        if options.pairs == "none":
            room, separator = options.max_length - tokenizer["special"][0], mark_first(tokenizer["separator"])
            rows += pretraining.packed(own, chosen, room, separator, counts)
        else:
            others = RandomSentences(work, work / f"{split}.npy") if options.pairs == "nsp" and len(table) > 1 else None
            draw = random.Random(f"{options.seed} {split} {number} {part}")
            room = options.max_length - tokenizer["special"][1]
            pairs = pretraining.PairSampler(options, room, draw, others, counts)
            for place, document in enumerate(chosen.tolist(), int(low)):
                rows += pairs.rows(own, document, place)
        shards.write(rows, dict(counts), file, tokenizer["tokens"])
    own_counts = {"file": f"{split}/{file.name}", "split": split, "bytes": file.stat().st_size}
    return {**own_counts, "sha256": sha256(file), **shards.counts_of(file)}


class Workers:
    """Runs jobs in this process or in a pool of processes, some at a time and in any order."""

    def __init__(self, processes: int):
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of running threads
        self._ahead = 2 * processes
        self._pool = ProcessPoolExecutor(processes, context, initializer=_start) if processes > 1 else None

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
            todo = "if the memory was full, use fewer; building again continues from here"
            raise Ended.at(Parameter("processes"), "a process was killed", todo) from error

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)


def _start() -> None:
    """Start of a worker process: leave Ctrl-C to the parent, and end with it."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent:
            parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _all(scanned: Sequence[Scanned], block: DataBlock, options: CorpusOptions, counts: Counter[str]) -> Iterator[str]:
    for each in scanned:
        yield from documents(each, block, options, counts)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts of each part."""
    batch, size = [], 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= PART:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _hashes(sentences: list[str], in_document: list[int], filled: np.ndarray) -> np.ndarray:
    ends = np.cumsum(in_document).tolist()
    content = b"".join(
        hashlib.blake2b("\n".join(sentences[ends[i] - in_document[i] : ends[i]]).encode(), digest_size=16).digest()
        for i in filled.tolist()
    )
    return np.frombuffer(content, np.uint64).reshape(-1, 2)


def _repeated(hashes: np.ndarray) -> np.ndarray:
    """(document,) whether an earlier one has the same hash."""
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))  # stable: of equal ones the first stays first
    same = (hashes[order[1:]] == hashes[order[:-1]]).all(axis=1)
    repeated = np.zeros(len(hashes), bool)
    repeated[order[1:][same]] = True
    return repeated


@lru_cache(maxsize=1)
def _tokenizer(file: Path, identity: str) -> CachedTokenizer:
    return CachedTokenizer(file.read_text("utf-8"))
