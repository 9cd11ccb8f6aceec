"""Counts of a manifest, and warnings about them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from bertkit.data.corpus.options import CorpusOptions
from bertkit.data.corpus.summary import one_sided, summarize, warn
from tests.helpers import messages

SHARD = {"bytes": 9, "sha256": "ab", "rows": 2, "tokens": 20, "tokens_own": 15, "random_next": 1}
READ = {"documents": 4, "tokens": 100, "tokens_unknown": 0}


def manifest(read: dict[str, int] | None = None, chosen: dict[str, int] | None = None, **options: Any) -> dict:
    made = [
        {**SHARD, "file": "train/0", "split": "train"},
        {**SHARD, "file": "train/1", "split": "train", "tokens_truncated": 3},
        {**SHARD, "file": "validation/0", "split": "validation"},
    ]
    record = CorpusOptions(**options)
    found = summarize(
        made, READ | (read or {}), {"documents_repeated": 0, "train": 3, "validation": 2} | (chosen or {}), record
    )
    return {**found, "options": record.model_dump(mode="json")}


def test_shards_are_added_up_by_split() -> None:
    found = manifest(chosen={"documents_repeated": 5}, deduplicate=True)
    assert found["splits"]["train"] == {
        "documents": 3,
        "bytes": 18,
        "rows": 4,
        "tokens": 40,
        "tokens_own": 30,
        "random_next": 2,
        "tokens_truncated": 3,
    }
    assert found["splits"]["validation"]["rows"] == 2
    assert found["read"]["documents_dropped"] == 5
    assert found["shards"][0] == {
        "file": "train/0",
        "split": "train",
        "rows": 2,
        "tokens": 20,
        "bytes": 9,
        "sha256": "ab",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "train: 3 tokens (10.0%) are lost"),
        ({"chosen": {"validation": 1}}, "validation: only one document, so there are no random next sentences"),
        ({"chosen": {"validation": 0}}, "only one document"),
        ({"chosen": {"documents_repeated": 2}}, "2 documents repeat an earlier one; deduplicate drops them"),
        ({"chosen": {"documents_repeated": 2}, "deduplicate": True}, "were dropped"),
        ({"read": {"documents_cut": 2}}, "2 documents were split for their length"),
        ({"read": {"tokens_unknown": 3}}, "3.0% of the tokens are unknown"),
    ],
)
def test_warnings(arguments: dict, message: str, caplog) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    warn(manifest(**arguments))
    assert any(message in text for text in messages(caplog))


@pytest.mark.parametrize(
    ("pairs", "counts", "constant"),
    [
        ("nsp", {"rows": 100, "random_next": 100}, True),
        ("nsp", {"rows": 100, "random_next": 95}, False),
        ("nsp", {"rows": 100, "random_next": 0}, True),
        ("nsp", {"rows": 100, "random_next": 60}, None),
        ("nsp", {"rows": 9, "random_next": 9}, None),
        ("sop", {"rows": 100, "swapped": 100}, True),
        ("sop", {"rows": 100, "swapped": 50}, None),
        ("none", {"rows": 100}, None),
    ],
)
def test_pairs_with_one_label(pairs: str, counts: dict[str, int], constant: bool | None) -> None:
    found = one_sided({"splits": {"train": {"documents": 50, **counts}}, "options": {"pairs": pairs}}, "train")
    assert (found and found.constant) == constant


def test_an_empty_line_after_each_sentence_is_named_as_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    made = manifest()
    made["splits"]["train"] |= {"rows": 40, "random_next": 40, "documents": 40}
    warn(made)
    (message,) = [text for text in messages(caplog) if "pairs teach nothing" in text]
    assert message.startswith("train: 100.0% of the next sentences are random, because documents have only one")
    assert message.endswith("if an empty line follows each sentence, set documents to file, or empty_lines to 2")
