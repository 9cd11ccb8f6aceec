"""What the options of `pretrain` refuse, and the corpus that they ask for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bertkit.tasks.pretrain.options import PretrainOptions

TWO = [{"max_length": 32, "share": 0.9}, {"max_length": 64, "share": 0.1}]


def make(**values: Any) -> PretrainOptions:
    return PretrainOptions.model_validate(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"objective": "nsp"}, "objective"),
        ({"phases": [{"max_length": 32, "share": 0.5}]}, "their shares add up to 0.5, not to 1"),
        ({"phases": TWO, "max_length": 64}, "each phase has its own"),
        ({"span_length": 6.0}, "span_length"),
        ({"mask_share": 1.0}, "mask_share"),
        ({"documents": "line", "join_lines": True}, "join_lines"),
        ({"passes": 2}, "packed rows"),
    ],
)
def test_what_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make(**values)


def test_lengths() -> None:
    assert make().lengths(512) == [128]
    assert make().lengths(64) == [64]
    assert make(max_length=256).lengths(512) == [256]
    assert make(phases=TWO).lengths(512) == [32, 64]


def test_the_corpus_has_the_objectives_pairs() -> None:
    assert [make(objective=name).of_texts(64, 0.1).pairs for name in ("mlm", "mlm+nsp", "mlm+sop")] == [
        "none",
        "nsp",
        "sop",
    ]
    corpus = make(objective="mlm+nsp", passes=3, documents="file").of_texts(64, 0.1)
    assert (corpus.max_length, corpus.passes, corpus.documents, corpus.validation_ratio) == (64, 3, "file", 0.1)
    assert make().of_texts(64, 0.1).seed == make().of_texts(64, 0.2).seed


def test_resolved_options_are_the_same_options() -> None:
    for one in (make(), make(phases=TWO, objective="mlm+sop"), make(max_length=32)):
        assert PretrainOptions.model_validate(one.model_dump(mode="json")) == one
