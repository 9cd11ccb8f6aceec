"""Panel Understand: `bertkit explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.shared import console
from bertkit.commands.understand import rows as given_rows
from bertkit.errors import DataError, Parameter, did_you_mean

if TYPE_CHECKING:
    from bertkit.understand.explain.explain import Explanation

FORMATS = (".html", ".json")
SHOWN = 8
"""Words of a score on a terminal without colours."""


def explain(
    run: given_rows.RunFolder,
    source: given_rows.Source = None,
    text: given_rows.TextOption = None,
    text_pair: given_rows.TextPair = None,
    question: given_rows.Question = None,
    context: given_rows.Context = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What to explain: a label, or a score.", show_default="the answer"),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="ig|gradient|occlusion",
            help="Integrated gradients, input times gradient, or each word masked in turn.",
            autocompletion=lambda: ["ig", "gradient", "occlusion"],
        ),
    ] = "ig",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=".html: a page; .json: all numbers of all words.")
    ] = None,
    limit: given_rows.Limit = 100,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Measure how faithful the explanation is.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Of the random orders that it is compared with.")] = 0,
    device: given_rows.Device = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Show which words an answer is due to, and how far that can be trusted.

    bertkit explain runs/mine --text "where is my parcel?"

    bertkit explain runs/mine new.csv --output why.html

    bertkit explain runs/squad -q "Who fixed it?" -c "Ann fixed it on Sunday."

    bertkit explain runs/mine new.csv --target refund --method occlusion

    A label is explained by its logit, an entity by those of its words, an answer by those of its start and end.
    """
    from bertkit.fs import check_output
    from bertkit.understand.explain.attribution import METHODS

    if method not in METHODS:
        raise DataError.at(Parameter("method"), f"{method}: no such method", did_you_mean(method, METHODS))
    check_output(output, endings=FORMATS, inputs=[source] if source else [])
    asked = given_rows.Asked(source, text, text_pair, question, context, limit)
    asked.check("explain")
    from bertkit.understand.explain.explain import NEEDS, Request
    from bertkit.understand.explain.explain import explain as work

    predictor, rows = asked.open(run, NEEDS, device, sets, trust_code=trust_code)
    chosen: Any = method
    explanation = work(predictor, rows, Request(chosen, target, check, seed), progress=console.progress("explaining"))
    record = explanation.record()
    try:
        if output:  # first, because `| head` closes standard output early
            _write(explanation, record, output, run)
    finally:
        _show(record)
    if output:
        console.say(f"written: {output}")


def _write(explanation: Explanation, record: dict[str, Any], output: Path, run: str) -> None:
    from bertkit.fs import write_json, write_text
    from bertkit.report.understand.explain import page
    from bertkit.understand.explain.explain import spoken

    if output.suffix == ".json":
        write_json(output, record)
    else:
        write_text(output, page(record, name=Path(run).resolve().name, spoken=spoken(explanation.rows)))


def _show(record: dict[str, Any]) -> None:
    from bertkit.report.understand.explain import faithfulness_table

    rows = [(row, target) for row in record["rows"] for target in row["targets"] or [None]]
    if console.in_colour():
        for row, target in rows:
            console.say(f"{row['row']}. {row['answer']}" + ("" if target is None else _score(target)))
            if target is not None:
                _colour(row["texts"], target)
    else:
        shown = [
            (row["row"], row["answer"], "" if target is None else target["name"], _strongest(target))
            for row, target in rows
        ]
        console.table(("row", "answer", "explained", "words, the strongest first"), shown)
    console.say()
    if nothing := sum(target is None for _, target in rows):
        console.say(f"nothing to explain in {nothing} answer{'' if nothing == 1 else 's'}")
    if short := sum(not target["complete"] for _, target in rows if target is not None):
        console.say(f"{short} score{' is' if short == 1 else 's are'} not explained to a hundredth (see `error`)")
    if record["faithfulness"]:
        console.table(*faithfulness_table(record))


def _score(target: dict[str, Any]) -> str:
    return f"  [{target['name']}: {target['score']:.3f}]"


def _strongest(target: dict[str, Any] | None) -> str:
    if target is None:
        return ""
    words = sorted(target["words"], key=lambda word: -abs(word["attribution"]))[:SHOWN]
    return ", ".join(f"{word['text']} {word['attribution']:+.3f}" for word in words)


def _colour(texts: list[dict[str, str]], target: dict[str, Any]) -> None:
    """The texts, with words that add to the score on green, and those that take from it on red."""
    from rich.console import Console
    from rich.text import Text

    from bertkit.display import visible
    from bertkit.report.understand.explain import pieces

    most = max((abs(word["attribution"]) for word in target["words"]), default=0.0)
    for text in texts:
        own = [word for word in target["words"] if word["column"] == text["column"]]
        if not own:
            continue
        line = Text()
        for piece in pieces(text["text"], own, most):
            line.append(visible(piece.text, keep="\n"), _style(piece.weight))
        with console.printing():
            Console().print(line, soft_wrap=True)


def _style(weight: float | None) -> str:
    if weight is None or abs(weight) < 0.1:
        return ""
    depth = int(60 + 140 * abs(weight))
    return (
        f"black on rgb(90,{min(255, 60 + depth)},120)"
        if weight > 0
        else f"black on rgb({min(255, 60 + depth)},110,100)"
    )
