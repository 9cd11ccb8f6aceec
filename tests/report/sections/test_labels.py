"""Label counts: known rows of each kind of answers."""

from __future__ import annotations

from typing import Any

from datasets import Dataset

from bertkit.data.columns.column import Column
from bertkit.report.sections import labels


def counts(kind: Any, cells: list[Any]) -> dict[str, int]:
    rows = [{"text": "t", "own": cell} for cell in cells]
    columns = (Column("text", "text"), Column("own", kind, answer=True))
    found = labels.counts_of(rows, columns)
    assert not rows or labels.counts_of(Dataset.from_list(rows), columns) == found
    return found


def test_labels_of_each_kind() -> None:
    assert counts("label", ["b", "a", "b"]) == {"a": 1, "b": 2}
    assert counts("labels", [["b", "a"], [], ["b"]]) == {"a": 1, "b": 2}
    spans = [[{"start": 0, "end": 2, "label": "PER"}, {"start": 3, "end": 4, "label": "PER"}], []]
    assert counts("spans", spans) == {"PER": 2}
    assert counts("answers", [[{"text": "x", "start": 0}], []]) == {"with an answer": 1, "without an answer": 1}
    assert counts("number", [0.5, 1.0]) == counts("label", []) == {}
    assert list(counts("label", ["10", "9", "1"])) == ["1", "9", "10"]


def test_entities_count_each_and_other_tags_as_they_are() -> None:
    cells = [["B-PER", "I-PER", "O", "B-LOC"], ["U-PER", "O"], ["O"]]
    assert counts("tags", cells) == {"LOC": 1, "PER": 2}
    assert counts("tags", [["NOUN", "VERB"], ["NOUN"]]) == {"NOUN": 2, "VERB": 1}


def test_only_answers_count() -> None:
    assert labels.counts_of([{"kind": "a"}], (Column("kind", "label"),)) == {}
    assert labels.counts_of([{"text": "a"}], (Column("label", "label", required=False, answer=True),)) == {}


def test_the_table_has_shares_of_each_split() -> None:
    table = labels.table({"train": {"a": 1, "b": 3}, "validation": {}, "test": {"c": 1, "b": 1}})
    assert table.splits == ["train", "test"]
    assert table.rows == [("b", [(3, 0.75), (1, 0.5)]), ("a", [(1, 0.25), (0, 0.0)]), ("c", [(0, 0.0), (1, 0.5)])]
    assert (table.most, table.labels) == (0.75, 3)
    assert labels.table({}).rows == []


def test_of_very_many_labels_the_most_frequent_stay() -> None:
    table = labels.table({"train": {f"label {n}": n + 1 for n in range(2 * labels.LABELS)}})
    assert (len(table.rows), table.labels) == (labels.LABELS, 2 * labels.LABELS)
    assert table.rows[0][0] == f"label {2 * labels.LABELS - 1}"
