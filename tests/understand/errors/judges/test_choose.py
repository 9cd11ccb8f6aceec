"""Each kind of answer has a judge; a task whose answers have none is refused."""

from __future__ import annotations

import pytest

from bertkit.errors import RunError
from bertkit.understand.errors.judges.choose import JUDGES, judge_of
from tests.helpers import make
from tests.understand.errors.made import pool_of


def test_kinds() -> None:
    kinds = [kind for judge in JUDGES for kind in judge.kinds]
    assert len(set(kinds)) == len(kinds)
    for judge in JUDGES:
        for kind in judge.kinds:
            assert judge_of(pool_of(kind, ["x"]), "mine") is judge


@pytest.mark.parametrize(
    ("name", "options"),
    [("classify", {}), ("classify", {"multi_label": True}), ("ner", {}), ("squad", {}), ("choice", {}), ("regress", {}),
     ("rerank", {})],
)  # fmt: skip
def test_every_built_in_task_with_answers_has_one(name: str, options: dict) -> None:
    kinds = [column.kind for column in make(name, options).columns if column.answer]
    assert any(kind in judge.kinds for kind in kinds for judge in JUDGES)


def test_a_text_is_no_label() -> None:
    with pytest.raises(RunError, match="the answers of embed are texts, of which no error can be found"):
        judge_of(pool_of("text", ["x"]), "embed")
