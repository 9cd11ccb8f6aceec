"""Panel Understand: `bertkit calibration`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from bertkit.commands.shared import console

FORMATS = (".html", ".json")


def calibration(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")],
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="Rows to judge beside the validation rows.", show_default="the recipe's test rows"),
    ] = None,
    error_rate: Annotated[
        list[float] | None,
        typer.Option(
            "--error-rate",
            metavar="SHARE",
            help="Share of wrong answers to choose a threshold for; repeatable.",
            show_default="0.01, 0.02, 0.05, 0.1",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=".html: a page; .json: all figures.", show_default=False)
    ] = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Measure how far a Run's confidence can be believed, and when to abstain.

    bertkit calibration runs/support -o confidence.html

    Scores are scaled on the validation rows while a model is trained
    (options.calibrate). Shown without and with that, and which confidence
    keeps the wrong answers below a share:

    bertkit calibration runs/support --data new.csv --error-rate 0.02

    bertkit predict runs/support new.csv -o out.csv --error-rate 0.02
    """
    from bertkit.fs import check_output, write_json, write_text
    from bertkit.run import Run
    from bertkit.understand.calibration.run import ERROR_RATES, judge

    check_output(output, endings=FORMATS, inputs=data or [])
    opened = Run.open(run, trust_code=trust_code)
    rates = [*dict.fromkeys(error_rate or ERROR_RATES)]
    how: Any = {"sets": console.only(sets, "data"), "error_rates": rates, "progress": console.progress}
    record = judge(opened, data=data or (), **how)
    _show(record)
    if output is not None and output.suffix == ".json":
        write_json(output, record)
    elif output is not None:
        from bertkit.report.understand.calibration import page

        write_text(output, page(record))
    if output is not None:
        console.say(f"written: {output}")


def _show(record: dict[str, Any]) -> None:
    from bertkit.report.understand import calibration as words

    for warning in record["warnings"]:
        console.warn(warning)
    for name, split in record["splits"].items():
        console.say(f"{name}: {split['decisions']:,} decisions")
        console.table(*words.figures_table(split))
        console.say()
    console.table(*words.thresholds_table(record))
    console.say()
    if record["scaling"]:
        console.say(words.scaled_by(record))
    for note in record["notes"]:
        console.say(note)
