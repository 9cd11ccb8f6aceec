"""The table of commands: help for each, a message and code 2 for a user's mistake, a traceback for a bug of ours."""

from __future__ import annotations

import errno
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import typer

from bertkit import cli
from bertkit.commands.shared import console
from bertkit.errors import DataError, Problem

GROUPS = {
    "recipe": ("list", "show", "copy", "check"),
    "data": ("check", "apply"),
    "tokenizer": ("train", "extend", "inspect"),
    "corpus": ("build", "show"),
    "index": ("build", "add", "delete", "info", "query", "browse", "ask", "tune", "profile"),
}
COMMANDS = [
    "train",
    "eval",
    "bench",
    "compare",
    "explain",
    "attention",
    "calibration",
    "projector",
    "report",
    "errors",
    "profile",
    "speed",
    "predict",
    "embed",
    "keywords",
    "serve",
    "export",
    "push",
    "mine",
    "track",
    "robustness",
    "convert",
    "doctor",
    *GROUPS,
]
PAGES = [
    *([name] for name in COMMANDS),
    *([group, name] for group, names in GROUPS.items() for name in names),
    ["bench", "retrieval"],
]

Bertkit = Callable[..., tuple[int, str, str]]


def commands(group: object, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every command that typer knows, by its words."""
    words: set[tuple[str, ...]] = set()
    for name, command in getattr(group, "commands", {}).items():
        words |= {(*path, name)} | commands(command, (*path, name))
    return words


def test_the_pages_are_those_of_all_commands() -> None:
    assert commands(typer.main.get_command(cli.app)) == {tuple(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids="-".join)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_a_page(bertkit: Bertkit, page: list[str], option: str) -> None:
    code, out, err = bertkit(*page, option)
    assert (code, err) == (0, "")
    assert f"Usage: bertkit {' '.join(page)}" in out


@pytest.mark.parametrize("page", [page for page in PAGES if page[-1] not in GROUPS], ids="-".join)
def test_every_option_of_every_command_is_explained(page: list[str]) -> None:
    command = typer.main.get_command(cli.app)
    for name in page:
        command = command.commands[name]  # type: ignore[attr-defined]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", ""), f"{' '.join(page)}: {parameter.name} has no help"


def test_the_first_page_shows_all_commands_and_where_to_start(bertkit: Bertkit) -> None:
    code, out, _ = bertkit("--help")
    assert code == 0
    assert all(f" {name} " in out for name in COMMANDS)
    assert "bertkit train demo/support" in out


def test_no_arguments_show_the_help(bertkit: Bertkit) -> None:
    for group in ([], ["recipe"], ["data"]):
        code, out, err = bertkit(*group)
        assert code == 2
        assert "Usage: bertkit" in out + err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["trian"], "No such command 'trian'"),
        (["train"], "Missing argument"),
        (["train", "classify", "--outptu", "x"], "No such option: --outptu"),
        (["recipe", "shwo"], "No such command 'shwo'"),
    ],
)
def test_a_wrong_command_line_is_code_2(bertkit: Bertkit, line: list[str], message: str) -> None:
    code, out, err = bertkit(*line)
    assert (code, out) == (2, "")
    assert message in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err


def test_a_users_mistake_is_a_line_a_problem_and_code_2(bertkit: Bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DataError(Problem("a.csv:2", "no label", "add one"), Problem("a.csv:3", "no text"))

    monkeypatch.setattr("bertkit.recipe.source.recipe_names", fail)
    code, out, err = bertkit("recipe", "list")
    assert (code, out) == (2, "")
    assert err.splitlines() == ["error: a.csv:2  no label; add one", "error: a.csv:3  no text"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "a.csv"),
            "a.csv  Permission denied; it needs the permission",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; free some space"),
        (
            OSError(errno.ELOOP, "Too many levels of symbolic links", "b"),
            "b  Too many levels of symbolic links; name an",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "ours"), ""),
        (PermissionError(errno.EPERM, "Operation not permitted"), ""),
    ],
)
def test_what_the_system_refuses_is_told_and_a_bug_of_ours_is_not(
    error: OSError, told: str, bertkit: Bertkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("bertkit.recipe.source.recipe_names", fail)
    if not told:
        with pytest.raises(type(error)):
            bertkit("recipe", "list")
        return
    code, _, err = bertkit("recipe", "list")
    assert code == 2
    assert err.startswith(f"error: {told}")


def test_a_bug_of_ours_keeps_its_traceback(bertkit: Bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("bertkit.recipe.source.recipe_names", fail)
    with pytest.raises(KeyError, match="a bug"):
        bertkit("recipe", "list")


def test_a_bug_of_ours_is_code_1_with_its_traceback() -> None:
    code = (
        "import sys, bertkit.cli, bertkit.recipe.source as source\n"
        "source.recipe_names = lambda: 1 / 0\n"
        "sys.exit(bertkit.cli.main(['recipe', 'list']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.rstrip().endswith("ZeroDivisionError: division by zero")


def test_messages_go_to_standard_error_with_warnings_marked(bertkit: Bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    log = logging.getLogger("bertkit")

    def talk() -> list[str]:
        log.debug("not shown")
        log.info("a note of %d words", 4)
        log.warning("careful")
        return ["demo/support"]

    monkeypatch.setattr("bertkit.recipe.source.recipe_names", talk)
    for _ in range(2):  # a second command in one process does not say all twice
        code, out, err = bertkit("recipe", "show", "demo/support")
        assert (code, err) == (0, "a note of 4 words\nwarning: careful\n")
        assert out.startswith("# Demo")


def test_libraries_are_quiet_unless_told_otherwise(bertkit: Bertkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_DISABLE_PROGRESS_BARS", raising=False)
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "info")
    bertkit("--help")
    assert os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] == "1"
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "info"


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("{bertkit} >&-", 0, ""),
        ("{bertkit} 2>&- <&-", 0, "demo/support"),
        ("{bertkit} >/dev/full", 2, "standard output  can not be written: No space left on device"),
        ("{bertkit} >/dev/full 2>&1", 2, ""),
        ("{bertkit} | head -n 1", 0, ""),
        ("PYTHONUTF8=0 PYTHONIOENCODING=ascii {bertkit}", 0, "demo/support"),
    ],
)
def test_streams_that_are_closed_full_or_in_ascii(shell: str, code: int, said: str) -> None:
    command = shell.format(bertkit=f"{sys.executable} -m bertkit recipe list")
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_chinese_on_a_terminal_in_ascii_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    cli._open_streams()
    console.table(("text", "answer"), [("中文", "\u202eb")])
    stream.seek(0)
    assert r"\u4e2d\u6587" in stream.read()


def test_a_log_that_can_not_be_written_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    cli._log_to_stderr()
    logging.getLogger("bertkit").warning("lost")
    assert cli.main(["recipe", "check", "nothing"]) == 2
