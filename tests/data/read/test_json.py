from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertkit.data.read.readers import read_records
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def rows(path: str, **options: object) -> list[tuple[str, int, dict]]:
    return [(r.place, r.number, r.values) for r in read_records([path], DataBlock(**options))]


def message(path: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, **options)
    return str(caught.value)


def test_an_object_a_line(write):
    path = write("a.jsonl", '{"text": "a", "label": 1}\r\n{"text": "null", "label": null}')
    assert rows(path) == [
        ("a.jsonl:1", 1, {"text": "a", "label": 1}),
        ("a.jsonl:2", 2, {"text": "null", "label": None}),
    ]


def test_dates_and_numbers_in_texts_stay_texts(write):
    (row,) = rows(write("a.jsonl", '{"text": "2020-01-01", "label": "007"}'))
    assert row[2] == {"text": "2020-01-01", "label": "007"}


def test_bad_lines_are_told_together(write, caplog):
    path = write("a.jsonl", '{"text": "a"}\n{"text": "b"\n\n"c"\n7\n{"text": "d", "text": "e"}\n{"text": "f"}\n')
    assert message(path).split("\n") == [
        "a.jsonl:2  broken JSON: Expecting ',' delimiter (column 13); a line is one whole object: {...}",
        'a.jsonl:4  not an object: found a text; a row is {"column": value, ...}',
        'a.jsonl:5  not an object: found a number; a row is {"column": value, ...}',
        "a.jsonl:6  a key occurs twice in one object: 'text'; keep one of them",
    ]
    assert [(place, number) for place, number, _ in rows(path, bad_rows="skip")] == [("a.jsonl:1", 1), ("a.jsonl:7", 6)]
    assert "blank lines skipped: 1 (a.jsonl:3)" in caplog.messages
    assert "rows left out, not an object: 2 (a.jsonl:4, a.jsonl:5)" in caplog.messages


def test_a_list_in_place_of_lines(write):
    assert "--set data.format=json" in message(write("a.jsonl", '[\n{"text": "a"},\n{"text": "b"}\n]\n'))


def test_lists_without_names_are_columns_by_number(write):
    path = write("a.jsonl", '["a", "x"]\n["b", "y"]\n')
    assert [values for _, _, values in rows(path, header=False)] == [{"1": "a", "2": "x"}, {"1": "b", "2": "y"}]


def test_objects_name_their_own_columns(write):
    found = message(write("a.jsonl", '{"text": "a"}\n'), header=["text"])
    assert found == "a.jsonl:1  an object, whose keys name the columns; data.header is for lists; leave data.header out"


def test_lists_need_names(write):
    path = write("a.jsonl", '["a", "x"]\n["b", "y"]\n')
    assert message(path) == (
        "a.jsonl:1  a list instead of an object; name its columns in data.header, or call them by their numbers: "
        "--set data.header=false"
    )
    assert rows(path, header=["text", "label"])[1] == ("a.jsonl:2", 2, {"text": "b", "label": "y"})
    assert message(path, header=["text"]).startswith("a.jsonl:1  wrong number of values: 2, data.header names 1")

    assert "this row is a header" in message(
        write("b.jsonl", '["text", "label"]\n["a", "x"]'), header=["text", "label"]
    )


def test_deep_nesting_is_no_crash(write):
    assert message(write("a.jsonl", "[" * 100_000)).startswith("a.jsonl:1  ")
    assert "nested deeper than 100 levels" in message(write("a.json", "[" * 100_000 + "]" * 100_000))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_no_rows(write, name):
    assert message(write(name, "\n")) == f"{name}  no rows; is this the right file?"


def test_an_empty_list_has_no_rows(write):
    assert message(write("a.json", "[ ]")) == "a.json  no rows; is this the right file?"


def test_a_list_of_objects_with_the_line_of_each(write):
    path = write("a.json", '\n[ {"text": "a"}, {"text":\n"b]"},\n\n  {"text": "c\\n"}]\n')
    assert rows(path) == [
        ("a.json:2", 1, {"text": "a"}),
        ("a.json:2", 2, {"text": "b]"}),
        ("a.json:5", 3, {"text": "c\n"}),
    ]


SPLITS = '{"train": [\n["a", "x"],\n["b", "y"]],\n"more": {"dev": [["c", "x"]]}, "note": 3}'


def test_a_key_picks_a_split(write):
    write("a.json", SPLITS)
    names = ["text", "label"]
    assert rows("a.json#train", header=names) == [
        ("a.json:2", 1, {"text": "a", "label": "x"}),
        ("a.json:3", 2, {"text": "b", "label": "y"}),
    ]
    assert rows("a.json#more/dev", header=names) == [("a.json:4", 1, {"text": "c", "label": "x"})]


def test_an_object_needs_a_key(write):
    path = write("a.json", SPLITS)
    assert message(path) == (
        "a.json  expected a list of rows, found an object with the keys train (2 rows), more, note; "
        "name the key of the rows: a.json#train"
    )
    assert "name the key of the rows: a.json#more/dev" in message("a.json#more")
    assert message("a.json#note") == "a.json  expected a list of rows, found a number; write [{...}, {...}]"


@pytest.mark.parametrize(
    ("key", "what"),
    [("trian", "did you mean train?"), ("train/x", "here is a list"), ("more/x", "known: dev")],
)
def test_a_key_that_leads_nowhere(write, key, what):
    write("a.json", SPLITS)
    assert what in message(f"a.json#{key}")


def test_a_split_that_stands_twice(write):
    write("a.json", '{"train": [{"text": "a"}], "train": []}')
    assert message("a.json#train") == "a.json  a key occurs twice in one object: 'train'; keep one of them"


def test_wrong_rows_of_a_list(write):
    path = write("a.json", '[{"text": "a"},\n"b",\n{"text": "c", "text": "d"},\n["e"]]')
    assert [line.partition(";")[0] for line in message(path).split("\n")] == [
        "a.json:2  not an object: found a text",
        "a.json:3  a key occurs twice in one object: 'text'",
        "a.json:4  a list instead of an object",
    ]


def test_broken_json_has_its_line(write):
    assert message(write("a.json", '[{"text": "a"},\n{"text": }]')) == (
        "a.json:2  broken JSON: Expecting value (column 10); look there and just above"
    )


def test_json_lines_under_the_name_of_json(write):
    path = write("a.json", '{"text": "a"}\n{"text": "b"}\n')
    assert rows(path) == rows(path, format="jsonl") == [("a.json:1", 1, {"text": "a"}), ("a.json:2", 2, {"text": "b"})]


def test_other_formats_have_no_key(write):
    write("a.csv", "text\nx\n")
    assert message("a.csv#train") == "a.csv#train  a csv file has no parts to choose; name the file alone: a.csv"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(), lambda inner: st.lists(inner, max_size=3)
)
ROWS = st.lists(st.dictionaries(st.text(), VALUES, max_size=3), min_size=1)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@QUIET
@given(ROWS)
def test_any_objects_are_read_back_from_lines(write, written):
    found = rows(write("a.jsonl", "\n".join(map(json.dumps, written))))
    assert [values for _, _, values in found] == written
    assert [place for place, _, _ in found] == [f"a.jsonl:{line}" for line in range(1, len(written) + 1)]


@QUIET
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_any_texts_are_read_back_from_lines_without_escapes(write, written):
    found = rows(write("a.jsonl", "\n".join(json.dumps({"text": text}, ensure_ascii=False) for text in written)))
    assert [values["text"] for _, _, values in found] == written


@pytest.mark.slow
@QUIET
@given(ROWS, st.sampled_from([None, 0, 2]))
def test_any_objects_are_read_back_from_a_list(write, written, indent):
    text = json.dumps({"other": written, "train": written}, indent=indent)
    write("a.json", text)
    found = rows("a.json#train")
    assert [values for _, _, values in found] == written
    lines = text.split("\n")
    starts = [int(place.removeprefix("a.json:")) for place, _, _ in found]
    assert starts == sorted(starts)
    if indent is not None:
        assert len(set(starts)) == len(starts)
        assert all(lines[start - 1].lstrip().startswith("{") for start in starts)


def test_the_only_list_of_objects_in_an_object(write, caplog):
    caplog.set_level("INFO")
    path = write("a.json", '{"version": 1,\n "names": ["x"],\n "data": [\n  {"text": "a"},\n  3\n]}')
    assert rows(path, bad_rows="skip") == [("a.json:4", 1, {"text": "a"})]
    assert caplog.messages[0] == "a.json: the rows are those of its key data"
    assert caplog.messages[1] == "rows left out, not an object: 1 (a.json:5)"
    write("b.json", '{"data": [["a"]], "names": ["x"]}')
    assert rows("b.json", header=["text"]) == [("b.json:1", 1, {"text": "a"})]


def test_a_message_names_a_dozen_keys_at_most(write):
    path = write("a.json", json.dumps({f"key{number}": number for number in range(120)}))
    assert "the keys key0, " in message(path)
    assert "key11, ... (120 in all); name the key" in message(path)


def test_objects_over_several_lines_one_after_the_other(write, caplog):
    path = write("a.json", '\n{\n "text": "a"\n}\n\n{\n "text": "b", "text": "c"\n},\n{"text":\n"d"}\n')
    places = [(place, number) for place, number, _ in rows(path, bad_rows="skip")]
    assert places == [("a.json:2", 1), ("a.json:9", 3)]
    assert "rows left out, a key occurs twice in one object: 1 (a.json:6)" in caplog.messages


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{\n"text": "a"\n}\n{\n"text": "b"\n', "a.json:6  broken JSON: Expecting ',' delimiter"),
        ('[{"text": "a"}]]', "a.json:1  broken JSON: Extra data"),
        ('[{"text": "a"}]\n[{"text": "b"}]', "a.json:2  broken JSON: Extra data"),
        ('{\n"text": "a"\n}\nand so on', "a.json:4  broken JSON: Expecting value"),
    ],
)
def test_what_follows_a_value_and_is_no_row(write, content, expected):
    assert message(write("a.json", content)).startswith(expected)


def test_a_broken_line_among_objects_is_one_bad_row(write, caplog):
    path = write("a.json", '{"text": "a"}\n{"text": "b"\n{"text": "c"}\n')
    assert [place for place, _, _ in rows(path, bad_rows="skip")] == ["a.json:1", "a.json:3"]
    assert "rows left out, broken JSON: 1 (a.json:2)" in caplog.messages
