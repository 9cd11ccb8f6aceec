"""The counts in the manifest of a corpus, and warnings about them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bertkit import warn as warned
from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.rounds import SPLITS

log = logging.getLogger("bertkit")


def summarize(
    shards: Sequence[dict[str, Any]], read: dict[str, int], chosen: dict[str, int], options: CorpusOptions
) -> dict[str, Any]:
    """The manifest's counts of what was read, those of each split, and the shards.

    Args:
        shards: the counts of each shard, from `rounds.make_shards`.
        read: the counts of what was read, from `rounds.read_parts`.
        chosen: the numbers of documents, from `rounds.choose`.
    """
    own = ("file", "split", "rows", "tokens", "bytes", "sha256")
    splits = {}
    for split in SPLITS:
        sums: Counter[str] = Counter()
        for shard in shards:
            if shard["split"] == split:
                sums.update({key: value for key, value in shard.items() if key not in ("file", "split", "sha256")})
        splits[split] = {"documents": chosen[split], **dict(sums)}
    repeated = {"documents_repeated": chosen["documents_repeated"], "documents_dropped": 0}
    if options.deduplicate:
        repeated["documents_dropped"] = repeated["documents_repeated"]
    listed = [{key: shard[key] for key in own} for shard in shards]
    return {"read": {**read, **repeated}, "splits": splits, "shards": listed}


ONE_SIDED = 0.9
"""Share of pairs with the same label from which they teach nothing or little; Google's rules give about half."""
FEW = 10
"""Rows below which all may have one label by chance: ten do in 0.2% of all cases."""


@dataclass(frozen=True)
class OneSided:
    """Pairs of which nearly all have the same label."""

    constant: bool
    """Whether all have it."""
    reason: str
    remedy: str


def one_sided(manifest: dict[str, Any], split: str) -> OneSided | None:
    """What is wrong with the labels of the pairs of a split; None if nothing is."""
    counts, pairs = manifest["splits"][split], manifest["options"]["pairs"]
    key = {"nsp": "random_next", "sop": "swapped"}.get(pairs)
    rows = counts.get("rows", 0)
    if key is None or not rows:
        return None
    share = counts.get(key, 0) / rows
    if pairs == "nsp" and counts["documents"] == 1:
        reason = "only one document, so there are no random next sentences to learn from"
        return OneSided(True, reason, "separate documents by empty lines, or name more files")
    if rows < FEW or max(share, 1 - share) < ONE_SIDED:
        return None
    if pairs == "nsp" and share > 0.5:
        reason = f"{share:.1%} of the next sentences are random, because documents have only one sentence"
        remedy = "if an empty line follows each sentence, set documents to file, or empty_lines to 2"
        return OneSided(share == 1, reason, remedy)
    return OneSided(share in (0, 1), f"{max(share, 1 - share):.1%} of the pairs have the same label", "check the texts")


def warn(manifest: dict[str, Any]) -> None:
    """Warn of what may not be intended."""
    options, read = manifest["options"], manifest["read"]
    for split, counts in manifest["splits"].items():
        if found := one_sided(manifest, split):
            warned.warn(f"{found.reason}: pairs teach nothing; {found.remedy}", split)
        if lost := counts.get("tokens_truncated", 0) + counts.get("tokens_left_out", 0):
            share = 100 * lost / counts["tokens_own"]
            log.info("%s: %s tokens (%.1f%%) are lost, as their rows were too long", split, f"{lost:,}", share)
    if options["validation_ratio"] and not manifest["splits"]["validation"]["documents"]:
        warned.warn("only one document: none is left for validation")
    if not manifest["splits"]["validation"].get("rows") and manifest["splits"]["validation"]["documents"]:
        warned.warn("the validation documents give no row")
    if read["documents_dropped"]:
        log.info("%s documents that repeat an earlier one were dropped", f"{read['documents_dropped']:,}")
    elif read["documents_repeated"]:
        log.info("%s documents repeat an earlier one; deduplicate drops them", f"{read['documents_repeated']:,}")
    if read.get("documents_cut"):
        what = "documents were split for their length: are they separated by empty lines?"
        warned.warn(f"{read['documents_cut']:,} {what}")
    if read["tokens_unknown"] > 0.02 * read["tokens"]:
        share = 100 * read["tokens_unknown"] / read["tokens"]
        warned.warn(f"{share:.1f}% of the tokens are unknown to the tokenizer: is it for this language?")
