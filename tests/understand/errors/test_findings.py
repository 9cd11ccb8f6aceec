"""One list of all findings, by worth; and the file in which they are corrected, safe in a spreadsheet."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bertkit.errors import RunError
from bertkit.understand.errors.findings import COLUMNS, findings_of, record_of, write_findings
from bertkit.understand.errors.judges.judge import Suspect
from bertkit.understand.errors.repeats import Repeat
from tests.understand.errors.made import pool_of

POOL = pool_of("label", ["a", "b", "a", "c", "a"], ["=SUM(1)", "same text", "same text", "three", "<script>four"])


def test_findings_are_sorted_by_worth_and_one_a_row() -> None:
    suspects = [Suspect(1, 0.9, 0.8, "b", "a"), Suspect(3, 0.7, 0.6, "c", "a")]
    repeats = [
        Repeat("conflict", 2, 1, 1.0, True), Repeat("duplicate", 4, 0, 0.9, False), Repeat("leak", 0, 3, 0.85, True),
    ]  # fmt: skip
    doubts = np.array([0.0, 0.9, 0.1, 0.7, 0.0])
    found = findings_of(POOL, POOL.answers, POOL.answers, suspects, repeats, doubts)
    assert [(one.row, one.kinds) for one in found] == [
        (1, ("label", "conflict")),
        (0, ("leak",)),
        (3, ("label",)),
        (4, ("duplicate",)),
    ]
    assert [one.worth for one in found] == pytest.approx([0.9, 0.85, 0.7, 0.9 / 4])
    assert found[0].note == "same text as a.csv:4 (train), which has a"
    assert found[1].note == "nearly the same text as a.csv:5 (train), which has c"
    assert (found[1].suggested, found[0].suggested, found[0].confidence) == ("", "a", 0.8)


def test_a_contradiction_alone_suggests_the_other_answer() -> None:
    (one,) = findings_of(
        POOL, POOL.answers, POOL.answers, [], [Repeat("conflict", 2, 1, 1.0, True)], np.array([0, 0.1, 0.3, 0, 0])
    )
    assert (one.row, one.given, one.suggested, one.worth) == (2, "a", "b", pytest.approx(0.75))


def test_contradictions_are_shown_as_people_read_them() -> None:
    pool = pool_of("tags", [["B-PER", "O"], ["O", "O"]], ["x", "x"], tokens=[["Anna", "ran"]] * 2)
    sides = ["B-PER O", "O O"], ["Anna PER", "no entity"]
    (one,) = findings_of(pool, *sides, [], [Repeat("conflict", 1, 0, 1.0, True)], np.array([0.1, 0.9]))
    record = record_of(pool, one)
    assert (record["given"], record["suggested"]) == ("O O", "B-PER O")
    assert record["shown"] == ["no entity", "Anna PER"]
    assert record["note"] == "same text as a.csv:2 (train), which has Anna PER"


def test_parts_of_a_row_have_lines_of_their_own() -> None:
    pool = pool_of("tags", [["B-PER", "O", "O"]], tokens=[["Anna", "New", "York"]])
    suspects = [Suspect(0, 0.9, 0.9, "B-PER", "O", (0, 1)), Suspect(0, 0.8, 0.9, "O O", "B-LOC I-LOC", (1, 3))]
    found = findings_of(pool, ["B-PER O O"], ["Anna PER"], suspects, [], np.array([0.9]))
    records = [record_of(pool, one) for one in found]
    assert [(one["words"], one["part"]) for one in records] == [("1 to 1", "Anna"), ("2 to 3", "New York")]


def test_the_file_is_safe_in_a_spreadsheet_and_is_not_lost(tmp_path: Path) -> None:
    suspects = [Suspect(0, 0.98765, 0.87654, "a", "b"), Suspect(4, 0.7, 0.6, "a", "c")]
    found = findings_of(POOL, POOL.answers, POOL.answers, suspects, [], np.zeros(5))
    file = tmp_path / "errors.csv"
    write_findings(file, [record_of(POOL, one) for one in found])
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert [row["text"] for row in rows] == ["'=SUM(1)", "<script>four"]
    assert (rows[0]["worth"], rows[0]["confidence"], rows[0]["corrected"]) == ("0.9877", "0.8765", "")
    write_findings(file, [])  # nothing was filled in
    text = file.read_text("utf-8-sig")
    assert text.splitlines() == [",".join(COLUMNS)]
    file.write_text(text + "label,train,a.csv:2,1,,x,,a,b,1,1,,b\n", "utf-8-sig")
    with pytest.raises(RunError, match="holds 1 corrections, which would be lost"):
        write_findings(file, [])


def test_splits_and_numbers_of_rows_are_kept() -> None:
    pool = replace(POOL, splits=["train", "train", "train", "train", "test"])
    (one,) = findings_of(
        pool, pool.answers, pool.answers, [Suspect(4, 0.7, 0.6, "a", "c", shown=("A", "C"))], [], np.zeros(5)
    )
    record = record_of(pool, one)
    assert (record["split"], record["row"], record["place"], record["shown"]) == ("test", 5, "a.csv:6", ["A", "C"])


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_corrections_that_a_spreadsheet_saved_are_not_lost(tmp_path: Path, delimiter: str, encoding: str) -> None:
    file = tmp_path / "errors.csv"
    lines = [COLUMNS, ["label", *[""] * (len(COLUMNS) - 2), "b"]]
    file.write_text("".join(delimiter.join(line) + "\n" for line in lines), encoding)
    with pytest.raises(RunError, match="holds 1 corrections, which would be lost"):
        write_findings(file, [])


@pytest.mark.parametrize("content", [b"text,\xff\xe9\n", b"some,other,table\n1,2,3\n"])
def test_a_file_that_is_not_known_is_not_written_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "errors.csv"
    file.write_bytes(content)
    with pytest.raises(RunError, match="move it away, or name another folder"):
        write_findings(file, [])
    assert file.read_bytes() == content
