"""Which column is proposed: by the values of the first rows, not by its place."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.hints import header, peek, proposals, series
from bertkit.data.read.rows import Record
from bertkit.errors import DataError

TEXT, PAIR = Column("text", "text"), Column("text_pair", "text")
QUESTION, CONTEXT, ANSWERS = Column("question", "text"), Column("context", "text"), Column("answers", "answers")
LABEL, SCORE = Column("label", "label"), Column("score", "number")
WORDS = ("where is my parcel", "i want my money back", "hello there", "thank you , good bye")


def table(**columns: Any) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def best(columns: tuple[Column, ...], rows: list[dict[str, Any]]) -> dict[str, str]:
    return proposals(columns, list(rows[0]), rows)


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        ((TEXT, LABEL), table(kind="abab", note=WORDS), {"text": "note", "label": "kind"}),
        ((TEXT, LABEL), table(nr="1234", day=["2020-01-02"] * 4, note=WORDS, kind="abab"),
            {"text": "note", "label": "kind"}),
        ((TEXT, LABEL), table(user_id=["u1", "u1", "u2", "u2"], note=WORDS, part=["train"] * 4), {"text": "note"}),
        ((TEXT,), table(url=[f"https://x.org/{i}/a/long/way/to/go" for i in range(4)], note=WORDS), {"text": "note"}),
        ((TEXT,), table(code=[f"a7f3-99b1-2{i}de-77aa-0123-4567" for i in range(4)], note=WORDS), {"text": "note"}),
        ((TEXT,), table(when=[f"2020-01-0{i} 10:00" for i in range(4)]), {}),
        ((TEXT, LABEL), table(title=["a b", "c d", "e f", "g"], body=WORDS, tone=["good", "bad"] * 2),
            {"text": "body", "label": "tone"}),
        ((LABEL,), table(class_=[0, 1, 0, 1], lang=["en", "de", "en", "en"]), {"label": "class_"}),
        ((LABEL,), table(**{"#1 String": WORDS, "n": "1234"}), {"label": "#1 String"}),
        ((SCORE,), table(nr="1234", words=WORDS, stars=["2.5", "1", "4.0", "3"]), {"score": "stars"}),
        ((TEXT, PAIR), table(a=WORDS, b=[f"{word} and so on" for word in WORDS]), {"text": "a", "text_pair": "b"}),
        ((QUESTION, CONTEXT, ANSWERS), table(passage=[f"{word} " * 9 for word in WORDS], q=WORDS,
            a=[[{"text": "x", "answer_start": 0}]] * 3 + [[]]),
            {"question": "q", "context": "passage", "answers": "a"}),
        ((Column("tokens", "words"), Column("tags", "tags")), table(w=[["EU", "says"]] * 2 + [["a"]] * 2,
            t=[["B-ORG", "O"]] * 2 + [["O"]] * 2), {"tokens": "w", "tags": "t"}),
        ((Column("spans", "spans"),), table(x=["a"] * 4, marks=[[[0, 1, "A"]], [], [[0, 2, "A"]], []]),
            {"spans": "marks"}),
        ((Column("choices", "choices"),), table(x="abcd", ends=[["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]),
            {"choices": "ends"}),
        ((TEXT,), table(sentense=WORDS, longer=[f"{word} and so on" for word in WORDS], text_=WORDS),
            {"text": "text_"}),
    ],
)  # fmt: skip
def test_the_best_column(columns: tuple[Column, ...], rows: list[dict[str, Any]], expected: dict[str, str]) -> None:
    assert best(columns, rows) == expected


def test_no_column_is_proposed_twice() -> None:
    assert best((TEXT, PAIR), table(a=WORDS)) == {"text": "a"} or best((TEXT, PAIR), table(a=WORDS)) == {
        "text_pair": "a"
    }


def test_names_for_a_file_without_a_header() -> None:
    rows = [{"1": str(i), "a": "x", "where is it": text} for i, text in enumerate(WORDS, 2)]
    rows[0]["a"] = "y"
    assert header((TEXT, LABEL), ["1", "y", "where is it"], rows) == ("column1", "label", "text")


def test_a_row_that_can_not_be_read_ends_the_look_at_the_first_rows() -> None:
    def records():
        yield Record("a:2", 2, {"n": 2})
        raise DataError.at("a:3", "is broken")

    assert peek(Record("a:1", 1, {"n": 1}), records()) == [{"n": 1}, {"n": 2}]


def test_a_series_of_columns() -> None:
    assert series(["text", "end0", "end1", "end2", "x1"]) == ["end0", "end1", "end2"]
    assert series(["text", "label"]) == []
