"""What a manifest tells of what was read and made, and what may not be meant."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.rounds import SPLITS

log = logging.getLogger("bertkit")


def told(
    made: Sequence[dict[str, Any]], counts: dict[str, int], chosen: dict[str, int], options: CorpusOptions
) -> dict[str, Any]:
    """The manifest's account of what was read and of each split, and the shards."""
    own = ("file", "split", "rows", "tokens", "bytes", "sha256")
    splits = {}
    for split in SPLITS:
        sums: Counter[str] = Counter()
        for shard in made:
            if shard["split"] == split:
                sums.update({key: value for key, value in shard.items() if key not in ("file", "split", "sha256")})
        splits[split] = {"documents": chosen[split], **dict(sums)}
    repeated = {"documents_repeated": chosen["documents_repeated"], "documents_dropped": 0}
    if options.deduplicate:
        repeated["documents_dropped"] = repeated["documents_repeated"]
    shards = [{key: shard[key] for key in own} for shard in made]
    return {"read": {**counts, **repeated}, "splits": splits, "shards": shards}


def warn(manifest: dict[str, Any]) -> None:
    """Say what may not be meant."""
    options, read = manifest["options"], manifest["read"]
    for split, told in manifest["splits"].items():
        if options["pairs"] == "nsp" and told["documents"] == 1:
            log.warning("%s has one document: no random next sentences, so there is nothing to tell apart", split)
        if lost := told.get("tokens_truncated", 0) + told.get("tokens_left_out", 0):
            share = 100 * lost / told["tokens_own"]
            log.info("%s: %s tokens (%.1f%%) are lost to rows that were too long", split, f"{lost:,}", share)
    if options["validation_ratio"] and not manifest["splits"]["validation"]["documents"]:
        log.warning("one document only: none can be spared for validation")
    if not manifest["splits"]["validation"].get("rows") and manifest["splits"]["validation"]["documents"]:
        log.warning("the validation documents make no row")
    if read["documents_dropped"]:
        log.info("%s documents that repeat an earlier one were dropped", f"{read['documents_dropped']:,}")
    elif read["documents_repeated"]:
        log.info("%s documents repeat an earlier one; deduplicate drops them", f"{read['documents_repeated']:,}")
    if read.get("documents_cut"):
        log.warning("%s documents were cut for their length: do empty lines part them?", f"{read['documents_cut']:,}")
    if read["tokens_unknown"] > 0.02 * read["tokens"]:
        share = 100 * read["tokens_unknown"] / read["tokens"]
        log.warning("%.1f%% of the tokens are unknown to the tokenizer: is it one of this language?", share)
