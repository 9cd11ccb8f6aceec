"""Counts of parts add up to those of the whole, and are said once."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import pytest

from bertkit.data.tokenizer import coverage
from bertkit.inference.predictor import Predictor
from bertkit.inference.seen import Seen
from tests.helpers import every_task, make
from tests.tiny import make_tokenizer


def tokenizer_of(folder: Path) -> Any:
    from bertkit.models.build import load_tokenizer
    from bertkit.recipe.schema import ModelBlock

    return load_tokenizer(ModelBlock(name=str(make_tokenizer(folder))))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tokenizer_of(tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize(("name", "options"), [case for case in every_task() if case[0] != "pretrain"])
def test_parts_add_up_to_the_whole(name: str, options: dict[str, Any], tokenizer: Any) -> None:
    task = make(name, options)
    rows = task.tiny_rows()
    rows = [{k: v for k, v in row.items() if k not in {c.name for c in task.columns if c.answer}} for row in rows] * 4
    limit = 14  # so short that texts are cut or split

    def seen(some: list[dict[str, Any]]) -> Seen:
        return Seen.of(task, some, task.encode(some, tokenizer, limit, answers=False), tokenizer)

    whole = seen(rows)
    parts = [seen(rows[start : start + 5]) for start in range(0, len(rows), 5)]
    again = [Seen(**json.loads(json.dumps(asdict(part)))) for part in parts]
    total = reduce(add, again, Seen())
    assert (total.rows, total.tokens, total.counts) == (whole.rows, whole.tokens, whole.counts)
    assert total.warnings(task) == whole.warnings(task)
    assert task.messages(total.counts) == task.messages(whole.counts)


def test_a_task_without_counts_says_what_differs_once() -> None:
    task = make("regress", {})
    parts = [Seen(said=[text]) for text in ("a", "b", "a", "c", "d", "e")]
    assert reduce(add, parts).warnings(task) == ["a", "b", "c", "and 2 more like these, of other parts"]
    assert Seen().warnings(task) == []


def test_coverage_is_that_of_all_parts(tiny_run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor.open(tiny_run)
    unknown, known = predictor.prepare(["\u4e2d\u6587" * 5] * 3).seen, predictor.prepare(["hello"] * 50).seen
    assert any("unknown to the tokenizer" in warning for warning in unknown.warnings(predictor.task))
    assert known.warnings(predictor.task) == []
    both = unknown + known
    assert (both.coverage["texts"], both.coverage["all_texts"]) == (53, 53)
    (warning,) = both.warnings(predictor.task)
    assert "in all texts" in warning
    monkeypatch.setattr(coverage, "SAMPLE", 2)
    assert predictor.prepare(["hello"] * 50).seen.coverage["texts"] == 2
