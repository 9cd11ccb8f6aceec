from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from datasets import List, Value

from bertkit.data import dataset
from bertkit.data.canonical import MAY_BE_EMPTY
from bertkit.data.columns.column import Column
from bertkit.data.columns.values import EVERY_ROW
from bertkit.data.dataset import load
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

TEXT, PAIR, LABEL = (
    Column("text", "text"),
    Column("text_pair", "text", required=False),
    Column("label", "label", answer=True),
)
CLASSIFY = (TEXT, PAIR, LABEL)
SEVERAL = (TEXT, Column("label", "labels", answer=True))
REGRESS = (TEXT, Column("label", "number", answer=True))


def rows(path: str | list[str], task: Any = CLASSIFY, *, answers: bool = True, **options: Any) -> list[dict]:
    paths = [path] if isinstance(path, str) else path
    return load(paths, task, DataBlock(**options), answers=answers).to_list()


def message(path: str | list[str], task: Any = CLASSIFY, *, answers: bool = True, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, task, answers=answers, **options)
    return str(caught.value)


def jsonl(*values: dict) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_rows_have_canonical_columns_a_number_and_a_place(write):
    found = load([write("a.csv", 'text,label\n"a\nb",x\nc,y\n')], CLASSIFY, DataBlock())
    assert found.to_list() == [
        {"text": "a\nb", "label": "x", "row": 1, "place": "a.csv:2"},
        {"text": "c", "label": "y", "row": 2, "place": "a.csv:4"},
    ]
    assert not found.cache_files


def test_types_do_not_depend_on_the_rows(write):
    found = load([write("a.csv", "text,label\na,\nb, \n")], SEVERAL, DataBlock())
    assert found.features["label"] == List(Value("string"))
    found = load([write("b.csv", "text,label\na,1\nb,2\n")], REGRESS, DataBlock())
    assert found.features["label"] == Value("float64")
    assert found["label"] == [1.0, 2.0]


def test_many_rows_come_in_batches(write, monkeypatch):
    monkeypatch.setattr(dataset, "BATCH", 3)
    path = write("a.csv", "text,label\n" + "".join(f"t{i},x\n" for i in range(10)))
    assert [row["text"] for row in rows(path)] == [f"t{i}" for i in range(10)]


def test_a_file_rewritten_at_once_is_read_anew(write):
    path = write("a.csv", "text,label\na,x\n")
    before = Path(path).stat()
    assert rows(path)[0]["text"] == "a"
    write("a.csv", "text,label\nb,x\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert rows(path)[0]["text"] == "b"


def test_columns_are_mapped(write):
    path = write("a.csv", "sentence,kind,my id\na,x,7\n")
    found = rows(path, columns={"text": "sentence", "label": "kind", "id": "my id"})
    assert found == [{"text": "a", "label": "x", "row": 1, "place": "a.csv:2", "id": "7"}]


def test_mapped_columns_are_named_in_errors(write):
    path = write("a.csv", "sentence,label\na,x\n,x\n")
    assert (
        message(path, columns={"text": "sentence"})
        == f"a.csv:3  text (column sentence) is empty; {EVERY_ROW}: --set data.bad_rows=skip"
    )


def test_a_mapping_of_an_unknown_canonical_column(write):
    path = write("a.csv", "text,label\na,x\n")
    assert message(path, columns={"txt": "text", "zzz": "text"}).split("\n") == [
        "data.columns.txt  the task has no such column; did you mean text?",
        "data.columns.zzz  the task has no such column; known: text, text_pair, label, id",
    ]


def test_a_mapping_to_a_column_that_the_file_has_not(write):
    path = write("a.csv", "sentence,label\na,x\n")
    assert message(path, columns={"text": "sentense"}) == (
        "a.csv  no column 'sentense' for text; the columns here: sentence, label; "
        "name the one that holds it: --set data.columns.text=sentence"
    )
    assert "no column 'b' for text_pair" in message(path, columns={"text": "sentence", "text_pair": "b"})
    assert "no column 'b' for id" in message(path, columns={"text": "sentence", "id": "b"})


def test_missing_columns_are_told_with_the_settings_that_name_them(write):
    path = write("a.csv", "review,category name\na,x\n")
    assert message(path).split("\n") == [
        "a.csv  no column 'text' for text; the columns here: review, category name; "
        "name the one that holds it: --set data.columns.text=review",
        "a.csv  no column 'label' for label; the columns here: review, category name; "
        "name the one that holds it: --set 'data.columns.label=category name'",
    ]


def test_where_no_column_is_left_none_is_proposed(write):
    assert message(write("a.csv", "text\na\n")).endswith(
        "the columns here: text; is this the right file? data.columns.label names the one that holds it"
    )
    assert "--set" not in message(write("b.csv", "id,text\n1,a\n2,b\n"))


@pytest.mark.parametrize(
    "first", ["where is my parcel and who has it,x,1", "hello!,x,1", "hello,x,27", f"{'a' * 41},x,z"]
)
def test_a_first_line_that_is_a_row(write, first):
    path = write("a.csv", f"{first}\nb,y,2\n")
    found = message(path)
    assert found.startswith("a.csv:1  does not look like a header, and names no text: ")
    assert found.endswith("if it is a row, name the columns: --set 'data.header=[text,label,column3]'")
    assert [row["label"] for row in rows(path, header=["text", "label", "column3"])] == ["x", "y"]


def test_json_is_never_asked_for_a_header(write):
    assert "'data.columns.text=\"1\"'" in message(write("a.jsonl", jsonl({"1": "a", "label": "x"})))


def test_columns_that_are_not_used_are_said_aloud(write, caplog):
    caplog.set_level("INFO")
    rows(write("a.csv", "text,label,date,idx,who\na,x,1,2,3\n"))
    assert caplog.messages == ["a.csv: columns not used: date, who"]


def test_each_file_must_have_the_columns(write):
    write("a.csv", "text,label\na,x\n")
    write("b.csv", "label,text\ny,b\n")
    assert [row["text"] for row in rows(["a.csv", "b.csv"])] == ["a", "b"]
    write("c.csv", "sentence,label\nc,x\n")
    assert message(["a.csv", "c.csv"]).startswith("c.csv  no column 'text'")


@pytest.mark.parametrize("name", ["id", "idx"])
def test_ids_are_kept_as_texts(write, name):
    path = write("a.jsonl", jsonl({"text": "a", "label": "x", name: 7}, {"text": "b", "label": "x", name: None}))
    assert [row["id"] for row in rows(path)] == ["7", None]


def test_an_optional_column_is_there_for_all_rows_or_for_none(write):
    two = {"text": "a", "label": "x", "text_pair": "b"}
    one = {"text": "a", "label": "x"}
    assert rows(write("a.jsonl", jsonl(two, two)))[1]["text_pair"] == "b"
    assert "text_pair" not in rows(write("a.jsonl", jsonl(one, {**one, "text_pair": None})))[0]
    assert message(write("a.jsonl", jsonl(two, one, {**one, "text_pair": None}))).split("\n") == [
        f"a.jsonl:2  text_pair is missing; {MAY_BE_EMPTY}: --set 'data.allow_empty=[text_pair]'",
        f"a.jsonl:3  text_pair is missing; {MAY_BE_EMPTY}: --set 'data.allow_empty=[text_pair]'",
    ]
    assert message(write("a.jsonl", jsonl(one, two))) == (
        "a.jsonl:2  text_pair is there, but not in the first row; all rows must have it, or none"
    )


def test_a_bad_first_row_does_not_decide_on_optional_columns(write):
    good = {"text": "a", "label": "x", "text_pair": "b"}
    path = write("a.jsonl", jsonl({"text": "", "label": "x"}, good, good))
    assert len(rows(path, bad_rows="skip")) == 2


def test_a_row_without_a_required_key(write):
    path = write("a.jsonl", jsonl({"text": "a", "label": "x"}, {"text": "b"}, {"label": "x"}))
    assert [line.partition(";")[0] for line in message(path).split("\n")] == [
        "a.jsonl:2  label is missing",
        "a.jsonl:3  text is missing",
    ]


def test_bad_values_and_unreadable_rows_are_told_together(write):
    path = write("a.csv", "text,label\na,x\n,x\nb\nc,\n")
    assert [line.partition(";")[0] for line in message(path).split("\n")] == [
        "a.csv:3  text is empty",
        "a.csv:4  wrong number of fields: 1, expected 2 (text, label)",
        "a.csv:5  label is missing",
    ]


def test_skipped_rows_are_left_out_and_counted(write, caplog):
    path = write("a.csv", "text,label\na,x\n,x\nb\n ,x\nc,y\n")
    assert [(row["text"], row["row"]) for row in rows(path, bad_rows="skip")] == [("a", 1), ("c", 5)]
    assert caplog.messages == [
        "rows left out, text is empty: 2 (a.csv:3, a.csv:5)",
        "rows left out, wrong number of fields: 1 (a.csv:4)",
    ]


def test_where_all_rows_are_skipped(write):
    path = write("a.csv", "text,label\n,x\n")
    assert message(path, bad_rows="skip") == "a.csv  no row can be used; see the rows left out above"


def test_merged_rows_are_too_long(write):
    path = write("a.csv", 'text,label\n"a,x\n' + "b,x\n" * 50 + '",y\n')
    assert "a.csv:2  text is too long: 204 characters" in message(path, max_characters=100)
    assert "an unclosed quote often merges rows" in message(path, max_characters=100)


def test_rows_to_predict_need_no_answers(write, caplog):
    path = write("a.jsonl", jsonl({"text": "a", "label": -1}, {"text": " ", "label": []}, {"text": ""}))
    assert rows(path, answers=False) == [
        {"text": "a", "row": 1, "place": "a.jsonl:1"},
        {"text": " ", "row": 2, "place": "a.jsonl:2"},
        {"text": "", "row": 3, "place": "a.jsonl:3"},
    ]
    assert caplog.messages == ["empty texts: 2 (a.jsonl:2, a.jsonl:3)"]


def test_rows_to_predict_may_lack_a_mapped_answer(write):
    path = write("a.csv", "sentence\na\n")
    assert len(rows(path, answers=False, columns={"text": "sentence", "label": "category"})) == 1
    assert "--set data.columns.text=sentence" in message(write("b.csv", "label,sentence\nx,a\n"), answers=False)


def test_blank_lines_of_a_text_file_keep_their_answers(write):
    path = write("a.txt", "a\n\nb\n")
    assert [row["text"] for row in rows(path, answers=False)] == ["a", "", "b"]


def test_hidden_labels_are_not_learnt(write):
    assert message(write("a.csv", "text,label\na,-1\nb,-1\n")).startswith(
        "a.csv:2  the label -1 usually marks a hidden"
    )


def test_mixed_labels(write):
    path = write("a.jsonl", jsonl({"text": "a", "label": "x"}, {"text": "b", "label": 1}))
    assert message(path).startswith("a.jsonl:1  labels of different types: 'x' is a name\na.jsonl:2  ")


def test_positions_of_given_names(write):
    names = write("names.txt", "no\nyes\n")
    path = write("a.tsv", "text\tlabel\na\t1\nb\t0\nc\t2\n")
    assert message(path, label_ids=True, label_names=names) == (
        "a.tsv:4  label is no position in data.label_names: '2', expected 0 to 1"
    )
    path = write("a.tsv", "a\t1,0\nb\t\n")
    found = rows(path, SEVERAL, label_ids=True, label_names=names, header=["text", "label"])
    assert [row["label"] for row in found] == [["yes", "no"], []]


def test_text_from_half_an_emoji(write):
    path = write(
        "a.jsonl", '{"text": "a\\ud83d", "label": "x", "id": 1}\n{"text": "b", "label": "x", "id": "\\ud83d"}\n'
    )
    assert [line.partition(";")[0] for line in message(path).split("\n")] == [
        "a.jsonl:1  text holds half a character: a lone \\ud800 to \\udfff",
        "a.jsonl:2  holds half a character: a lone \\ud800 to \\udfff",
    ]


def test_one_of_the_optional_inputs_must_be_there(write):
    task = (Column("tokens", "words", required=False), Column("text", "text", required=False))
    path = write("a.jsonl", jsonl({"sentence": "a"}))
    assert message(path, task) == (
        "a.jsonl  no column for tokens or text; the columns here: sentence; "
        "name the one that holds it: --set data.columns.text=sentence"
    )
    assert rows(path, task, columns={"text": "sentence"})[0]["text"] == "a"


def test_the_lines_of_words_where_a_source_has_them(write):
    task = (Column("tokens", "words"),)
    write("a.jsonl", jsonl({"tokens": ["a"]}))
    found = rows([write("a.conll", "a O\nb O\n"), "a.jsonl"], task)
    assert [row["lines"] for row in found] == [[1, 2], None]
    assert "lines" not in rows("a.jsonl", task)[0]


def test_two_columns_of_the_task_from_one_of_the_file(write):
    path = write("a.csv", "text\nx\n")
    with pytest.raises(DataError, match=r"data\.columns\.label  text is already the column of text"):
        load([path], CLASSIFY, DataBlock(columns={"text": "text", "label": "text"}))


def test_one_column_per_label(write):
    path = write("a.csv", "text,negative,positive\nx,0,1\ny,1.0,True\nz,0,0\n")
    columns = {"label": ["negative", "positive"]}
    assert [row["label"] for row in rows(path, SEVERAL, columns=columns)] == [["positive"], columns["label"], []]
    path = write("b.csv", 'text,negative,positive\nx,0,2\ny,"",1\nz,0,1\nz,yes,0\n')
    assert message(path, SEVERAL, columns=columns).split("\n") == [
        "b.csv:2  label (columns negative, positive) holds a value that is neither 0 nor 1: positive is '2'; "
        "write 1 where the row has the label",
        "b.csv:3  label (columns negative, positive) holds a value that is neither 0 nor 1: negative is empty; "
        "write 1 where the row has the label",
        "b.csv:5  label (columns negative, positive) holds a value that is neither 0 nor 1: negative is 'yes'; "
        "write 1 where the row has the label",
    ]
    assert "no column 'neutral' for label" in message(path, SEVERAL, columns={"label": ["negative", "neutral"]})
    assert "rows with several labels need options.multi_label: true" in message(path, columns=columns)
    assert rows(path, SEVERAL, columns=columns, answers=False)[0] == {"text": "x", "row": 1, "place": "b.csv:2"}


def test_a_text_may_be_empty_where_the_block_says_so(write, caplog):
    path = write("a.csv", "text,text_pair,label\na,,x\nb,c,y\n")
    assert message(path).startswith(
        f"a.csv:2  text_pair is empty; {MAY_BE_EMPTY}: --set 'data.allow_empty=[text_pair]'"
    )
    assert [row["text_pair"] for row in rows(path, allow_empty=["text_pair"])] == ["", "c"]
    assert caplog.messages[-1] == "empty texts: 1 (a.csv:2)"
    path = write("a.jsonl", jsonl({"text": "a", "text_pair": None, "label": "x"}, {"text": "", "label": "y"}))
    found = rows(path, allow_empty=["text", "text_pair"])
    assert [(row["text"], row["text_pair"]) for row in found] == [("a", ""), ("", "")]
    assert (
        message(path, allow_empty=["txt"])
        == "data.allow_empty  the task has no column txt of texts; did you mean text?"
    )
    assert "no column label of texts" in message(path, allow_empty=["label"])
