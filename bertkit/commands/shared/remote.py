"""`bertkit predict --url`: answers of a server in the place of a Run's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bertkit.commands.shared import console
from bertkit.errors import DataError, Parameter

if TYPE_CHECKING:
    from bertkit.commands.shared.predictor import Opened
    from bertkit.inference.ask import Answered
    from bertkit.inference.bulk.options import BulkOptions
    from bertkit.serve.client import Client

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="ADDRESS", help="Ask a server (bertkit serve) at http://HOST:PORT; MODEL is a name."),
]
FIRST_RETRIES = 2
"""Of the first call, so that a wrong address is known within seconds."""


def check(output: str | None, **others: Any) -> None:
    """Raise a DataError for options that are the server's own, or that need the model here.

    Args:
        others: options by name, with their values.
    """
    for name, value in others.items():
        if value:
            what = "has no effect beside --url: the server has its own model and machines"
            raise DataError.at(Parameter(name), what, "leave it out")
    if output is not None and output.endswith(".conll"):
        what = f"{output}: a server gives tags as a column, not as CoNLL"
        raise DataError.at(Parameter("output"), what, "name a .jsonl")


@contextlib.contextmanager
def client_of(url: str | None) -> Iterator[Client | None]:
    """A client of the server at an address; None: no address."""
    if url is None:
        yield None
        return
    from bertkit import extras

    extras.need("httpx", extra="serve", feature="--url")
    from bertkit.serve.client import Client
    from bertkit.serve.remote import RETRIES

    with Client(url, retries=FIRST_RETRIES) as first:
        first.models()
    with Client(url, retries=RETRIES) as client:
        yield client


def open_remote(client: Client, name: str, options: BulkOptions, sets: list[str] | None) -> Opened:
    """A model of a server, opened as `open_predictor` opens a Run.

    Raises:
        ServerError: see `RemotePredictor`.
    """
    from bertkit.commands.shared.predictor import LABELLED, NOT_READ, Opened
    from bertkit.serve.remote import RemotePredictor

    console.unused(sets, *NOT_READ, LABELLED, beside="--url")
    predictor = RemotePredictor(client, name, options.answer_columns, console.only(sets, "data"))
    return Opened(predictor, predictor.recipe.data, None)


def ask(predictor: Any, question: str, contexts: list[str]) -> Answered:
    """See `RemotePredictor.ask`."""
    return predictor.ask(question, contexts)
