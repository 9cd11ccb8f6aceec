"""Rankings as run files in TREC's format, which trec_eval, ir-measures and others read: `query Q0 document rank score
name`, one line per document found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bertkit.bench.retrieval.ranking import Ranking
from bertkit.data.beir import Collection
from bertkit.fs import write_text


def write_runs(folder: Path, rankings: Mapping[str, Ranking], collection: Collection) -> str:
    """Write `FOLDER/MODEL.trec` for each model.

    Returns:
        why no files were written; empty if they were.
    """
    if spaced := next((name for name in (*collection.queries, *collection.documents) if re.search(r"\s", name)), ""):
        return f"{collection.name}: no run files, because TREC's format can not hold an id with a space: {spaced!r:.60}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, tag in tags(list(rankings)).items():
        write_text(folder / f"{tag}.trec", text(rankings[name], collection, tag))
    return ""


def text(ranking: Ranking, collection: Collection, tag: str) -> str:
    """A run file."""
    lines = [
        f"{query} Q0 {collection.documents[number]} {rank} {score:.9g} {tag}\n"
        for query, numbers, scores in zip(collection.queries, ranking.documents, ranking.scores, strict=True)
        for rank, (number, score) in enumerate(zip(numbers.tolist(), scores.tolist(), strict=True), 1)
    ]
    return "".join(lines)


def tags(names: list[str]) -> dict[str, str]:
    """Each name as a word that can name a file, different ones for different names."""
    found: dict[str, str] = {}
    for name in names:
        word = tag = re.sub(r"[^\w.-]+", "-", name).strip("-.")[-80:] or "model"
        while tag in found.values():
            tag = f"{word}-{sum(other.startswith(word) for other in found.values()) + 1}"
        found[name] = tag
    return found
