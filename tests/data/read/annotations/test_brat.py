from __future__ import annotations

import pytest

from bertkit.data.read.sources import expand
from bertkit.recipe.schema import DataBlock
from tests.data.read.annotations.reading import message, records, values
from tests.helpers import warnings

TEXT = "Mara flew to Oslo"


@pytest.mark.parametrize("named", ["d", "d/*", "d/*.ann", "d/a.ann"])
def test_each_text_is_read_once(write, named):
    write("d/a.txt", TEXT), write("d/a.ann", "T1\tPER 0 4\tMara\n")
    (record,) = records(named)
    assert (record.place, record.number) == ("d/a.txt", 1)
    assert record.values == {"text": TEXT, "spans": [{"start": 0, "end": 4, "label": "PER"}]}


def test_texts_in_another_folder_are_lines(write):
    write("d/a.txt", TEXT), write("d/a.ann", ""), write("e/b.txt", "one\ntwo\n")
    assert {source.name: source.format for source in expand(["."], DataBlock())} == {
        "d/a.txt": "brat",
        "e/b.txt": "text",
    }


def test_a_text_without_annotations_is_read_where_none_are_needed(write):
    write("d/a.txt", TEXT), write("d/a.ann", ""), write("d/b.txt", "Not annotated")
    assert values("d", answers=False) == [{"text": TEXT, "spans": []}, {"text": "Not annotated"}]


def test_annotations_without_a_text(write):
    assert message(write("a.ann", "")) == "a.ann  there is no a.txt beside it; brat keeps the text there"


@pytest.mark.parametrize(
    "line", ["T1 PER 0 4 Mara", "T1\tPER 0\tMara", "PER 0 4", "T1\tPER zero 4\tMara", "T1\tPER 0 4;\tMara"]
)
def test_lines_that_are_no_annotation(write, line):
    write("a.txt", TEXT)
    told = message(write("a.ann", f"\nT2\tLOC 13 17\tOslo\n{line}\n"))
    assert told.startswith("a.ann:3  not an annotation of brat's")
    assert told.endswith("an entity is T1<TAB>TYPE START END<TAB>TEXT")


def test_parts_that_are_not_at_their_place(write):
    write("a.txt", TEXT)
    told = message(write("a.ann", "T1\tX 0 4;10 12\tMara Oslo\n"))
    assert told.startswith("a.ann:1  spans is not at its place: 'Mara Oslo', where the text has 'Mara to'")
    assert "data.bad_rows=skip" in told


def test_a_mention_elsewhere_is_kept_for_the_check_of_spans(write):
    write("a.txt", TEXT)
    (row,) = values(write("a.ann", "T1\tPER 0 4\tOslo\n"))
    assert row["spans"] == [{"start": 0, "end": 4, "label": "PER", "text": "Oslo"}]


def test_what_is_not_an_entity_is_counted_over_all_texts(write, caplog):
    for name in ("a", "b"):
        write(f"d/{name}.txt", TEXT)
        write(f"d/{name}.ann", "E1\tflew:T1\nA1\tSure T1\n*\tEquiv T1 T2\nN1\tReference T1 Wiki:3\tMara\n")
    assert [row["spans"] for row in values("d")] == [[], []]
    assert warnings(caplog) == [
        "events of brat's, not read: 2 (d/a.ann:1, d/b.ann:1)",
        "attributes of brat's, not read: 2 (d/a.ann:2, d/b.ann:2)",
        "relations of brat's, not read: 2 (d/a.ann:3, d/b.ann:3)",
        "normalizations of brat's, not read: 2 (d/a.ann:4, d/b.ann:4)",
    ]
