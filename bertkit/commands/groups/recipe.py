"""Panel Prepare: `bertkit recipe list | show | copy | check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bertkit.commands.shared import completion, console
from bertkit.errors import RecipeError

app = typer.Typer(no_args_is_help=True, help="List, show, copy and check recipes.")

Name = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE", help="A YAML file, or a name from bertkit recipe list.", autocompletion=completion.recipes
    ),
]


@app.command("list")
def list_recipes() -> None:
    """List the recipes that come with bertkit."""
    from bertkit.recipe.source import recipe_names, recipes_folder

    rows = [(name, _purpose(recipes_folder() / f"{name}.yaml")) for name in recipe_names()]
    width = max(len(name) for name, _ in rows)
    for name, purpose in rows:
        console.say(f"{name:<{width}}  {purpose}")


def _purpose(file: Path) -> str:
    """The first comment line of a recipe, which says what it is for."""
    return file.read_text("utf-8").partition("\n")[0].removeprefix("#").strip()


@app.command()
def show(
    name: Name, sets: console.Set = None, resolved: Annotated[bool, typer.Option(help="Show every default.")] = False
) -> None:
    """Print a recipe, as written or with every default."""
    from bertkit.display import visible
    from bertkit.recipe.source import locate
    from bertkit.recipe.yaml_text import read_text

    if not sets and not resolved:
        text = read_text(locate(name)).decode("utf-8", "replace")
        with console.printing():
            typer.echo(visible(text, keep="\n\r\t") if sys.stdout.isatty() else text, nl=False)
        return
    from bertkit.recipe.load import dump, load, resolve

    text = dump(resolve(load(name, sets or ())))
    with console.printing():
        typer.echo(text, nl=False)


@app.command()
def copy(
    name: Name, output: Annotated[Path | None, typer.Argument(help="File to write.", show_default="./NAME.yaml")] = None
) -> None:
    """Copy a recipe to edit it."""
    from bertkit.fs import write_text
    from bertkit.recipe.source import locate

    file = locate(name)
    target = output or Path(file.name)
    if target.is_dir():
        target /= file.name
    if target.exists():
        raise RecipeError.at(str(target), "there is a file already", "name another one")
    if not target.parent.is_dir():
        raise RecipeError.at(str(target), f"no such folder: {target.parent}", "make it, or name another")
    write_text(target, file.read_text("utf-8"))
    console.say(f"{target}: edit it, then bertkit train {target}")


@app.command()
def check(name: Name, sets: console.Set = None, trust_code: console.TrustCode = False) -> None:
    """Check a recipe without training, and that its data and model are there; reports all mistakes, each with its line.

    bertkit data check --recipe RECIPE reads all rows.
    """
    from bertkit.training.data_check import check_named

    check_named(name, sets or ())
    console.say(f"{name}: no mistakes")
