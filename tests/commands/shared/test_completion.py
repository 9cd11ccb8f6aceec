"""What the shell offers on TAB, asked as bash asks, and how fast."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bertkit.commands.shared import completion
from bertkit.recipe import train_block


def offered(line: str) -> list[str]:
    """What bash is offered for the last word of a command line."""
    words = line.split(" ")
    asked = {"_BERTKIT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    run = subprocess.run(
        [sys.executable, "-m", "bertkit"], env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    return run.stdout.split()


def test_bash_is_offered_recipes() -> None:
    names = offered("bertkit train gl")
    assert {"glue/mrpc", "glue/cola"} <= {*names}
    assert all(name.startswith("gl") for name in names)


@pytest.mark.slow
def test_bash_is_offered_tasks_and_the_keys_of_the_recipe() -> None:
    assert offered("bertkit data check mine.csv --task re") == ["regress", "rerank"]
    assert offered("bertkit predict some/model --task sq") == ["squad"]
    for line in ("recipe check ner", "train ner/wnut17 -o out", "data check a.conll --task ner"):
        assert "options.crf=" in offered(f"bertkit {line} --set options.c")


def test_yaml_files_and_folders_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("mine.yaml", "more/other.yaml", "notes.txt", ".hidden/x.yaml"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert completion.recipes("m") == ["mine.yaml", "more/"]
    assert completion.recipes("more/") == ["more/other.yaml"]
    assert "squad" in completion.suites("s")
    assert completion.tasks("re") == ["regress", "rerank"]


def context(**values: Any) -> Any:
    return SimpleNamespace(params=values, args=[])


def test_keys_are_those_of_the_recipes_task() -> None:
    keys = completion.settings(context(recipe="ner"), "options.")
    assert "options.crf=" in keys
    assert "options.multi_label=" not in keys
    assert "options.multi_label=" in completion.settings(context(recipe="glue/mrpc"), "options.m")
    assert completion.settings(context(recipe="nothing"), "options.") == []
    assert "data.columns.text_pair=" in completion.settings(context(recipe="classify"), "data.col")
    assert "seed=" in completion.settings(context(), "s")


def test_keys_of_training_without_importing_it() -> None:
    assert {*completion._trained()} == {*train_block.known()}


def test_values_where_there_are_a_few() -> None:
    assert completion.settings(context(), "data.bad_rows=") == ["data.bad_rows=error", "data.bad_rows=skip"]
    assert completion.settings(context(), "data.label_ids=t") == ["data.label_ids=true"]
    assert "metrics=accuracy" in completion.settings(context(), "metrics=acc")
    assert completion.settings(context(), "train.learning_rate=") == []


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from types import SimpleNamespace as N; from bertkit.commands.shared import completion as c;"
        "c.recipes('g'); c.suites('g'); c.settings(N(params={'recipe': 'ner'}, args=[]), 'train.');"
        "sys.exit(bool({'torch', 'transformers'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
