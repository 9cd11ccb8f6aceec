"""Panel Use: `bertkit push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import console

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A finished Run.")]
Name = Annotated[str, typer.Argument(metavar="ORG/NAME", help="The repository; made if there is none.")]


def push(
    run: RunFolder,
    name: Name,
    license: Annotated[
        str | None, typer.Option(metavar="ID", help="License of the model, for its card: apache-2.0, mit, ...")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Language of the texts, for the card: en, zh; repeatable.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    report: Annotated[
        bool, typer.Option("--report", help="Upload report.html too. It holds texts of the rows scored.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be uploaded; needs no network.")] = False,
    trust_code: console.TrustCode = False,
) -> None:
    """Upload a Run to the Hugging Face hub: model, card, recipe and metrics.

    bertkit push runs/mine my-name/parcels --license mit --language en --dry-run
    """
    from bertkit.publish.push import push as work
    from bertkit.run import Run

    opened = Run.open(run, trust_code=trust_code)
    done = work(
        opened, name, license=license, languages=language or (), private=private, report=report, dry_run=dry_run
    )
    if dry_run:
        console.table(["file", "bytes"], [(file, f"{size:,}") for file, size in sorted(done.files.items())])
    for key in done.missing:
        console.say(f"The card names no {key}: --{key} adds it.", err=True)
    count, size = len(done.files), sum(done.files.values()) / 1e6
    if dry_run:
        console.say(f"Nothing was uploaded: {count} files, {size:,.1f} MB, would go to {name}.")
        return
    console.say(f"Uploaded {count} files, {size:,.1f} MB: {done.url}")
    console.say(f"Use it: bertkit predict hub:{name} --help")
