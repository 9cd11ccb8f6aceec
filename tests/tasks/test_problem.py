"""What a problem gets without writing it."""

from __future__ import annotations

from typing import Any

from bertkit.data.columns.column import Column
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.problem import TaskProblem


class Least(TaskProblem):
    metrics = ("accuracy",)
    columns = (Column("text", "text"), Column("label", "label", answer=True))

    def __init__(self) -> None:
        self.prepared: list[Any] = []

    def compare(self, answers: Any, rows: Any, takes: str) -> tuple[Any, Any]:
        return answers, rows

    def tiny_rows(self) -> list[dict[str, Any]]:
        return [{"text": "hello", "label": "a"}, {"text": "bye", "label": "b"}]

    def prepare(self, rows: Any, data: DataBlock) -> None:
        self.prepared.append(rows)


def test_the_example_has_no_answer() -> None:
    assert Least().example == {"text": "hello"}


def test_to_adopt_others_outputs_is_to_prepare_where_rows_are_known() -> None:
    problem = Least()
    assert problem.adopt(["a", "b"], None, DataBlock()) == ""
    assert problem.prepared == []
    assert problem.adopt(["a", "b"], (), DataBlock()) == ""
    assert problem.prepared == []
    assert problem.adopt(["a", "b"], [{"text": "x", "label": "a"}], DataBlock()) == ""
    assert problem.prepared == [[{"text": "x", "label": "a"}]]


def test_defaults() -> None:
    problem = Least()
    assert (problem.takes, problem.counts_tokens, problem.stratify_by) == ("labels", False, None)
    assert problem.group_by is None
    assert problem.own_metrics() == problem.sanity_checks([], []) == problem.verdicts([], []) == []
    assert problem.error_kinds([], []) == {}
