"""The page of an explanation: what its tables say, and that strangers' texts stay texts."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.report.understand.explain import ROWS, WORDS, faithfulness_table, page, pieces


def word(text: str, start: int, value: float, column: str = "text") -> dict[str, Any]:
    return {"column": column, "start": start, "end": start + len(text), "text": text, "attribution": value}


def target(**changes: Any) -> dict[str, Any]:
    words = [word("where", 0, 0.5), word("parcel", 9, -0.25)]
    plain = {"name": "delivery", "label": "delivery", "chosen": True, "score": 1.5, "baseline": 0.25, "rest": 0.0}
    plain |= {"error": 0.001, "complete": True, "steps": 32, "words": words, "meeting": None, "sides": ()}
    return plain | changes


def record(rows: int = 1, **changes: Any) -> dict[str, Any]:
    one = {"texts": [{"column": "text", "text": "where my parcel"}], "answer": "delivery (0.9)", "targets": [target()]}
    curve = {"kind": "deletion", "how": "removal", "own": -1.0, "random": -0.5, "difference": -0.5, "better": True}
    curve |= {"interval": (-0.6, -0.4), "rows": 9, "curve": [0.0, -1.0], "random_curve": [0.0, -0.5]}
    whole = {"method": "ig", "seed": 0, "rows": [{"row": n + 1, **one} for n in range(rows)], "shares": [0.0, 1.0]}
    return whole | {"faithfulness": [curve]} | changes


def test_a_text_is_divided_into_words_and_the_rest() -> None:
    found = pieces("where my parcel?", [word("where", 0, 0.5), word("parcel", 9, -0.25)], 0.5)
    assert [(piece.text, piece.weight) for piece in found] == [
        ("where", 1.0), (" my ", None), ("parcel", -0.5), ("?", None),
    ]  # fmt: skip
    assert "".join(piece.text for piece in found) == "where my parcel?"
    assert pieces("a", [word("a", 0, 0.0)], 0.0)[0].weight == 0.0


def test_what_the_curves_say() -> None:
    _, (row,) = faithfulness_table(record())
    assert row == ["deletion", "removed", "-1.000", "-0.500", "-0.500", "-0.600 to -0.400", "better than random"]
    one = {**record()["faithfulness"][0], "interval": None, "better": None}
    _, (row,) = faithfulness_table(record(faithfulness=[one]))
    assert row[-2:] == ["too few rows", ""]


def test_texts_of_strangers_stay_texts() -> None:
    evil = "<script>alert(1)</script>"
    row = {"row": 1, "texts": [{"column": "text", "text": evil}], "answer": evil}
    row["targets"] = [target(name=evil, words=[word("script", 1, 0.5)])]
    html = page(
        record(rows=0, faithfulness=[]) | {"rows": [row, row]},
        name=evil,
        spoken={evil: [{"word": evil, "rows": 1, "mean": 1.0}]},
    )
    assert evil not in html
    assert "&lt;script&gt;alert(1)" in html


def test_rows_beyond_the_page_are_counted() -> None:
    html = page(record(rows=ROWS + 3), name="run", spoken={})
    assert f"The first {ROWS} are shown; the .json has 3 more" in html


def test_what_is_not_explained_is_said() -> None:
    row = {**record()["rows"][0], "targets": [target(complete=False, error=0.25, rest=0.1)]}
    html = page(record() | {"rows": [row]}, name="run", spoken={})
    assert "1 score could not be explained to a hundredth" in html
    assert "+0.250 is not explained" in html
    assert "+0.100 from tokens that are no words" in html


def test_an_answer_without_targets() -> None:
    row = {**record()["rows"][0], "targets": []}
    html = page(record(faithfulness=[]) | {"rows": [row]}, name="run", spoken={})
    assert "Nothing to explain in this answer" in html
    assert "Not measured" in html


@pytest.mark.parametrize("count", [2, WORDS + 1])
def test_pairs_of_words(count: int) -> None:
    sides = [[f"a{n}" for n in range(count)], ["b0", "b1"]]
    meeting = [[0.5, -0.1]] * count
    row = {**record()["rows"][0], "targets": [target(meeting=meeting, sides=sides)]}
    html = page(record() | {"rows": [row]}, name="run", spoken={})
    assert "Which words meet which" in html
    assert ("The first words are shown" in html) == (count > WORDS)
    assert f"a{min(count, WORDS) - 1}" in html


def test_words_of_labels() -> None:
    html = page(record(rows=2), name="run", spoken={"delivery": [{"word": "parcel", "rows": 2, "mean": 0.5}]})
    assert "Words that speak for each label" in html
    assert "Words that speak" not in page(
        record(rows=1), name="run", spoken={"delivery": [{"word": "x", "rows": 1, "mean": 1.0}]}
    )
