"""The report of rows, split by split."""

from __future__ import annotations

import json
from typing import Any

import pytest
from datasets import Dataset

from bertkit.data.check.finding import Finding
from bertkit.data.check.report import Report, lengths_of_rows, report_of
from bertkit.data.check.texts import TROUBLES
from bertkit.data.columns.column import Column
from bertkit.errors import Problem

COLUMNS = (
    Column("text", "text"),
    Column("text_pair", "text", required=False),
    Column("label", "label", answer=True),
)


def dataset(
    texts: list[str], labels: list[Any] | None = None, pairs: list[str] | None = None, name: str = "a"
) -> Dataset:
    places = [f"{name}.csv:{line}" for line in range(2, len(texts) + 2)]
    return Dataset.from_dict(
        {"text": texts, "place": places}
        | ({"label": labels} if labels else {})
        | ({"text_pair": pairs} if pairs else {})
    )


def look(train: Dataset, validation: Dataset | None = None, columns: Any = COLUMNS) -> Report:
    rows = {"train": train} if validation is None else {"train": train, "validation": validation}
    return Report(report_of(rows, columns))


def test_labels_are_counted():
    found = look(dataset(["a", "b", "c", "d"], ["x", "y", "y", "y"])).train
    assert found.rows == 4
    assert list(found.labels.items()) == [("y", 3), ("x", 1)]
    assert found.majority == 0.75


def test_several_labels_are_counted():
    columns = (COLUMNS[0], Column("label", "labels", answer=True))
    found = look(dataset(["a", "b", "c"], [["x", "y"], [], ["x"]]), columns=columns).train
    assert found.labels == {"x": 2, "y": 1}
    assert found.majority == pytest.approx(2 / 3)


PLACES = {"place": ["a:1", "a:2", "a:3"]}


def test_words_and_tags():
    columns = (Column("tokens", "words"), Column("tags", "tags", answer=True))
    words, tags = [["EU", "says"], ["eu", "says"], ["a\x07", "b"]], [["B-X", "O"], ["O", "O"], ["O", "B-Y"]]
    found = look(Dataset.from_dict({"tokens": words, "tags": tags, **PLACES}), columns=columns)
    assert found.train.labels == {"O": 3, "B-X": 1, "B-Y": 1}
    assert found.train.conflicts == Finding(1, ("a:1 (B-X O) and a:2 (O O)",))
    assert found.train.troubles == {"control characters": Finding(1, ("a:3",))}


def test_spans_and_answers():
    x, y = {"start": 0, "end": 1, "label": "X"}, {"start": 2, "end": 3, "label": "X"}
    rows = Dataset.from_dict({"text": ["a b", "a b", "c"], "spans": [[x, y], [x], []], **PLACES})
    found = look(rows, columns=(COLUMNS[0], Column("spans", "spans", answer=True))).train
    assert (found.labels, found.conflicts.places) == ({"X": 2}, ("a:1 (0-1 X, 2-3 X) and a:2 (0-1 X)",))
    one = {"text": "b", "start": 2}
    rows = Dataset.from_dict({"text": ["a b", "a b", "c"], "answers": [[one, one], [], []], **PLACES})
    found = look(rows, columns=(COLUMNS[0], Column("answers", "answers", answer=True))).train
    assert found.labels == {"without an answer": 2, "with an answer": 1}
    assert found.conflicts.places == ("a:1 (b) and a:2 (no answer)",)


def test_numbers_are_summed_up():
    columns = (COLUMNS[0], Column("label", "number", answer=True))
    found = look(dataset(["a", "b", "c"], [1.0, 2.0, 6.0]), columns=columns).train
    assert found.numbers == {"least": 1.0, "mean": 3.0, "most": 6.0}
    assert not found.labels
    assert "numbers: 1 to 6, mean 3" in found.lines()


def test_rows_without_answers():
    found = look(dataset(["a", "a"])).train
    assert (found.labels, found.majority, found.duplicates.count, found.conflicts.count) == ({}, 0.0, 1, 0)


@pytest.mark.parametrize("text", ["hello  world", "Hello\nWORLD ", "ｈello world"])
def test_duplicates_are_found_in_their_normal_form(text):
    found = look(dataset(["hello world", "bye", text], ["x", "x", "x"])).train
    assert found.duplicates == Finding(1, ("a.csv:4",))
    assert found.conflicts == Finding()


def test_conflicts_name_both_rows_once_a_text():
    found = look(dataset(["a", "A", "a", "a", "b"], ["x", "x", "y", "z", "y"])).train
    assert found.duplicates.count == 3
    assert found.conflicts == Finding(1, ("a.csv:2 (x) and a.csv:4 (y)",))


def test_the_order_of_several_labels_is_no_conflict():
    columns = (COLUMNS[0], Column("label", "labels", answer=True))
    assert not look(dataset(["a", "a"], [["x", "y"], ["y", "x"]]), columns=columns).train.conflicts.count


def test_pairs_are_the_same_only_if_both_texts_are():
    found = look(dataset(["a", "a", "a"], ["x", "y", "y"], ["b", "c", "B"])).train
    assert found.duplicates == Finding(1, ("a.csv:4",))
    assert found.conflicts == Finding(1, ("a.csv:2 (x) and a.csv:4 (y)",))


def test_validation_rows_in_train():
    train = dataset(["a", "b", "c"], ["x", "y", "y"])
    validation = dataset(["C", "d", "a", "a"], ["y", "y", "z", "x"], name="dev")
    found = look(train, validation)
    assert found.validation.overlap == Finding(
        3, ("dev.csv:2 and a.csv:4", "dev.csv:4 and a.csv:2", "dev.csv:5 and a.csv:2")
    )
    assert found.validation.unknown_labels == {"z": 1}
    assert "validation rows that are in train, 75.0%: 3 (dev.csv:2 and a.csv:4, " in "\n".join(found.lines())
    assert "labels that only validation has: z (1)" in found.lines()


def test_lengths_and_what_the_limit_cuts():
    found = lengths_of_rows(range(1, 101), 90)
    assert found.percentiles == {50: 50, 90: 90, 95: 95, 99: 99}
    assert (found.longest, found.cut, found.max_length) == (100, 10, 90)
    assert found.lost == pytest.approx(55 / 5050)


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        ("a character was lost", "caf\ufffd"),
        ("UTF-8 read in", "café au lait".encode().decode("latin-1")),
        ("UTF-8 read in", "it’s".encode().decode("cp1252")),
        ("UTF-8 read in", "5 £".encode().decode("cp1252")),
        ("control characters", "a\x07b"),
        ("control characters", "it\x92s"),
        ("invisible characters", "a\u200bb"),
        ("invisible characters", "a\ufeff"),
        ("HTML", "a &amp; b"),
        ("HTML", "a<br />b"),
        ("no letter at all", "12:30, 5!"),
        ("no letter at all", "🙂"),
    ],
)
def test_troubles(trouble, text):
    found = look(dataset(["fine", text])).train.troubles
    assert [(name.startswith(trouble), finding) for name, finding in found.items()] == [
        (True, Finding(1, ("a.csv:3",)))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "naïve café",
        "São Paulo, NÃO",
        "Übung macht’s",
        "中文。",
        "می\u200cخواهم",
        "👩\u200d👧 ok",
        "a\tb\nc",
        "R&D <b>",
        "x",
    ],
)
def test_no_trouble(text):
    assert not look(dataset([text])).train.troubles


def test_the_second_text_is_looked_at_too():
    assert list(look(dataset(["a"], ["x"], ["b\ufffd"])).train.troubles) == [next(iter(TROUBLES))]


def test_empty_texts():
    found = look(dataset(["a", "", " \n"])).train
    assert found.empty == Finding(2, ("a.csv:3", "a.csv:4"))
    assert not found.troubles


def test_lines_tell_what_was_found():
    train = dataset(["one two three", "one", "ONE", "b &amp;"], ["x", "x", "y", "x"])
    assert look(train).lines() == [
        "train: 4 rows",
        "labels: 2, from 1 rows (y) to 3 (x); the most frequent has 75.0% of the rows",
        "rows that repeat an earlier one: 1 (a.csv:4)",
        "texts with different answers: 1 (a.csv:3 (x) and a.csv:4 (y))",
        "labels with a single row: 1 (y)",
        "HTML: 1 (a.csv:5)",
    ]


def test_a_header_in_the_middle_is_found_under_its_names_in_the_file():
    train = dataset(["one", "Message", "text", "text"], ["x", "kind", "label", "x"])
    names = {"text": {"text", "message"}, "text_pair": {"text_pair"}, "label": {"label", "kind"}}
    found = report_of({"train": train}, COLUMNS, names)["train"].odd
    what = "rows that hold the names of the columns (a header in the middle?)"
    assert found[what] == Finding(2, ("a.csv:3", "a.csv:4"))


def test_rows_that_are_nearly_the_same():
    train = dataset(["where is my parcel", "where is my parcel?", "hello"], ["x", "x", "y"])
    found = look(train, dataset(["where is my parcel!", "i want my money", "i want my money."], name="dev"))
    assert found.train.odd["rows nearly the same as an earlier one"].places == ("a.csv:3 and a.csv:2",)
    odd = found.validation.odd
    assert odd["validation rows nearly the same as one in train"].places == ("dev.csv:2 and a.csv:2",)
    assert odd["rows nearly the same as an earlier one"].places == ("dev.csv:4 and dev.csv:3",)


def test_only_training_labels_are_odd():
    found = look(dataset(["a", "b"], ["x", "X"]), dataset(["c"], ["y"], name="dev"))
    assert "labels that differ only in case or white space" in found.train.odd
    assert not found.validation.odd


def test_rows_of_a_task_that_has_no_texts():
    rows = [{"passages": ["a"]}, {"passages": ["b"]}]
    found = report_of({"train": rows, "validation": rows}, (Column("passages", "labels"),))
    assert (found["train"].rows, found["train"].duplicates, found["validation"].overlap) == (2, Finding(), Finding())


def test_a_report_is_ready_for_json():
    report = look(dataset(["a", "b"], ["x", "y"]), dataset(["a"], ["x"], name="dev"))
    again = json.loads(json.dumps(Report(report.splits, problems=[Problem("a.csv:2", "is odd")]).as_dict()))
    assert again["train"]["labels"] == {"x": 1, "y": 1}
    assert again["validation"]["overlap"] == {"count": 1, "places": ["dev.csv:2 and a.csv:2"]}
    assert (again["train"]["majority"], again["validation"]["majority"]) == (0.5, 1.0)
    assert again["problems"] == ["a.csv:2  is odd"]
