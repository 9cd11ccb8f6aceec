"""Panel Understand: `bertkit projector`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.shared import console
from bertkit.commands.understand import rows as given_rows
from bertkit.errors import DataError, Parameter, did_you_mean

if TYPE_CHECKING:
    from bertkit.understand.projector.points import Points
    from bertkit.understand.projector.projection import Projection

FORMATS = (".html", ".csv", ".jsonl", ".parquet")


def projector(
    model: Annotated[str, typer.Argument(metavar="RUN|VECTORS", help="A Run, an encoder, or a file of bertkit embed.")],
    source: Annotated[
        str | None,
        typer.Argument(metavar="INPUT", help="Rows to show.", show_default="those of the Run's recipe"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=".html: a page; .csv, .jsonl, .parquet: the rows with x and y."),
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option("--tensorboard", metavar="FOLDER", help="Write the files of TensorBoard's projector.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="pca|umap",
            help="Directions of most variance, or near points near.",
            autocompletion=lambda: ["pca", "umap"],
        ),
    ] = "pca",
    split: Annotated[
        str | None,
        typer.Option(
            help="Split of the Run's recipe: test, validation or train.",
            show_default="test where there is one, else validation",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Most rows.", show_default="all")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.")] = 0,
    device: given_rows.Device = None,
    sets: console.Set = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Show rows as points of a plane by their vectors, coloured by label, by correctness or by any column.

    bertkit projector runs/mine --output plane.html

    bertkit projector runs/mine new.csv -o plane.html --method umap

    bertkit embed runs/mine texts.csv -o vectors.parquet

    bertkit projector vectors.parquet -o plane.html --tensorboard logs/
    """
    from bertkit.fs import check_output
    from bertkit.understand.projector.projection import METHODS

    if method not in METHODS:
        raise DataError.at(Parameter("method"), f"{method}: no such method", did_you_mean(method, METHODS))
    if output is None and tensorboard is None:
        raise DataError.at("--output", "missing", "name a page, such as plane.html")
    check_output(output, endings=FORMATS, inputs=[one for one in (source, model) if one])
    points = _points(model, source, split, limit, sets, device, trust_code=trust_code)
    from bertkit.understand.projector.projection import FEWEST, project

    if len(points.vectors) < FEWEST:
        raise DataError.at(source or model, f"rows: {len(points.vectors)}", f"a plane needs {FEWEST}")
    chosen: Any = method
    found = project(points.vectors, chosen, seed=seed)
    if tensorboard is not None:
        from bertkit.understand.projector.tensorboard import write

        write(points, tensorboard)
        console.say(f"written: {tensorboard} (tensorboard --logdir {tensorboard})")
    if output is not None:
        _write(points, found, output, model)
        console.say(f"written: {output}")
    _show(found)


def _points(
    model: str, source: str | None, split: str | None, limit: int | None, sets: list[str] | None,
    device: str | None, *, trust_code: bool,
) -> Points:  # fmt: skip
    from bertkit.understand.projector import points

    if Path(model).suffix in points.FILES and Path(model).is_file():
        if split is not None:
            raise DataError.at(Parameter("split"), "a file of vectors has no splits", "leave it out")
        return points.of_file(model, source, limit)
    return points.of_run(
        model, source, split, limit,
        sets=console.only(sets, "data"), device=device, trust_code=trust_code,
        progress=console.progress("reading"),
    )  # fmt: skip


def _write(points: Points, found: Projection, output: Path, model: str) -> None:
    from bertkit.fs import write_text
    from bertkit.report.understand.projector import page
    from bertkit.understand.projector.record import record

    if output.suffix == ".html":
        write_text(output, page(record(points, found), name=Path(model).resolve().name))
        return
    from bertkit.inference import files

    places = found.points.tolist()
    x, y = (name if name not in points.columns else f"{name} (plane)" for name in ("x", "y"))
    rows = [
        {**{name: values[n] for name, values in points.columns.items()}, x: first, y: second}
        for n, (first, second) in enumerate(places)
    ]
    files.write(rows, str(output))


def _show(found: Projection) -> None:
    if found.variance:
        console.say(f"variance of the two directions: {', '.join(f'{share:.1%}' for share in found.variance)}")
    if found.trustworthiness is not None:
        drawn = f", on {found.measured:,} of {len(found.points):,} rows" if found.measured < len(found.points) else ""
        console.say(f"trustworthiness: {found.trustworthiness:.3f}{drawn} (about 0.5 by chance, at most 1)")
