"""`bertkit index profile`: recommendations, their reasons, and how good they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.helpers import write_csv

READS = [
    ("ann", "d2", "2026-01-01"),
    ("ann", "d5", "2026-03-01"),
    ("bob", "d1", "2026-01-01"),
    ("bob", "d2", "2026-02-01"),
]


@pytest.fixture
def reads(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "reads.csv", ("user", "item", "time"), READS)


def test_recommendations_with_their_reason(bertkit, index: Path, reads: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    code, _, err = bertkit("index", "profile", index, reads, "--half-life", 30, "-k", 2, "-o", file)
    assert code == 0, err
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [(row["user"], row["rank"]) for row in rows] == [("ann", 1), ("ann", 2), ("bob", 1), ("bob", 2)]
    assert not {row["id"] for row in rows if row["user"] == "ann"} & {"d2", "d5"}
    assert {row["because"] for row in rows if row["user"] == "bob"} <= {"d1", "d2"}
    code, out, _ = bertkit("index", "profile", index, reads, "-k", 1)
    assert code == 0
    assert "because" in out.splitlines()[0]


def test_hit_rates(bertkit, index: Path, reads: Path) -> None:
    code, out, err = bertkit("index", "profile", index, reads, "--evaluate", "-k", 3)
    assert code == 0, err
    assert "hit rate@3" in out
    assert "2 users; difference" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--half-life", "0"), "--half-life  0 days: expected more than 0"),
        (("--user", "who"), "who"),
        (("--time", "date"), "date: no such column"),
        (("-o", "a.csv"), "a.csv"),
        (("--evaluate", "-o", "a.jsonl"), "--output  does not go with --evaluate"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], said: str, bertkit, index: Path, reads: Path) -> None:
    code, _, err = bertkit("index", "profile", index, reads, *arguments)
    assert code == 2, err
    assert said in err


def test_documents_that_are_not_in_the_index(bertkit, index: Path, tmp_path: Path) -> None:
    reads = write_csv(tmp_path / "reads.csv", ("user", "item"), [("ann", "d77")])
    code, _, err = bertkit("index", "profile", index, reads)
    assert code == 2
    assert "1 of 1 documents are not in the index: d77" in err
    one = write_csv(tmp_path / "one.csv", ("user", "item"), [("ann", "d1")])
    code, _, err = bertkit("index", "profile", index, one, "--evaluate")
    assert code == 2
    assert "no user has two documents" in err
