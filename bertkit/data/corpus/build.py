"""Build a corpus: scan the sources, write the plan, run the two rounds (rounds.py), write the manifest last.

A folder without a manifest is unfinished, and building again continues it if the plan in it (options, hashes of the
tokenizer and the sources) is the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.data.corpus import rounds, summary
from bertkit.data.corpus.manifest import (
    MANIFEST,
    PLAN,
    ROUND,
    TOKENIZER,
    VERSION,
    WORK,
    read_manifest,
    read_plan,
    read_round,
)
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.read.bytes.packed import ZIP
from bertkit.data.read.documents import Scanned, scan
from bertkit.data.read.formats import ENDINGS
from bertkit.data.read.sources import Source, expand, shown
from bertkit.errors import BertkitError, DataError, WriteError
from bertkit.files.lock import LOCK, one_writer
from bertkit.fs import cache_home, sweep, write_json, write_text
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

log = logging.getLogger("bertkit")

READING = {
    *("bad_rows", "encoding_errors", "delimiter", "header", "quoting", "comment", "extra_columns", "label_ids"),
    "glued_digits",
}
"""Keys of `data` that say how rows are read, and so what their texts are."""
IN_USE = ("not empty, and not a corpus", "name a new folder, or remove this one")


def build(
    sources: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    output: str | Path,
    options: CorpusOptions,
    *,
    block: DataBlock | None = None,
    processes: int = 1,
    progress: rounds.Progress | None = None,
) -> dict[str, Any]:
    """Build a corpus from texts, or continue an unfinished one. Returns its manifest.

    Args:
        sources: as in `data.train`: files, folders, globs, hub data sets.
        block: how to read them (format, encoding, `columns: {text: ...}`, bad_rows).
        processes: number of processes; the result does not depend on it.

    Raises:
        Busy: another process builds in this folder.
        DataError: a source that can not be read, an output folder that holds something else, or no text at all.
    """
    block, output = block or DataBlock(), Path(output)
    progress = progress or (lambda what, done, total: None)
    if output.is_file():
        raise DataError.at(str(output), *IN_USE)
    with one_writer(output):
        plan, scanned, backend = _plan(sources, tokenizer, options, block)
        if (output / MANIFEST).is_file():
            return _finished(output, plan)
        processes = min(processes, 1 + plan["bytes"] // (4 * rounds.PART))  # starting one takes as long as three parts
        try:
            work = _work_folder(output, plan, backend)
            job = rounds.Build(work, output, options, plan["tokenizer"])
            with rounds.Workers(processes) as workers:
                manifest = {**plan, **_rounds(job, scanned, block, workers, progress)}
            write_json(output / MANIFEST, manifest)
            shutil.rmtree(work, ignore_errors=True)
        except OSError as error:
            known = error.problems[0].reason if isinstance(error, WriteError) else ""
            reason = known or f"can not be written: {error.strerror or error}"
            raise DataError.at(str(output), reason, "building again continues from here") from error
    summary.warn(manifest)
    return manifest


def _rounds(
    job: rounds.Build, scanned: Sequence[Scanned], block: DataBlock, workers: rounds.Workers, progress: rounds.Progress
) -> dict[str, Any]:
    """Both rounds. Returns the manifest's entries about their result."""
    count, read = _first_round(job, scanned, block, workers, progress)
    chosen = rounds.choose(job.work, count, job.options)
    shards = rounds.make_shards(job, count, workers, progress)
    if not shards:
        _discard(job.output)
        raise DataError.at(scanned[0].source.name, "its documents give no row", "are there only single words?")
    return summary.summarize(shards, read, chosen, job.options)


def cached_folder(
    sources: Sequence[str], tokenizer: PreTrainedTokenizerBase, options: CorpusOptions, block: DataBlock
) -> Path:
    """Where the cache has the corpus of these sources and options, or will have it.

    The folder's name is the hash of everything that the rows depend on.
    """
    plan, _, _ = _plan(sources, tokenizer, options, block)
    return cache_home() / "corpus" / hashlib.sha256(json.dumps(_identity(plan), sort_keys=True).encode()).hexdigest()


def _plan(
    sources: Sequence[str], tokenizer: PreTrainedTokenizerBase, options: CorpusOptions, block: DataBlock
) -> tuple[dict[str, Any], list[Scanned], str]:
    """The plan of the corpus (the first part of its manifest), the scanned sources, and the tokenizer as JSON."""
    from tokenizers import Tokenizer

    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_truncation()  # those of its last call may still be set
    backend.no_padding()
    text = backend.to_str()
    if options.pairs == "none" and tokenizer.sep_token_id is None:
        what = "has no separator token ([SEP]) to put between documents"
        raise DataError.at("model.tokenizer", what, "use one like BERT's")
    scanned = [scan(source, block) for source in _sources(sources, block)]
    plan = {
        "version": VERSION,
        "options": options.model_dump(mode="json"),
        "tokenizer": {
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "vocabulary_sha256": vocabulary_hash(tokenizer),
            "tokens": len(tokenizer),
            "special": [tokenizer.num_special_tokens_to_add(pair) for pair in (False, True)],
            "separator": tokenizer.sep_token_id,
        },
        "sources": [
            {
                "name": each.source.name + (f"#{each.source.key}" if each.source.key else ""),
                "format": each.source.format,
                "bytes": each.size,
                "sha256": each.sha256,
                **({} if each.source.format in ("parquet", "arrow", "hub") else {"encoding": each.encoding}),
                **({} if each.source.format == "text" else {"column": block.columns.get("text", "text")}),
            }
            for each in scanned
        ],
        "bytes": sum(each.size for each in scanned),
        **({"encoding_errors": "replace"} if block.encoding_errors == "replace" else {}),
        **({"reading": reading} if (reading := block.model_dump(include=READING, exclude_defaults=True)) else {}),
    }
    return plan, scanned, text


def _sources(sources: Sequence[str], block: DataBlock) -> list[Source]:
    """As `expand` finds them, except that a file or standard input of unknown format is plain text."""
    expanded: list[Source] = []
    for text in sources:
        path = Path(text)
        if not block.format and path.is_file() and not _known(path):
            expanded.append(Source(shown(path), "text", path))
        else:
            expanded += expand([text], block)
    plain = {"stdin"} if not block.format else set()
    return [
        replace(each, format="text") if each.format == "brat" or (each.name in plain and each.format == "csv") else each
        for each in expanded
    ]


def _known(path: Path) -> bool:
    return bool({suffix.lower() for suffix in path.suffixes[-2:]} & {*ENDINGS, ZIP})


def vocabulary_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """Equal for tokenizers that give the same numbers to the same tokens."""
    vocabulary = sorted(tokenizer.get_vocab().items())
    return hashlib.sha256(json.dumps(vocabulary).encode()).hexdigest()


def _identity(plan: dict[str, Any]) -> dict[str, Any]:
    """Everything that the rows depend on; sources by their content, not their names."""
    sources = [{key: value for key, value in source.items() if key != "name"} for source in plan["sources"]]
    reading = {"reading": plan["reading"]} if "reading" in plan else {}  # where all are as by default: none
    return {"sources": sources, **reading, **{key: plan[key] for key in ("version", "options", "tokenizer")}}


def _check_same(folder: Path, plan: dict[str, Any], old: dict[str, Any], state: str) -> None:
    """Raise a DataError that names what differs from the plan of the folder."""
    now, then = _identity(plan), _identity(old)
    changed = [
        f"{key} was {then['options'].get(key)}"
        for key in now["options"]
        if now["options"][key] != then["options"].get(key)
    ]
    changed += ["another tokenizer"] * (now["tokenizer"] != then["tokenizer"])
    changed += ["other sources, or their content has changed"] * (now["sources"] != then["sources"])
    changed += ["its rows were read in another way"] * (now.get("reading") != then.get("reading"))
    changed += ["another version of bertkit"] * (now["version"] != then["version"])
    if changed:
        what = f"holds {state} corpus built differently: {'; '.join(changed)}"
        raise DataError.at(str(folder), what, "name a new folder, or remove this one")


def _finished(output: Path, plan: dict[str, Any]) -> dict[str, Any]:
    manifest = read_manifest(output)
    _check_same(output, plan, manifest, "a")
    shutil.rmtree(output / WORK, ignore_errors=True)  # left if it was killed right after the manifest
    log.info("%s: already finished, with the same sources and options", output)
    summary.warn(manifest)
    return manifest


def _work_folder(output: Path, plan: dict[str, Any], backend: str) -> Path:
    """The folder of unfinished work, with its plan: a new one, or that of an earlier build with the same plan."""
    work = output / WORK
    if (work / PLAN).exists():
        _check_same(output, plan, read_plan(work), "an unfinished")
        log.info("%s: continues the unfinished build there", output)
    elif any(path.name not in (WORK, LOCK) for path in output.iterdir()):
        raise DataError.at(str(output), *IN_USE)
    else:  # first of all: by its plan, a folder of a build that was killed here is known as one
        work.mkdir(exist_ok=True)
        write_json(work / PLAN, plan)
    for folder in (output / split for split in rounds.SPLITS):
        folder.mkdir(exist_ok=True)
        sweep(folder)
    for folder in (work, output):
        write_text(folder / TOKENIZER, backend)
    return work


def _discard(output: Path) -> None:
    for name in (WORK, *rounds.SPLITS):
        shutil.rmtree(output / name, ignore_errors=True)
    (output / TOKENIZER).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it holds something else
        output.rmdir()


def _first_round(
    job: rounds.Build, scanned: Sequence[Scanned], block: DataBlock, workers: rounds.Workers, progress: rounds.Progress
) -> tuple[int, dict[str, int]]:
    """Number of parts, and counts of what was read; from the disk if the round was finished before."""
    file = job.work / ROUND
    if not file.is_file():
        try:
            count, counts = rounds.read_parts(job, scanned, block, workers, progress)
            if not counts["documents"]:
                raise DataError.at(scanned[0].source.name, "no document with a text", "is this the right file?")
        except (rounds.Ended, WriteError):  # a full disk: what is done stays
            raise
        except BertkitError:  # a corrected source is another source, so this build could not be continued
            _discard(job.output)
            raise
        write_json(file, {"parts": count, "counts": dict(counts)})
    return read_round(job.work)
