"""A command whose first argument may be the name of another command, which has options of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand


def with_commands(**functions: Callable[..., None]) -> type[TyperCommand]:
    """The class of such a command: `with_commands(retrieval=retrieval)` for `bench SUITE` and `bench retrieval`.

    Typer's groups have no command of their own that takes arguments.
    """

    @cache
    def inner() -> dict[str, Any]:
        return {name: _command(name, function) for name, function in functions.items()}

    class WithCommands(TyperCommand):
        names: ClassVar[tuple[str, ...]] = tuple(functions)

        @property
        def commands(self) -> dict[str, Any]:
            return inner()

        def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
            if args and args[0] in self.names:
                return self.commands[args[0]].make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
            return super().make_context(info_name, args, parent, **extra)

    return WithCommands


def _command(name: str, function: Callable[..., None]) -> Any:
    app = typer.Typer(
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command(name)(function)
    return typer.main.get_command(app)
