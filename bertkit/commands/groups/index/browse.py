"""Panel Use: `bertkit index browse`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands.groups.index.options import (
    Address,
    By,
    Model,
    Rerank,
    Where,
    open_index,
    open_reranker,
    rocchio,
)
from bertkit.commands.groups.index.query import Weights, show_hits
from bertkit.commands.shared import console
from bertkit.errors import DataError

if TYPE_CHECKING:
    from bertkit.search.index.index import Query

HELP = "enter: more · + 3 7: like these · - 4: do not like it · words: another query · q: end"


def browse(
    index: Address,
    text: Annotated[str, typer.Argument(metavar="QUERY", help="What to search for.")],
    top: Annotated[int, typer.Option("--top", "-k", min=1, metavar="N", help="Documents of a page.")] = 10,
    by: By = "vectors",
    where: Where = None,
    weights: Weights = "1,0.75,0.15",
    rerank: Rerank = None,
    model: Model = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Look through an index page by page; what you like moves the next page.

    bertkit index browse runs/index "something light for the train"
    """
    from bertkit.search.index.index import Query

    query = Query(text, top, by, where, weights=rocchio(weights))
    query.check()
    reranker = open_reranker(rerank, trust_code) if rerank else None
    opened = open_index(index, model, trust_code)
    while True:
        hits = opened.search(query, reranker=reranker)
        show_hits(hits, None)
        ids = [hit.id for hit in hits]
        query = replace(query, skip=[*query.skip, *ids])
        while True:
            console.say(HELP)
            try:
                said = input("> ").strip()
            except EOFError:
                return
            if said == "q":
                return
            try:
                query = after(query, said, ids)
            except DataError as error:
                console.say(str(error), err=True)
                continue
            if not said.startswith(("+", "-")):
                break


def after(query: Query, said: str, ids: list[str]) -> Query:
    """The query after an answer of the user.

    Args:
        ids: of the documents on the page, whose numbers the user names.

    Raises:
        DataError: a number that is not on the page, or feedback that the search can not use.
    """
    if not said:
        return query
    if said[0] not in "+-":
        return replace(query, text=said, liked=(), disliked=(), skip=())
    chosen = []
    for word in said[1:].replace(",", " ").split():
        if not word.isdecimal() or not 0 < int(word) <= len(ids):
            raise DataError.at(word, "is not the rank of a document above", f"name ranks from 1 to {len(ids)}")
        chosen.append(ids[int(word) - 1])
    if said[0] == "+":
        query = replace(query, liked=[*query.liked, *chosen])
    else:
        query = replace(query, disliked=[*query.disliked, *chosen])
    query.check()
    return query
