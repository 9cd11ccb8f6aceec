"""`bertkit index query`: tables, JSON lines, feedback, and what other models say of a query."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import train
from bertkit.run import Run
from tests.helpers import tiny_recipe


def test_a_table_and_json_lines(bertkit, index: Path, tmp_path: Path) -> None:
    code, out, err = bertkit("index", "query", index, "good bye", "-k", 2)
    assert code == 0, err
    assert out.split()[:4] == ["rank", "id", "score", "text"]
    assert "d5" in out.splitlines()[1]
    assert len(out.splitlines()) == 3
    file = tmp_path / "hits.jsonl"
    code, out, err = bertkit(
        "index", "query", index, "my parcel", "--by", "hybrid", "-o", file, "--where", "year > 2021"
    )
    assert code == 0, err
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [row["rank"] for row in rows] == [1, 2, 3]
    first = rows[0]
    assert (first["id"], first["document"]) == ("d3", {"text": "i want my parcel back", "year": 2022, "lang": "en"})
    assert first["scores"]["bm25"] > 0
    code, out, _ = bertkit("index", "query", index, "good bye", "-k", 1, "-o", "-")
    assert json.loads(out)["id"] == "d5"


def test_nothing_is_found(bertkit, index: Path) -> None:
    code, out, _ = bertkit("index", "query", index, "zebra", "--by", "words")
    assert (code, out.strip()) == (0, "no document found")


def test_feedback(bertkit, index: Path) -> None:
    code, out, err = bertkit("index", "query", index, "--liked", "d5", "-k", 4)
    assert code == 0, err
    assert "d5" not in out
    assert len(out.splitlines()) == 5


def test_spelling_is_shown_and_used(bertkit, index: Path) -> None:
    code, out, err = bertkit("index", "query", index, "parcal", "--by", "words", "--spelling")
    assert code == 0, err
    assert "spelling: parcel, not parcal" in err
    assert "d2" in out
    assert "d3" in out


def test_what_other_models_say_is_shown(bertkit, index: Path, tiny_run: Run, tiny_bert: Path, tmp_path: Path) -> None:
    ner = train(tiny_recipe("ner", {}, tiny_bert, tmp_path), output=tmp_path / "ner")
    code, _, err = bertkit(
        "index", "query", index, "where is my parcel", "--intent", tiny_run.path, "--entities", ner.path
    )
    assert code == 0, err
    assert "intent: " in err
    assert "entities: " in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the query  is empty"),
        (("x", "--weights", "1,2"), "expected three numbers"),
        (("x", "--weights", "a,b,c"), "expected three numbers"),
        (("x", "--weights", "-1,0,0"), "expected three weights from 0 on"),
        (("x", "--by", "magic"), "magic"),
        (("x", "--liked", "d1", "--by", "words"), "feedback moves the query's vector"),
        (("x", "--liked", "d77"), "d77"),
        (("x", "--where", "yeer = 1"), "yeer: the index has no such column; did you mean year?"),
        (("x", "--where", "lang = 'en' year > 2020"), "is not one condition"),
        (("x", "--where", "year = 'soon'"), "--where"),
        (("x", "-o", "hits.csv"), "hits.csv"),
        (("x", "--rerank", "nowhere"), "nowhere"),
        (("x", "--intent", "nowhere"), "nowhere"),
        (("x", "-k", "0"), "Invalid value"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], said: str, bertkit, index: Path) -> None:
    code, _, err = bertkit("index", "query", index, *arguments)
    assert code == 2, err
    assert said in err
    assert "Traceback" not in err


def test_a_model_that_does_not_rerank(bertkit, index: Path, tiny_run: Run) -> None:
    code, _, err = bertkit("index", "query", index, "x", "--rerank", tiny_run.path)
    assert code == 2
    assert "does not score a text for a query" in err
