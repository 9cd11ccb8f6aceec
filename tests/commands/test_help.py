"""Every page of help fits 80 columns: no option is cut, and each example can be copied whole."""

from __future__ import annotations

import re

import click
import pytest
import typer

from bertkit.cli import app
from bertkit.tasks import TASKS


def commands() -> dict[str, click.Command]:
    """Every command by its words."""
    found: dict[str, click.Command] = {}

    def walk(command: click.Command, words: tuple[str, ...]) -> None:
        found[" ".join(words)] = command
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*words, name))

    walk(typer.main.get_command(app), ())
    return found


COMMANDS = commands()


@pytest.fixture
def narrow(bertkit, monkeypatch: pytest.MonkeyPatch):
    """The help of a command on a terminal of 80 columns."""

    def page(words: str) -> str:
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("TERMINAL_WIDTH", "80")
        code, out, _ = bertkit(*words.split(), "--help")
        assert code == 0
        return out

    return page


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words or "bertkit")
def test_help_is_whole_at_80_columns(words: str, narrow) -> None:
    page = narrow(words)
    assert max(map(len, page.splitlines())) <= 80
    assert "…" not in page
    for parameter in COMMANDS[words].params:
        for name in (*parameter.opts, *parameter.secondary_opts):
            assert not name.startswith("-") or re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page), name


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words or "bertkit")
def test_each_example_stands_on_one_line(words: str, narrow) -> None:
    page = [line.strip() for line in narrow(words).splitlines()]
    for paragraph in (COMMANDS[words].help or "").split("\n\n"):
        text = " ".join(paragraph.split())
        if text.startswith("bertkit "):
            assert text in page, "too long for a line"


def test_train_names_the_tasks(narrow) -> None:
    page = narrow("train")
    assert all(task in page for task in TASKS)
