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
        str | None, typer.Option("--output", "-o", help=".csv, .jsonl, .parquet, of tags .conll; - prints JSON lines.")
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", "-t", help="A text in place of INPUT; repeatable.")
    ] = None,
    text_pair: Annotated[list[str] | None, typer.Option("--text-pair", help="The second text of each --text.")] = None,
    question: Annotated[
        str | None, typer.Option("--question", "-q", help="A question to one or more --context.")
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", "-c", help="A text that may hold the answer; repeatable.")
    ] = None,
    best_of: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Of the rows with the same value there, the one that scores highest."),
    ] = None,
    logits: Annotated[bool, typer.Option("--logits", help="Add the raw scores.")] = False,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
    number: console.Processes = 1,
) -> None:
    """Answer every row of a file: all its columns are kept, the answer and each probability added.

    bertkit predict runs/mine new.csv --output answers.csv
    """
    if [source is None, not text, question is None].count(False) != 1:
        what = "expected either INPUT or --text"
        raise DataError.at("predict", what, "bertkit predict RUN new.csv --output OUT.csv")
    if (question is None) != (not context):
        raise DataError.at("--question", "goes with --context", "bertkit predict RUN --question Q --context TEXT")
    if best_of and source is None:
        raise DataError.at("--best-of", "names a column of INPUT", "name a file as INPUT")
    if text_pair and len(text_pair) != len(text or []):
        raise DataError.at("--text-pair", f"{len(text_pair)} second texts for {len(text or [])} --text", "one each")
    if number > 1:
        if not source or source == "-":
            raise DataError.at("--processes", "needs a file that all of them can read", "name one as INPUT")
        given = [*(["--output", output] if output else []), *console.options("--set", sets)]
        given += ["--best-of", best_of] if best_of else []
        flags = [flag for flag, wanted in (("--logits", logits), ("--trust-code", trust_code)) if wanted]
        console.elsewhere(number, ["predict", run, source, *given, *flags])
    from bertkit.inference import files as tables
    from bertkit.inference import passages
    from bertkit.inference.predictor import Predictor
    from bertkit.run import Run

    tables.check_output(output or "-", source)
    processes.join()
    opened = Run.open(run, trust_code=trust_code)
    recipe = opened.recipe_with(console.only(sets, "data"))
    predictor = Predictor.open(opened)
    conll = tables.is_conll(output, predictor.task, logits=logits)
    names = [column.name for column in predictor.task.columns if not column.answer]
    for option, asked in (("text", text), ("text_pair", text_pair), ("question", question)):
        if asked and option not in names:
            what = f"{recipe.task} reads no {option}"
            raise DataError.at(f"--{option.replace('_', '-')}", what, f"what it reads: {', '.join(names)}")
    if text:
        rows = [
            {"text": a, **({"text_pair": b} if text_pair else {})}
            for a, b in zip(text, text_pair or [""] * len(text), strict=True)
        ]
        answers = predictor.predict(rows)
        if output is None and not logits:
            if console.in_colour() and all(marks := [predictor.task.marks(answer) for answer in answers]):
                console.marked(marks)
                return
            console.table(("text", "answer"), zip(text, map(predictor.task.to_text, answers), strict=True))
            return
        answered = tables.join(predictor, rows, answers, logits=logits, conll=conll)
    elif question is not None:
        rows = [{"question": question, "context": one} for one in context or []]
        answers = predictor.predict(rows)
        if output is None and not logits:
            shares = passages.shares(answers) if len(answers) > 1 else []
            columns = [[f"{one:.60}" for one in context or []], [predictor.task.to_text(answer) for answer in answers]]
            columns += [[f"{answer['score']:.2f}" for answer in answers]]
            columns += [[f"{share:.2f}" for share in shares]] if shares else []
            best = sorted(zip(*columns, strict=True), key=lambda row: -float(row[2]))
            console.table(("context", "answer", "score", "share")[: len(columns)], best)
            return
        answered = tables.join(predictor, rows, answers, logits=logits, conll=conll)
        answered = passages.with_shares(answered) if len(answered) > 1 else answered
        answered.sort(key=lambda row: -row["score"])
    else:
        bar = console.progress("predicting")
        answered = tables.predict_file(predictor, [source or ""], recipe.data, logits=logits, conll=conll, progress=bar)
    if not processes.first():
        return
    if best_of:
        answered = passages.best_of(answered, best_of)
    joined = not any(column.kind in ("words", "choices") for column in predictor.task.columns)
    tables.write(answered, output or "-", joined=joined)
    if output not in (None, "-"):
        typer.echo(f"{len(answered)} rows: {output}", err=True)
