"""`/v1/search`: documents of an index, re-ranked and read where models for it are served."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from bertkit.search.index.asking import read
from bertkit.search.index.index import DEPTH, Query
from bertkit.serve.refusals import Refusal
from bertkit.serve.routes.shared import check_texts, json_router, note, note_texts, reply, service_of, timeout_of
from bertkit.serve.schemas import SearchReply, SearchRequest
from bertkit.serve.served.threads import Deadline

router = json_router()


@router.post("/v1/search", response_model=SearchReply, tags=["search"], summary="Documents of an index")
async def search(asked: SearchRequest, request: Request) -> Response:
    """The best documents for a query, and with a `reader` its answer."""
    service = service_of(request)
    served = service.index(asked.index)
    deadline = Deadline(timeout_of(request, service))
    reranker = service.model_for(asked.rerank, "rerank") if asked.rerank else None
    reader = service.model_for(asked.reader, "reader") if asked.reader else None
    if reader is not None and not asked.query.strip():
        raise Refusal(422, "query: a reader needs a question", "query")
    check_texts(service, "query", [asked.query])
    note_texts(service, request, asked.query)
    query = Query(
        asked.query, asked.top, asked.by, asked.where, liked=asked.liked, disliked=asked.disliked, skip=asked.skip
    )
    index, columns = served.index, served.index.about.text_columns
    ranks = reranker.queued(reranker.predictor, deadline) if reranker else None
    reads = reader.queued(reader.predictor, deadline) if reader else None

    def work() -> tuple[list[dict[str, Any]], str | None]:
        hits = index.search(query, reranker=ranks, depth=DEPTH)
        if reads is None:
            return [{"hit": hit} for hit in hits], None
        found = read(reads, asked.query, hits, columns)
        return [{"hit": one.hit, "answer": one.text or None, "share": one.share} for one in found.passages], found.text

    found, answer = await service.threads.search(work, deadline)
    note(request, index=served.name, hits=len(found))
    hits = [
        {
            "id": one["hit"].id,
            "score": one["hit"].score,
            "scores": one["hit"].scores,
            "document": one["hit"].document,
            "answer": one.get("answer"),
            "share": one.get("share"),
        }
        for one in found
    ]
    return reply({"index": served.name, "hash": served.model.hash, "hits": hits, "answer": answer})
