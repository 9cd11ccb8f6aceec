"""`bertkit keywords`: what is written, jobs that are killed, mistakes (what a keyword is: tests/search/keywords)."""

from __future__ import annotations

import csv
import dataclasses
import inspect
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bertkit import Run, processes
from bertkit.commands.keywords import keywords as command
from bertkit.inference.bulk import run as bulk_run
from bertkit.search.keywords import vector_cache
from bertkit.search.keywords.candidates import candidates
from bertkit.search.keywords.extract import KeywordOptions
from bertkit.search.keywords.output import KeywordOutput
from tests.helpers import write_rows

TEXTS = [
    "The Bank of England left its interest rate at four percent. The interest rate stays.",
    "A memory leak is hard to find, and a heap snapshot shows the memory leak.",
    "the parcel is late",
    "",
    "😀",
]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    return write_rows([{"n": n, "text": TEXTS[n % 5]} for n in range(20)], tmp_path / "rows.jsonl")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeywordOutput, "part_rows", 4)


def done(bertkit: Any, *arguments: object) -> str:
    """The messages of a command that must not fail."""
    code, _, err = bertkit("keywords", *arguments)
    assert code == 0, err
    return err


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_json_lines_have_places(tiny_bert: Path, rows: Path, tmp_path: Path, bertkit) -> None:
    err = done(bertkit, rows, "--model", tiny_bert, "-o", tmp_path / "a.jsonl")
    assert "texts without a phrase, which got no keywords: 8, of them 4 empty" in err
    assert f"20 rows: {tmp_path}/a.jsonl" in err
    found = lines_of(tmp_path / "a.jsonl")
    assert [row["n"] for row in found] == [*range(20)]
    assert [*found[0]] == ["n", "text", "keywords"]
    for row in found:
        assert bool(row["keywords"]) == (row["n"] % 5 < 3)
        for one in row["keywords"]:
            assert [*one] == ["phrase", "score", "offsets"]
            assert {row["text"][start:end].casefold() for start, end in one["offsets"]} == {one["phrase"].casefold()}
    assert {one["phrase"] for one in found[0]["keywords"]} == {"Bank of England", "interest rate"}
    code, out, _ = bertkit("keywords", rows, "-m", tiny_bert)
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == found


def test_tables(tiny_bert: Path, rows: Path, tmp_path: Path, bertkit) -> None:
    for ending in ("jsonl", "csv", "parquet"):
        done(bertkit, rows, "-m", tiny_bert, "-o", tmp_path / f"a.{ending}", "--columns", "n", "--top", 2)
    expected = lines_of(tmp_path / "a.jsonl")
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == expected
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    assert [cell["keywords"].split("; ") for cell in cells] == [
        [one["phrase"] for one in row["keywords"]] or [""] for row in expected
    ]
    assert [*cells[0]] == ["n", "keywords"]


def test_texts_are_shown(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    code, out, err = bertkit("keywords", "-t", TEXTS[1], "-m", tiny_bert, "--top", 1, "--ngram", 2)
    assert code == 0, err
    header, line = (part.split() for part in out.splitlines())
    assert header == ["phrase", "score", "places"]
    assert " ".join(line[:2]) in TEXTS[1]
    code, out, _ = bertkit("keywords", "-t", TEXTS[1], "-t", TEXTS[2], "-m", tiny_bert)
    assert out.split()[0] == "text"
    done(bertkit, "-t", TEXTS[1], "-m", tiny_bert, "-o", tmp_path / "a.jsonl")
    (row,) = lines_of(tmp_path / "a.jsonl")
    assert row["text"] == TEXTS[1]
    assert row["keywords"]


def test_rows_that_can_not_be_used(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    file = write_rows([{"body": TEXTS[0]}, {"body": 7}, {"body": ""}], tmp_path / "rows.jsonl")
    column = ("-m", tiny_bert, "-s", "data.columns.text=body", "-o", tmp_path / "a.jsonl")
    code, _, err = bertkit("keywords", file, *column)
    assert (code, "rows.jsonl:2" in err) == (2, True)
    err = done(bertkit, file, *column, "--bad-rows", "skip")
    assert "texts without a phrase, which got no keywords: 1, of them 1 empty" in err
    assert "2 rows" in err
    done(bertkit, file, *column, "--bad-rows", "keep")
    found = lines_of(tmp_path / "a.jsonl")
    assert [bool(row.get("error")) for row in found] == [False, True, True]


@pytest.mark.parametrize("part", [0, 2, 4])
def test_a_killed_job_goes_on(
    tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, small_parts: None, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    class Killed(BaseException):
        """In place of SIGKILL."""

    alone, out = tmp_path / "alone.jsonl", tmp_path / "out.jsonl"
    done(bertkit, rows, "-m", tiny_bert, "-o", alone)
    plain = bulk_run.write_part

    def write_part(file: Path, *arguments: Any) -> None:
        if int(file.stem) == part:
            raise Killed
        plain(file, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(bulk_run, "write_part", write_part)
        with pytest.raises(Killed):
            bertkit("keywords", rows, "-m", tiny_bert, "-o", out)
    assert not out.exists()
    for option, message in (("--top", "begun with top 5, not 3"), ("--ngram", "begun with ngram 3, not 1")):
        code, _, err = bertkit("keywords", rows, "-m", tiny_bert, "-o", out, option, message[-1])
        assert (code, message in err) == (2, True), err
    err = done(bertkit, rows, "-m", tiny_bert, "-o", out)
    assert "texts without a phrase, which got no keywords: 8, of them 4 empty" in err  # also those of before
    for one, other in zip(lines_of(out), lines_of(alone), strict=True):
        assert [word["phrase"] for word in one["keywords"]] == [word["phrase"] for word in other["keywords"]]
        scores = ([word["score"] for word in row["keywords"]] for row in (one, other))
        assert next(scores) == pytest.approx(next(scores), abs=2e-4)


def test_parts_share_the_vectors(
    tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each phrase is embedded once, though each text stands in four or five parts."""
    asked: list[str] = []
    plain = vector_cache.VectorCache._compute

    def compute(self: Any, phrases: Any, progress: Any) -> Any:
        asked.extend(phrases)
        return plain(self, phrases, progress)

    monkeypatch.setattr(vector_cache.VectorCache, "_compute", compute)
    done(bertkit, rows, "-m", tiny_bert, "-o", f"{tmp_path}/shards/")
    distinct = {one.phrase for text in TEXTS for one in candidates(text, 3, None).found}
    assert sorted(asked) == sorted(distinct)
    assert len(lines_of(tmp_path / "shards" / "shard-00000.jsonl")) == 20


def test_several_processes_get_the_options(
    tiny_bert: Path, rows: Path, tmp_path: Path, bertkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[list[str]] = []
    monkeypatch.setattr(processes, "launch", lambda number, command: launched.append(command) or 0)
    options = ("--top", 3, "--diversity", 0.5, "--ngram", 2, "--prompt", "")
    done(bertkit, rows, "-m", tiny_bert, "-o", tmp_path / "a.jsonl", "--processes", 2, *options)
    (command,) = launched
    assert command[:2] == ["keywords", str(rows)]
    for name, value in zip(options[::2], options[1::2], strict=True):
        assert command[command.index(str(name)) + 1] == str(value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-m", "x"), "expected one of INPUT and --text"),
        (("new.csv", "-t", "hello", "-m", "x"), "expected one of INPUT and --text"),
        (("new.csv",), "--model  missing; name a Run of bertkit train embed"),
        (("-t", "a", "-m", "x", "--top", "0"), "--top  0 is below 1"),
        (("-t", "a", "-m", "x", "--ngram", "-1"), "--ngram  -1 is below 1"),
        (("-t", "a", "-m", "x", "--diversity", "1.2"), "--diversity  1.2 is not from 0 to 1"),
        (("new.csv", "-m", "x", "-o", "out.npy"), "the ending must be one of .jsonl, .csv, .tsv, .parquet"),
        (("new.csv", "-m", "x", "-o", "nowhere/a.csv"), "no such folder"),
        (("-", "-m", "x", "--processes", "2"), "--processes  needs a file that all processes can read"),
        (("-t", "a", "-m", "no-run"), "no such folder; a Run is the folder that bertkit train writes"),
    ],
)
def test_mistakes_are_reported_before_any_work(bertkit, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = bertkit("keywords", *arguments)
    assert (code, out, message in err, "Traceback" in err) == (2, "", True, False), err


def test_mistakes_with_a_model(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    file = write_rows([{"text": "the parcel", "keywords": "mine"}], tmp_path / "rows.jsonl")
    for arguments, message in (
        ((file,), "already has the columns keywords"),
        ((file, "--columns", "name"), "--columns  name: the input has no such column"),
        ((file, "-s", "train.seed=1"), "keys that can be set: data, options"),
        ((tmp_path / "none.csv",), "none.csv"),
    ):
        code, _, err = bertkit("keywords", *arguments, "-m", tiny_bert, "-o", tmp_path / "a.jsonl")
        assert (code, message in err, "Traceback" in err) == (2, True, False), err
    assert not (tmp_path / "a.jsonl").exists()


def test_the_defaults_are_those_of_the_library() -> None:
    parameters = inspect.signature(command).parameters
    defaults = {name: parameters[name].default for name in ("top", "ngram", "diversity")}
    assert defaults == dataclasses.asdict(KeywordOptions())


def test_a_model_that_reads_pairs(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    from bertkit import train
    from tests.helpers import tiny_recipe

    run: Run = train(
        tiny_recipe("embed", {"loss": "cosine"}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run"
    )
    done(bertkit, "-t", "the parcel is late", "-m", run.path)  # the second text of a pair need not be there
