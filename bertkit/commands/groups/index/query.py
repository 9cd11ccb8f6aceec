"""Panel Use: `bertkit index query`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bertkit.commands.groups.index.options import (
    Address,
    By,
    Depth,
    Model,
    Output,
    Rerank,
    Where,
    check_lines,
    open_index,
    open_reranker,
    rocchio,
    write_lines,
)
from bertkit.commands.shared import console

if TYPE_CHECKING:
    from bertkit.search.index.index import Hit, Index, Query

Liked = Annotated[
    list[str] | None, typer.Option("--liked", metavar="ID", help="Move the query towards a document; repeatable.")
]
Disliked = Annotated[
    list[str] | None, typer.Option("--disliked", metavar="ID", help="Move it away from a document; repeatable.")
]
Weights = Annotated[
    str, typer.Option(metavar="Q,LIKED,DISLIKED", help="How much the query and the documents count (Rocchio).")
]
Spelling = Annotated[
    bool, typer.Option("--spelling", help="Search for the nearest word of the index in place of one it does not have.")
]
Intent = Annotated[
    str | None, typer.Option("--intent", metavar="RUN", help="Show what a Run of classify says of the query.")
]
Entities = Annotated[
    str | None, typer.Option("--entities", metavar="RUN", help="Show the entities that a Run of ner finds in it.")
]


def query(
    index: Address,
    text: Annotated[str, typer.Argument(metavar="QUERY", help="What to search for.")] = "",
    top: Annotated[int, typer.Option("--top", "-k", min=1, metavar="N", help="Documents to show.")] = 10,
    by: By = "vectors",
    where: Where = None,
    liked: Liked = None,
    disliked: Disliked = None,
    weights: Weights = "1,0.75,0.15",
    rerank: Rerank = None,
    depth: Depth = 100,
    spelling: Spelling = False,
    intent: Intent = None,
    entities: Entities = None,
    output: Output = None,
    model: Model = None,
    trust_code: console.TrustCode = False,
) -> None:
    """Find documents.

    bertkit index query runs/index "who wrote it" --by hybrid --where "n > 20"

    bertkit index query runs/index "who wrote it" --liked d3 --disliked d4
    """
    from bertkit.search.index.index import Query

    check_lines(output)
    asked = Query(text, top, by, where, liked or (), disliked or (), rocchio(weights))
    asked.check()
    reranker = open_reranker(rerank, trust_code) if rerank else None
    opened = open_index(index, model, trust_code)
    asked = _understood(asked, opened, {"intent": intent, "entities": entities}, spelling, trust_code)
    show_hits(opened.search(asked, reranker=reranker, depth=depth), output)


def _understood(query: Query, index: Index, readers: dict[str, str | None], spelling: bool, trust_code: bool) -> Query:
    """The query with the spelling that the index knows; shows that, and what other models say of it.

    Args:
        readers: name of what is read -> the Run that does.
    """
    from bertkit.commands.shared.predictor import open_predictor
    from bertkit.inference.ask import ask_texts
    from bertkit.search.spelling import corrected, variants

    if spelling:
        for word, other in (found := variants(query.text, index.lexicon.holding)).items():
            console.say(f"spelling: {other}, not {word}", err=True)
        query = replace(query, text=corrected(query.text, found))
    for name, run in readers.items():
        if run is not None:
            opened = open_predictor(run, None, on=None, task=None, labels=None, sets=None, trust_code=trust_code)
            reader = opened.predictor
            (answer,) = ask_texts(reader, [query.text]).answers
            console.say(f"{name}: {reader.task.to_text(answer)}", err=True)
    return query


def show_hits(hits: list[Hit], output: str | None) -> None:
    """Hits as a table, or as JSON lines."""
    if output is not None:
        rows = [
            {"rank": rank, "id": hit.id, "score": hit.score, "scores": hit.scores, "document": hit.document}
            for rank, hit in enumerate(hits, 1)
        ]
        write_lines(rows, output)
        return
    if not hits:
        console.say("no document found")
        return
    names = list(dict.fromkeys(name for hit in hits for name in hit.scores))
    header = ("rank", "id", "score", *(name for name in names if len(names) > 1), "text")
    console.table(
        header,
        [
            (
                str(number),
                f"{hit.id:.60}",
                f"{hit.score:.4f}",
                *(f"{hit.scores[name]:.4f}" if name in hit.scores else "" for name in names if len(names) > 1),
                f"{' '.join(str(hit.document['text']).split()):.100}",
            )
            for number, hit in enumerate(hits, 1)
        ],
    )
