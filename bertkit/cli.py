"""The table of commands. A BertkitError becomes a message and exit code 2; a bug keeps its traceback and exit code 1.

Nothing heavy is imported here or in `commands`: `bertkit --help` answers in well under half a second.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bertkit import __version__, processes
from bertkit.commands import (
    bench,
    compare,
    convert,
    doctor,
    embed,
    export,
    keywords,
    mine,
    predict,
    push,
    report,
    serve,
    track,
    train,
)
from bertkit.commands import eval as eval_
from bertkit.commands.bench.retrieval import retrieval
from bertkit.commands.groups import corpus, data, index, recipe, tokenizer
from bertkit.commands.shared import console
from bertkit.commands.shared.subcommand import with_commands
from bertkit.commands.understand import attention, calibration, errors, explain, profile, projector, robustness, speed
from bertkit.display import line
from bertkit.errors import BertkitError, Problem, Stopped
from bertkit.fs import refusal

app = typer.Typer(
    name="bertkit",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Pre-train, fine-tune, evaluate and run BERT-family encoders.\n\n"
    "Try it on bundled data: [bold]bertkit train demo/support[/bold]",
)


LOADS = (
    *("train", "eval", "bench", "compare", "report", "data", "mine"),
    *("predict", "embed", "keywords", "index", "track", "export", "serve"),
    *("explain", "attention", "projector", "robustness", "errors", "calibration", "profile", "speed"),
)
"""Commands that import torch before their first line."""


def _show_version(requested: bool) -> None:
    if requested:
        typer.echo(f"bertkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


app.command(rich_help_panel="Train")(train.train)
app.command("eval", rich_help_panel="Evaluate")(eval_.evaluate)
app.command(rich_help_panel="Evaluate", cls=with_commands(retrieval=retrieval))(bench.bench)
app.command(rich_help_panel="Evaluate")(compare.compare)
app.command(rich_help_panel="Evaluate")(report.report)
app.command(rich_help_panel="Understand")(explain.explain)
app.command(rich_help_panel="Understand")(attention.attention)
app.command(rich_help_panel="Understand")(projector.projector)
app.command(rich_help_panel="Understand")(robustness.robustness)
app.command(rich_help_panel="Understand")(errors.errors)
app.command(rich_help_panel="Understand")(calibration.calibration)
app.command(rich_help_panel="Understand")(profile.profile)
app.command(rich_help_panel="Understand")(speed.speed)
app.command(rich_help_panel="Use")(predict.predict)
app.command(rich_help_panel="Use")(embed.embed)
app.command(rich_help_panel="Use")(keywords.keywords)
app.add_typer(index.app, name="index", rich_help_panel="Use")
app.command(rich_help_panel="Use")(track.track)
app.command(rich_help_panel="Use")(serve.serve)
app.command(rich_help_panel="Use")(export.export)
app.command(rich_help_panel="Use")(push.push)
app.add_typer(recipe.app, name="recipe", rich_help_panel="Prepare")
app.add_typer(corpus.app, name="corpus", rich_help_panel="Prepare")
app.add_typer(data.app, name="data", rich_help_panel="Prepare")
app.add_typer(tokenizer.app, name="tokenizer", rich_help_panel="Prepare")
app.command(rich_help_panel="Prepare")(mine.mine)
app.command(rich_help_panel="Prepare")(convert.convert)
app.command(rich_help_panel="Prepare")(doctor.doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; `argv` without the program's name. Returns the exit code."""
    _quiet_libraries()
    _open_streams()
    _log_to_stderr()
    _announce(sys.argv[1:] if argv is None else argv)
    try:
        _command()(args=list(argv) if argv is not None else None, prog_name="bertkit")
    except Stopped as stop:
        if processes.first():
            with contextlib.suppress(OSError):
                typer.echo(str(stop), err=True)
        return processes.STOPPED
    except KeyboardInterrupt:
        return 130
    except BertkitError as error:
        return _failed(error.problems)
    except OSError as error:
        if (problem := refusal(error)) is None:
            raise
        return _failed([problem])
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0


@functools.cache
def _command() -> Any:
    """All commands with their options, read from the signatures once a process: that takes a twentieth of a second."""
    return typer.main.get_command(app)


def _failed(problems: Sequence[Problem]) -> int:
    """Show the mistakes. Returns their exit code."""
    for problem in problems if processes.reports_errors() else ():
        with contextlib.suppress(OSError):  # the exit code still says it
            typer.echo(f"{typer.style('error:', fg='red', bold=True)} {problem}", err=True)
    return 2


def _quiet_libraries() -> None:
    """Turn off progress bars and advice of other libraries; bertkit itself reports what matters of them."""
    for name, value in {
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
        "TOKENIZERS_PARALLELISM": "true",
    }.items():
        os.environ.setdefault(name, value)


def _open_streams() -> None:
    """Make the standard streams usable whatever they are: closed (Python has None for them), or in ASCII."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            console.closed.add(name)
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which no file of ours must get
            setattr(sys, name, Path(os.devnull).open("w" if number else "r", encoding="utf-8"))  # noqa: SIM115
        elif number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _announce(argv: Sequence[str]) -> None:
    """Tell who waits at a terminal why nothing happens: importing torch and transformers takes seconds."""
    if argv[:1] and argv[0] in LOADS and not {"-h", "--help"} & {*argv} and sys.stderr.isatty():
        with contextlib.suppress(OSError):
            typer.secho("loading torch and transformers ...", dim=True, err=True)


class _Handler(logging.Handler):
    """Write messages to the standard error of that moment (tests replace it), with warnings marked."""

    def emit(self, record: logging.LogRecord) -> None:
        mark = typer.style("warning: ", fg="yellow", bold=True) if record.levelno >= logging.WARNING else ""
        with contextlib.suppress(OSError):  # a full disk or a closed terminal must not end a training
            typer.echo(mark + line(record.getMessage()), file=sys.stderr)


def _log_to_stderr() -> None:
    log = logging.getLogger("bertkit")
    log.setLevel(logging.INFO)
    log.propagate = False
    if not any(isinstance(handler, _Handler) for handler in log.handlers):
        log.addHandler(_Handler())
