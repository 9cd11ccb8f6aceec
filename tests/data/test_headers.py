from __future__ import annotations

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

CLASSIFY = (
    Column("text", "text"),
    Column("text_pair", "text", required=False),
    Column("label", "label", answer=True),
)


def message(path: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        load([path], CLASSIFY, DataBlock(**options))
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [("a film\tpos\n", "\\t"), ("0 ||| a film\n", " ||| "), ("0|||a film\n", "|||")],
)
def test_a_table_read_as_plain_text_is_told_its_delimiter(write, content, delimiter):
    found = message(write("a.txt", content))
    assert found.startswith("a.txt:1  plain text, with no column for label; if ")
    assert found.endswith(f"separates its columns: --set 'data.delimiter=\"{delimiter}\"'")


def test_plain_text_without_a_delimiter_lacks_a_column(write):
    assert "no column 'label' for label" in message(write("a.txt", "a film\n"))


def test_columns_by_number_need_to_know_that_there_is_no_header(write):
    path = write("a.csv", "zero,a film\none,b\n")
    columns = {"text": "2", "label": "1"}
    assert message(path, columns=columns) == (
        "a.csv:1  the header names no column '2'; if there is no header, and columns are meant by number: "
        "--set data.header=false"
    )
    rows = load([path], CLASSIFY, DataBlock(columns=columns, header=False))
    assert [(row["text"], row["label"]) for row in rows] == [("a film", "zero"), ("b", "one")]


def test_the_longest_cells_of_a_file_without_a_header_are_proposed_as_texts(write):
    path = write("a.txt", "0 ||| a sentence of five words\n1 ||| b\n")
    found = message(path, delimiter=" ||| ")
    assert found.endswith("if it is a row, name the columns: --set 'data.header=[label,text]'")
