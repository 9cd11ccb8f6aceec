"""The counts in the manifest of a corpus, and warnings about them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

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


def warn(manifest: dict[str, Any]) -> None:
    """Log what may not be intended."""
    options, read = manifest["options"], manifest["read"]
    for split, counts in manifest["splits"].items():
        if options["pairs"] == "nsp" and counts["documents"] == 1:
            log.warning("%s has only one document, so there are no random next sentences to learn from", split)
        if lost := counts.get("tokens_truncated", 0) + counts.get("tokens_left_out", 0):
            share = 100 * lost / counts["tokens_own"]
            log.info("%s: %s tokens (%.1f%%) are lost, as their rows were too long", split, f"{lost:,}", share)
    if options["validation_ratio"] and not manifest["splits"]["validation"]["documents"]:
        log.warning("only one document: none is left for validation")
    if not manifest["splits"]["validation"].get("rows") and manifest["splits"]["validation"]["documents"]:
        log.warning("the validation documents give no row")
    if read["documents_dropped"]:
        log.info("%s documents that repeat an earlier one were dropped", f"{read['documents_dropped']:,}")
    elif read["documents_repeated"]:
        log.info("%s documents repeat an earlier one; deduplicate drops them", f"{read['documents_repeated']:,}")
    if read.get("documents_cut"):
        what = "documents were split for their length: are they separated by empty lines?"
        log.warning("%s %s", f"{read['documents_cut']:,}", what)
    if read["tokens_unknown"] > 0.02 * read["tokens"]:
        share = 100 * read["tokens_unknown"] / read["tokens"]
        log.warning("%.1f%% of the tokens are unknown to the tokenizer: is it for this language?", share)
