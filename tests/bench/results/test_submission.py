"""What is packed for the leaderboard, judged by a checker that knows nothing of bertkit."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bertkit.bench import glue
from bertkit.bench.results import submission
from bertkit.bench.suite import Suite
from bertkit.errors import DataError
from tests.bench import submission_checker
from tests.bench.submission_checker import ROWS, faults

LABELS = {
    **dict.fromkeys(("MNLI-m", "MNLI-mm", "AX"), ("contradiction", "entailment", "neutral")),
    **dict.fromkeys(("QNLI", "RTE"), ("entailment", "not_entailment")),
    "CoLA": ("unacceptable", "acceptable"),
    "SST-2": ("negative", "positive"),
    "MRPC": ("not_equivalent", "equivalent"),
    "QQP": ("not_duplicate", "duplicate"),
    "WNLI": ("not_entailment", "entailment"),
    "STS-B": ("-0.31", "2.71828182", "5.2", "4.9996", "3"),
}
SMALL = dict.fromkeys(ROWS, 5)


@pytest.fixture(scope="module")
def suite() -> Suite:
    return glue.suite(None, "paper")


def finished(
    folder: Path, suite: Suite, seed: int, value: float | None = 0.5, rows: int = 5, skip: Iterable[str] = ()
) -> None:
    """The Runs of a seed, as far as a submission looks into them."""
    for entry in suite.entries:
        run = folder / entry.name / f"seed-{seed}"
        split, _, key = entry.figures[0].partition("/")
        (run / "predictions").mkdir(parents=True)
        (run / "metrics.json").write_text(json.dumps({split: {key: value}}))
        for name in entry.unlabelled:
            if name not in skip:
                answers(run / "predictions" / f"{name}.tsv", name, rows)


def answers(file: Path, name: str, rows: int) -> None:
    labels = LABELS[name]
    lines = ["index\tprediction", *(f"{i}\t{labels[i % len(labels)]}" for i in range(rows))]
    file.write_text("\n".join(lines) + "\n", "utf-8")


def content(folder: Path, name: str) -> list[str]:
    with zipfile.ZipFile(folder / "submission.zip") as packed:
        return packed.read(name).decode().splitlines()


def test_eleven_files_in_the_forms_of_the_site(tmp_path: Path, suite: Suite) -> None:
    finished(tmp_path, suite, 42)
    said = submission.write(tmp_path, suite, [42])
    assert not faults(tmp_path / "submission.zip", SMALL)
    assert said[-1] == f"{tmp_path / 'submission.zip'}: 11 files"
    assert content(tmp_path, "STS-B.tsv") == [
        "index\tprediction",
        "0\t0.000",
        "1\t2.718",
        "2\t5.000",
        "3\t5.000",
        "4\t3.000",
    ]
    assert content(tmp_path, "CoLA.tsv")[1:3] == ["0\t0", "1\t1"]
    assert content(tmp_path, "WNLI.tsv")[1:3] == ["0\t0", "1\t1"]
    assert content(tmp_path, "AX.tsv")[1:3] == ["0\tcontradiction", "1\tentailment"]


def test_the_rows_of_the_official_test_sets_are_the_checkers() -> None:
    assert {f"{name}.tsv": form.rows for name, form in submission.FORMS.items()} == ROWS


def test_a_full_file_gives_no_note_and_a_short_one_does(tmp_path: Path, suite: Suite) -> None:
    finished(tmp_path, suite, 1)
    answers(tmp_path / "WNLI/seed-1/predictions/WNLI.tsv", "WNLI", 146)
    said = submission.write(tmp_path, suite, [1])
    assert "CoLA.tsv: 5 rows, the official test set has 1,063" in said
    assert not any(line.startswith("WNLI") for line in said)
    assert faults(tmp_path / "submission.zip", {**SMALL, "WNLI.tsv": 146}) == []


def test_the_bytes_are_the_same_whenever_it_is_packed(
    tmp_path: Path, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        finished(folder, suite, 1)
        monkeypatch.setenv("TZ", folder.name)
        submission.write(folder, suite, [1])
    a, b = (tmp_path / name / "submission.zip" for name in "ab")
    assert a.read_bytes() == b.read_bytes()
    assert sorted(path.name for path in a.parent.iterdir() if path.is_file()) == ["submission.zip"]


def test_the_best_seed_of_each_entry_counts(tmp_path: Path, suite: Suite) -> None:
    finished(tmp_path, suite, 1, 0.7)
    finished(tmp_path, suite, 2, 0.7)
    finished(tmp_path, suite, 3, 0.6)
    finished(tmp_path, suite, 4, None)  # undefined, as a Run writes it
    (tmp_path / "RTE/seed-3/metrics.json").write_text('{"validation": {"accuracy": 0.9}}')
    (tmp_path / "RTE/seed-3/predictions/RTE.tsv").write_text("index\tprediction\n0\tnot_entailment\n")
    said = submission.write(tmp_path, suite, [1, 2, 3, 4, 5])
    assert "CoLA 1," in said[0]
    assert "RTE 3," in said[0]
    assert content(tmp_path, "RTE.tsv") == ["index\tprediction", "0\tnot_entailment"]


def test_tasks_of_an_earlier_command_stay_in_the_zip(tmp_path: Path, suite: Suite) -> None:
    finished(tmp_path, suite, 1, 0.6)
    finished(tmp_path, suite, 2, 0.7)
    (tmp_path / "RTE/seed-3/predictions").mkdir(parents=True)
    (tmp_path / "RTE/seed-3/metrics.json").write_text('{"validation": {"accuracy": 0.1}}')
    answers(tmp_path / "RTE/seed-3/predictions/RTE.tsv", "RTE", 2)
    rte = replace(suite, entries=tuple(entry for entry in suite.entries if entry.name == "RTE"))
    said = submission.write(tmp_path, rte, [3])
    assert said[-1].endswith("submission.zip: 11 files")
    assert "CoLA 2," in said[0]
    assert "RTE 3," in said[0]
    assert len(content(tmp_path, "RTE.tsv")) == 3


@pytest.mark.parametrize(
    ("ids", "written", "note"),
    [
        ("102", ["0\t0", "1\t1", "2\t0"], "not in the order of their index, and are sorted"),
        ("579", ["0\t1", "1\t0", "2\t0"], "do not count from 0: numbered in their order instead"),
        ("011", ["0\t1", "1\t0", "2\t0"], "do not count from 0: numbered in their order instead"),
    ],
)
def test_rows_are_numbered_from_0(tmp_path: Path, suite: Suite, ids: str, written: list[str], note: str) -> None:
    finished(tmp_path, suite, 1)
    given = zip(ids, ("acceptable", "unacceptable", "unacceptable"), strict=True)
    text = "index\tprediction\n" + "".join(f"{index}\t{label}\n" for index, label in given)
    (tmp_path / "CoLA/seed-1/predictions/CoLA.tsv").write_text(text)
    said = submission.write(tmp_path, suite, [1])
    assert any(line.startswith("CoLA.tsv: ") and line.endswith(note) for line in said)
    assert content(tmp_path, "CoLA.tsv")[1:] == written


def test_figures_are_the_first_of_each_entry(suite: Suite) -> None:
    first = {entry.name: entry.figures[0] for entry in suite.entries}
    assert {form.entry: form.figure for form in submission.FORMS.values()} == first


def test_what_is_missing_is_said_with_its_reason(tmp_path: Path, suite: Suite) -> None:
    finished(tmp_path, suite, 1, skip=["QNLI", "AX"])
    for name in ("CoLA", "WNLI"):
        shutil.rmtree(tmp_path / name)
    (tmp_path / "RTE/seed-1/metrics.json").unlink()
    entries = [e for e in suite.entries if e.name not in ("CoLA", "WNLI")]
    mnli = next(i for i, entry in enumerate(entries) if entry.name == "MNLI")
    entries[mnli] = replace(entries[mnli], unlabelled={k: v for k, v in entries[mnli].unlabelled.items() if k != "AX"})
    said = submission.write(tmp_path, replace(suite, entries=tuple(entries), absent={"CoLA": "no folder"}), [1])
    assert "AX.tsv: missing: no test rows were found" in said
    assert "CoLA.tsv: missing, as CoLA is absent: no folder" in said
    assert "WNLI.tsv: missing: WNLI was not asked for" in said
    assert "RTE.tsv: missing: no finished Run of RTE" in said
    assert "QNLI.tsv: missing: its test rows are not answered" in said
    assert said[-1].endswith("6 files of 11; gluebenchmark.com takes all of them")


def test_without_any_answers_there_is_no_zip(tmp_path: Path, suite: Suite) -> None:
    (tmp_path / "submission.zip").write_text("an old one")
    assert submission.write(tmp_path, suite, [1])[-1] == "no submission.zip: there are no answers to pack"
    assert not (tmp_path / "submission.zip").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("CoLA", "id\tprediction\n0\tacceptable\n", "CoLA.tsv:1 .*the header is"),
        ("CoLA", "index\tprediction\n0\tacceptable\nacceptable\n", "CoLA.tsv:3 .*a row without an index"),
        ("CoLA", "index\tprediction\n0\tentailment\n", "'entailment' is no label of CoLA"),
        ("AX", "index\tprediction\n0\tnot_entailment\n", "'not_entailment' is no label of MNLI"),
        ("STS-B", "index\tprediction\n0\tnan\n", "'nan' is not a finite number"),
        ("STS-B", "index\tprediction\n0\t\n", "'' is not a finite number"),
    ],
)
def test_wrong_predictions_are_an_error_and_nothing_is_packed(
    tmp_path: Path, suite: Suite, name: str, text: str, message: str
) -> None:
    finished(tmp_path, suite, 1)
    entry = "MNLI" if name == "AX" else name
    (tmp_path / entry / "seed-1/predictions" / f"{name}.tsv").write_text(text)
    with pytest.raises(DataError, match=message):
        submission.write(tmp_path, suite, [1])
    assert not (tmp_path / "submission.zip").exists()


def repack(source: Path, target: Path, name: str, change: tuple[str, str], rename: str = "") -> Path:
    """The zip with a change of text in one file."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for file in old.namelist():
            text = old.read(file).decode()
            if file == name:
                assert change[0] in text
                text, file = text.replace(*change, 1), rename or file
            new.writestr(file, text)
    return target


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("CoLA.tsv", "4\t0\n", "", "CoLA.tsv: 4 rows, not 5"),
        ("CoLA.tsv", "index", "id", "CoLA.tsv: the header is 'id\\tprediction'"),
        ("CoLA.tsv", "1\t1", "1\tacceptable", "CoLA.tsv: row 1 is '1\\tacceptable'"),
        ("RTE.tsv", "\tentailment", "\tneutral", "RTE.tsv: row 0 is '0\\tneutral'"),
        ("STS-B.tsv", "5.000", "5.200", "STS-B.tsv: row 2 is '2\\t5.200'"),
        ("STS-B.tsv", "2.718", "2.7", "STS-B.tsv: row 1 is '1\\t2.7'"),
        ("MRPC.tsv", "1\t1\n2\t0", "2\t0\n1\t1", "MRPC.tsv: row 1 is '2\\t0'"),
    ],
)
def test_the_checker_rejects_a_broken_submission(
    tmp_path: Path, suite: Suite, name: str, old: str, new: str, fault: str
) -> None:
    finished(tmp_path, suite, 1)
    submission.write(tmp_path, suite, [1])
    broken = repack(tmp_path / "submission.zip", tmp_path / "broken.zip", name, (old, new))
    assert faults(broken, SMALL)[0] == fault


def test_the_checker_rejects_a_file_in_a_folder_and_a_missing_one(tmp_path: Path, suite: Suite) -> None:
    finished(tmp_path, suite, 1)
    submission.write(tmp_path, suite, [1])
    nested = repack(tmp_path / "submission.zip", tmp_path / "broken.zip", "AX.tsv", ("", ""), "glue/AX.tsv")
    assert faults(nested, SMALL) == ["glue/AX.tsv: not one of the files", "AX.tsv: 0 times"]


def test_the_checker_stands_alone() -> None:
    assert "import bertkit" not in (source := Path(submission_checker.__file__).read_text("utf-8"))
    assert "from bertkit" not in source
