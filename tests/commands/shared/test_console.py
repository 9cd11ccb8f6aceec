"""Tables and progress: what a log gets, and that a text is never taken for markup."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from bertkit.commands.shared import console


def test_a_table_in_a_log_keeps_its_lines_whole_and_its_texts_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    long = "[bold]" + "word " * 100 + "[/bold]"
    console.table(("text", "value"), [(long, 1), ("b", 22)])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 3
    assert long.strip() in lines[1]
    assert lines[1].endswith(" 1")
    assert lines[2].endswith("22")


def test_scores_say_undefined_and_leave_out_intervals_that_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    splits = {"test": {"accuracy": 0.5, "auc": None, "loss": 1.25}}
    console.scores(splits, {"test": {"accuracy": [0.25, 0.75], "auc": [None, None]}})
    out = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["test", "accuracy", "0.5000", "0.2500", "to", "0.7500"] in out
    assert ["test", "auc", "undefined"] in out
    assert ["test", "loss", "1.2500"] in out


def test_progress_goes_through_all_batches_in_silence_where_no_one_watches(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(console.progress("scoring")([[1], [2, 3]])) == [[1], [2, 3]]
    assert capsys.readouterr() == ("", "")


def test_a_warning_reads_as_those_of_the_work(caplog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    console.warn("only 5 words of 10% more")
    assert {(record.levelname, record.getMessage()) for record in caplog.records} == {
        ("WARNING", "only 5 words of 10% more")
    }


PARTS = [("Anna", "PER", 0.984), (" lives [here] in ", "", 1.0), ("Berlin", "LOC", 0.97)]


def test_marked_texts_read_without_colour_too(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    console.marked([PARTS, [("", "", 1.0)]])
    assert capsys.readouterr().out == "[Anna PER 0.98] lives [here] in [Berlin LOC 0.97]\n\n"


def test_a_kind_has_one_colour_in_all_texts(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert console.in_colour()
    long = "word " * 100
    console.marked([PARTS, [(long, "", 1.0), ("Paris", "LOC", 0.5)]])
    first, second = capsys.readouterr().out.splitlines()  # no line is broken
    assert first == "\x1b[32m[Anna PER 0.98]\x1b[0m lives [here] in \x1b[35m[Berlin LOC 0.97]\x1b[0m"
    assert second == f"{long}\x1b[35m[Paris LOC 0.50]\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert not console.in_colour()


def test_a_file_has_no_colour(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert not console.in_colour()


def test_kinds_of_errors_are_shown_where_they_occur(capsys: pytest.CaptureFixture[str]) -> None:
    missed = {"gold": 2, "predicted": 0, "examples": [{"row": 0, "gold": "Anna [Bell] PER", "predicted": None}]}
    console.error_kinds({"test": {"missed": missed, "type": {"gold": 0, "predicted": 0, "examples": []}}})
    header, line = (line.split() for line in capsys.readouterr().out.splitlines())
    assert header[:6] == ["split", "kind", "of", "error", "labelled", "predicted"]
    assert line == ["test", "missed", "2", "0", "Anna", "[Bell]", "PER", "->", "nothing"]
    console.error_kinds({"test": {}})
    assert capsys.readouterr().out == ""


def test_options_as_they_stand_on_a_command_line() -> None:
    assert console.options(data=["a", "b"], best_of="c", on=None, logits=True, trust_code=False, threshold=0) == [
        *("--data", "a", "--data", "b", "--best-of", "c", "--logits", "--threshold", 0)
    ]
