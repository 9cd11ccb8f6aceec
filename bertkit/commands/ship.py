"""Panel Use: `bertkit predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit import processes
from bertkit.commands import console
from bertkit.errors import DataError


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A Run folder.")],
    source: Annotated[
        str | None, typer.Argument(metavar="INPUT", help="File, folder or glob; - reads standard input.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help=".csv, .jsonl or .parquet; - prints JSON lines.")
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", "-t", help="A text in place of INPUT; repeatable.")
    ] = None,
    text_pair: Annotated[list[str] | None, typer.Option("--text-pair", help="The second text of each --text.")] = None,
    logits: Annotated[bool, typer.Option("--logits", help="Add the raw scores.")] = False,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
) -> None:
    """Answer every row of a file: all its columns are kept, the answer and each probability added.

    bertkit predict runs/mine new.csv --output answers.csv
    """
    if (source is None) == (not text):
        raise DataError.at("predict", "expected either INPUT or --text", "bertkit predict RUN new.csv --output OUT.csv")
    if text_pair and len(text_pair) != len(text or []):
        raise DataError.at("--text-pair", f"{len(text_pair)} second texts for {len(text or [])} --text", "one each")
    if number > 1:
        if not source or source == "-":
            raise DataError.at("--processes", "needs a file that all of them can read", "name one as INPUT")
        given = [*(["--output", output] if output else []), *console.options("--set", sets)]
        flags = [flag for flag, wanted in (("--logits", logits), ("--trust-code", trust_code)) if wanted]
        console.elsewhere(number, ["predict", run, source, *given, *flags])
    from bertkit.inference import tables
    from bertkit.inference.predictor import Predictor
    from bertkit.run import Run

    tables.check_output(output or "-", source)
    processes.join()
    opened = Run.open(run, trust_code=trust_code)
    recipe = opened.recipe_with(console.only(sets, "data"))
    predictor = Predictor(opened)
    if text:
        rows = [
            {"text": a, **({"text_pair": b} if text_pair else {})}
            for a, b in zip(text, text_pair or [""] * len(text), strict=True)
        ]
        answers = predictor.predict(rows)
        if output is None and not logits:
            console.table(("text", "answer"), zip(text, map(predictor.task.brief, answers), strict=True))
            return
        answered = tables.join(predictor, rows, answers, logits=logits)
    else:
        bar = console.progress("predicting")
        answered = tables.predict_file(predictor, [source or ""], recipe.data, logits=logits, progress=bar)
    if not processes.first():
        return
    tables.write(answered, output or "-")
    if output not in (None, "-"):
        typer.echo(f"{len(answered)} rows: {output}", err=True)
