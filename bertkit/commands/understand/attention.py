"""Panel Understand: `bertkit attention`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands.shared import console
from bertkit.commands.understand import rows as given_rows
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.understand.attention.attention import Attention

FORMATS = (".html", ".npz")
SHOWN = 10
"""Words on a terminal."""


def attention(
    run: given_rows.RunFolder,
    text: given_rows.TextOption = None,
    text_pair: given_rows.TextPair = None,
    question: given_rows.Question = None,
    context: given_rows.Context = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=".html: a page; .npz: tokens, all weights and their rollout."),
    ] = None,
    explained: Annotated[
        bool, typer.Option("--attribution/--no-attribution", help="Show beside it what the answer is due to.")
    ] = True,
    device: given_rows.Device = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Show what each token of a text attends to, in every layer and head.

    bertkit attention runs/mine --text "where is my parcel?" -o attention.html

    bertkit attention runs/ner --text "Anna Bell lives in Berlin." -o a.npz

    Attention is no explanation: bertkit explain says what an answer is due to.
    """
    from bertkit.fs import check_output

    check_output(output, endings=FORMATS, inputs=[])
    asked = given_rows.Asked(None, text, text_pair, question, context, limit=1)
    asked.check("attention", files=False)
    from bertkit.understand.attention.attention import NEEDS, attend

    predictor, rows = asked.open(run, NEEDS, device, None, trust_code=trust_code)
    if len(rows) > 1:
        raise DataError.at("attention", f"{len(rows)} texts are named", "name one: a page shows one text")
    found = attend(predictor, rows[0], explained=explained)
    try:
        if output:  # first, because `| head` closes standard output early
            _write(found, output)
    finally:
        _show(found)
    if output:
        console.say(f"written: {output}")


def _write(found: Attention, output: Path) -> None:
    import io

    from bertkit.fs import write_text, written_aside
    from bertkit.report.understand.attention import page
    from bertkit.understand.attention.record import record

    if output.suffix == ".html":
        write_text(output, page(record(found)))
        return
    import numpy as np

    with written_aside(output) as aside:
        stream = io.BytesIO()
        np.savez_compressed(stream, tokens=found.tokens, weights=found.weights, rollout=found.rollout)
        aside.write_bytes(stream.getvalue())


def _show(found: Attention) -> None:
    layers, heads, size, _ = found.weights.shape
    console.say(f"answer: {found.answer}")
    console.say(f"{size} tokens, {layers} layers of {heads} heads")
    console.say(f"largest difference of an output from the computation without padding: {found.difference:.1e}")
    if found.windows > 1:
        console.say(f"the text is read in {found.windows} windows; one of them is shown")
    flow = found.rollout[-1][0]  # what the first token may have taken from each
    order = flow.argsort()[::-1][:SHOWN].tolist()
    console.table(("rollout to the first token", "value"), [(found.tokens[n], f"{flow[n]:.3f}") for n in order])
    if found.attributions is not None:
        values = found.attributions
        order = abs(values).argsort()[::-1][:SHOWN].tolist()
        console.say()
        rows = [(found.labels[n], f"{values[n]:+.3f}") for n in order]
        console.table((f"what {found.target} is due to", "value"), rows)
