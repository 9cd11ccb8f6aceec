"""`bertkit index browse`: pages, likes, and words that are not commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.commands.groups.index.browse import after
from bertkit.errors import DataError
from bertkit.search.index.index import Query


def browsed(bertkit, index: Path, monkeypatch: pytest.MonkeyPatch, *said: str) -> str:
    answers = iter(said)

    def answer(_: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", answer)
    code, out, err = bertkit("index", "browse", index, "good bye", "-k", 2)
    assert code == 0, err
    return out + err


def shown(out: str) -> list[str]:
    return [line.split()[1] for line in out.splitlines() if line.split()[:1] in (["1"], ["2"])]


def test_pages_follow_each_other(bertkit, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = browsed(bertkit, index, monkeypatch, "", "", "q")
    assert len(shown(out)) == 5
    assert len({*shown(out)}) == 5
    assert shown(out)[0] == "d5"


def test_what_is_liked_moves_the_next_page(bertkit, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = browsed(bertkit, index, monkeypatch, "+ 2", "- 7", "", "the cat is sleeping")
    assert "7  is not the rank of a document above; name ranks from 1 to 2" in out
    assert shown(out)[4] == "d1"  # another query begins again


def test_the_query_after_an_answer() -> None:
    query = Query("a", skip=["x"])
    assert after(query, "", ["d1"]) == query
    assert after(query, "+ 1,2", ["d1", "d2"]).liked == ["d1", "d2"]
    assert after(query, "-2", ["d1", "d2"]).disliked == ["d2"]
    assert after(after(query, "+1", ["d1"]), "b", []) == Query("b")
    for said in ("+ 3", "+ x", "- 0"):
        with pytest.raises(DataError):
            after(query, said, ["d1"])
    with pytest.raises(DataError, match="d1 is disliked too"):
        after(after(query, "+1", ["d1"]), "-1", ["d1"])
