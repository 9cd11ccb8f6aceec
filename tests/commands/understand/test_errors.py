"""`bertkit errors`: what it passes on and shows, its mistakes; and corrections put back by `bertkit data apply`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from bertkit.run import Run
from tests.helpers import write_csv
from tests.report.understand.recorded import record
from tests.understand.errors.made import recipe_of, texts_of


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch):
    """`made(suspects=0)`: the next search, of any Run, finds `record(suspects=0)`; returns its arguments."""
    from bertkit.understand.errors import run

    def use(**changes: Any) -> dict[str, Any]:
        call: dict[str, Any] = {}

        def find(opened: Run, output: Path, search: Any, **options: Any) -> dict[str, Any]:
            call.update(options, run=opened, output=output, search=search)
            return record(**changes)

        monkeypatch.setattr(Run, "open", lambda path, **_: Run(path))
        monkeypatch.setattr(run, "find_errors", find)
        return call

    return use


def test_what_is_passed_on_and_shown(bertkit, made) -> None:
    call = made()
    code, out, err = bertkit("errors", "runs/demo", "--folds", 3, "--planted", "0.1", "--seed", 2, "--quick",
                             "--data", "x.csv", "-s", "data.columns.label=kind")  # fmt: skip
    assert code == 0, err
    assert (str(call["run"].path), str(call["output"])) == ("runs/demo", "errors/demo")
    search = call["search"]
    assert (search.folds, search.planted, search.seed, search.quick) == (3, 0.1, 2, True)
    assert (call["data"], call["sets"]) == (["x.csv"], ["data.columns.label=kind"])
    assert "12 of 350 labels look wrong." in out
    assert "3 labels are not judged" in out
    assert "no entity" in out
    assert "written: errors/demo/errors.csv, errors/demo/errors.html, errors/demo/errors.json" in out


def test_a_folder_for_the_results(bertkit, made) -> None:
    call = made(suspects=0, findings=[])
    code, out, _ = bertkit("errors", "runs/demo", "--output", "there")
    assert code == 0
    assert str(call["output"]) == "there"
    assert "given" not in out.split("planted errors")[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folds", "1"], "--folds  1: no rows would be left to train on"),
        (["--planted", "0"], "--planted  0: not above 0"),
        (["-s", "train.seed=1"], "a Run is used as it was trained"),
    ],
)
def test_mistakes(bertkit, made, arguments: list[str], message: str) -> None:
    made()
    code, _, err = bertkit("errors", "runs/demo", *arguments)
    assert code == 2
    assert message in err


def test_no_run(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("errors", tmp_path / "none")
    assert code == 2
    assert "no such folder" in err
    assert "Traceback" not in err


def test_from_flips_to_a_corrected_file(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    """As a user does it: find, fill in, put back; then nothing that was corrected is a suspect."""
    from bertkit import train

    rows, flipped = texts_of(120, 6)
    right, _ = texts_of(120, 0)
    run = train(recipe_of(tmp_path, tiny_bert, rows), output=tmp_path / "run")
    code, _, err = bertkit("errors", run.path, "--quick", "-o", tmp_path / "out")
    assert code == 0, err
    file = tmp_path / "out" / "errors.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        found = list(csv.DictReader(stream))
    names = {row["text"]: row["label"] for row in right}
    for one in found:
        if "label" in one["kinds"]:
            one["corrected"] = names[one["text"]]
    write_csv(file, found[0], [one.values() for one in found])
    new = tmp_path / "new.jsonl"
    code, out, err = bertkit("data", "apply", file, "--data", tmp_path / "train.jsonl", "-o", new)
    assert code == 0, err
    changed = sum(one["corrected"] not in ("", one["given"]) for one in found)
    assert f"rows changed: {changed}" in out
    assert "precision" in out
    assert "for the rows that you looked at, not for the rest" in " ".join(out.split())
    before, after = ((tmp_path / name).read_text().splitlines() for name in ("train.jsonl", "new.jsonl"))
    assert sum(old != now for old, now in zip(before, after, strict=True)) == changed >= 4
    assert changed <= len(flipped)


def test_a_users_own_task_without_probabilities_is_told_what_it_needs(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    from tests.test_docs import ROOT, blocks

    code = next(block for block in blocks(ROOT / "docs" / "plugins.md", "python") if "class Toxicity" in block)
    assert "def candidates" in code
    (tmp_path / "toxicity.py").write_text(code.replace("def candidates", "def others"), "utf-8")
    rows = [{"text": row["text"], "toxic": "yes" if n % 2 else "no"} for n, row in enumerate(texts_of(24, 0)[0])]
    from bertkit import train

    task = f"{tmp_path / 'toxicity.py'}:Toxicity"
    run = train(recipe_of(tmp_path, tiny_bert, rows, task), output=tmp_path / "run")
    code, _, err = bertkit("errors", run.path, "-o", tmp_path / "out", "--folds", 2)
    assert code == 2
    assert "tell no probabilities; its Task needs `candidates`" in err


def test_data_apply_never_writes_over_the_data_unasked(bertkit, tmp_path: Path) -> None:
    from tests.understand.errors.corrections.filled import fill, line

    data = write_csv(tmp_path / "a.csv", ["text", "label"], [["x", "b"], ["y", "a"]])
    file = fill(tmp_path / "f", [line("a.csv:2", "x", "b", "a")])
    for more, message in (
        ([], "--output  which file is to be written?"), (["-o", data], "is the data file itself"),
        (["-o", tmp_path / "n.csv", "--in-place"], "has no effect beside --in-place"), (["-o", file], "is an input"),
    ):  # fmt: skip
        code, _, err = bertkit("data", "apply", file, "--data", data, *more)
        assert code == 2
        assert message in err
        assert data.read_text() == "text,label\nx,b\ny,a\n"
    code, out, _ = bertkit("data", "apply", file, "--data", data, "--in-place")
    assert code == 0
    assert data.read_text() == "text,label\nx,a\ny,a\n"
    assert "suspects that you looked at: 1, of which 1 were wrong" in out
