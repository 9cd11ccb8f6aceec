"""Panel Prepare: `bertkit convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import console, reading

Source = Annotated[Path, typer.Argument(metavar="SOURCE", help="A folder, or a zip as it was published.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="A new folder.")]


def convert(source: Source, output: Output) -> None:
    """Convert a published BERT: Google's TensorFlow checkpoints and HFL's zips, with bert_config.json and vocab.txt.

    The new folder is a model that `model.name` can name, with the heads that the weights have.

    bertkit convert uncased_L-12_H-768_A-12.zip --output bert-base
    """
    from bertkit.models.convert import convert as work

    with reading.new_folder(output):
        done = work(source, output)
    case = "cased" if done.cased else "lower-cased"
    console.say(f"Model: {output} ({done.kind}, {done.parameters:,} parameters, {done.tokens:,} tokens, {case})")
