"""`/v1/embeddings` in OpenAI's form, `/v1/rerank` in that of Cohere and of Text Embeddings Inference, and keywords."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from fastapi import Request, Response

from bertkit.inference.predictor import Prepared
from bertkit.inference.vectors import VECTOR, for_embedding
from bertkit.search.keywords.extract import KEYWORDS, KeywordOptions, KeywordPredictor
from bertkit.search.keywords.words import chinese_cut
from bertkit.search.reranking import scores_of
from bertkit.serve.refusals import Refusal
from bertkit.serve.routes.shared import check_texts, count, json_router, note_texts, reply, service_of, timeout_of
from bertkit.serve.schemas import (
    EmbeddingsReply,
    EmbeddingsRequest,
    KeywordsReply,
    KeywordsRequest,
    RankedText,
    RerankReply,
    RerankRequest,
)
from bertkit.serve.served.model import RowReply, replies_of
from bertkit.serve.served.threads import Deadline
from bertkit.tasks.task import Answer

router = json_router()
MOST_CHARACTERS = 1_000_000
"""Of all texts whose keywords are asked for: phrases are found by Python."""


@router.post("/v1/embeddings", response_model=EmbeddingsReply, tags=["vectors"], summary="Vectors of texts")
async def embeddings(asked: EmbeddingsRequest, request: Request) -> Response:
    """Vectors as `bertkit embed` gives them: long texts are read in windows, and no prompt stands before a text."""
    service = service_of(request)
    served = service.model_for(asked.model, "embeddings")
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    check_texts(service, "input", texts)
    note_texts(service, request, texts)
    reading = served.vectors
    if asked.dimensions is not None:
        reading = for_embedding(served.predictor, {"dimensions": asked.dimensions})
    assert reading is not None
    task = reading.task

    def finish(_: Prepared, replies: list[RowReply]) -> Response:
        vectors = np.asarray([task.to_columns(one.answer)[VECTOR] for one in replies], dtype=np.float32)  # (text, size)
        if not np.isfinite(vectors).all():
            raise Refusal(500, "the model gave vectors that are no numbers; it may have diverged")
        coded = asked.encoding_format == "base64"
        numbers: list[Any] = (
            [base64.b64encode(one.astype("<f4").tobytes()) for one in vectors] if coded else vectors.tolist()
        )
        used = count(service, request, served, replies)
        found = {
            "object": "list",
            "data": [{"object": "embedding", "index": n, "embedding": one} for n, one in enumerate(numbers)],
            "model": served.name,
            "hash": served.hash,
            "usage": {
                "prompt_tokens": used.tokens,
                "total_tokens": used.tokens,
                "windows": used.windows,
                "cut_tokens": used.cut_tokens,
            },
        }
        return reply(found)

    return await served.answer(texts, finish, timeout=timeout_of(request, service), reading=reading)


@router.post("/rerank", include_in_schema=False)
@router.post("/v2/rerank", include_in_schema=False)
@router.post(
    "/v1/rerank",
    response_model=RerankReply | list[RankedText],
    tags=["vectors"],
    summary="Documents ranked for a query",
)
async def rerank(asked: RerankRequest, request: Request) -> Response:
    """The score of each document for a query, the best first: `documents` as Cohere's clients send them, or `texts` as
    those of Text Embeddings Inference."""
    service = service_of(request)
    served = service.model_for(asked.model, "rerank")
    if bool(asked.documents) == bool(asked.texts):
        raise Refusal(422, "documents: send either documents or texts, at least one", "documents")
    texts = asked.texts or [one if isinstance(one, str) else one.text for one in asked.documents]
    check_texts(service, "documents", texts)
    check_texts(service, "query", [asked.query])
    if len(asked.query) * len(texts) > service.settings.max_bytes:
        raise Refusal(413, "query: too long for so many documents; send fewer at a time", "query")
    note_texts(service, request, {"query": asked.query, "documents": texts})
    rows = [{"query": asked.query, "text": text} for text in texts]
    _, replies = await served.predict(rows, timeout=timeout_of(request, service))
    scores = _scores(asked, served.name, [one.answer for one in replies])
    usage = count(service, request, served, replies)
    order = sorted(range(len(texts)), key=lambda number: -scores[number])[: asked.top_n]
    if asked.texts:
        more: Any = (lambda n: {"text": texts[n]}) if asked.return_text else (lambda n: {})
        return reply([{"index": n, "score": scores[n], **more(n)} for n in order])
    results = [
        {
            "index": n,
            "relevance_score": scores[n],
            **({"document": _document(asked, n)} if asked.return_documents else {}),
        }
        for n in order
    ]
    found = {"id": request.scope["state"]["about"].get("id", ""), "results": results, "model": served.name}
    return reply({**found, "hash": served.hash, "usage": usage})


def _scores(asked: RerankRequest, name: str, answers: list[Answer]) -> list[float]:
    """The task's own scores; for clients of Text Embeddings Inference logits, or their sigmoids."""
    scores = scores_of(name, answers)
    if not asked.texts or "logit" not in answers[0]:
        return scores.tolist()
    logits = np.array([one["logit"] for one in answers])
    return (logits if asked.raw_scores else 1 / (1 + np.exp(-logits))).tolist()


def _document(asked: RerankRequest, number: int) -> dict[str, Any]:
    document = asked.documents[number]
    return {"text": document} if isinstance(document, str) else document.model_dump()


@router.post("/v1/keywords", response_model=KeywordsReply, tags=["vectors"], summary="Keywords of texts")
async def keywords(asked: KeywordsRequest, request: Request) -> Response:
    """The phrases of texts that say what they are about, with the places where they stand."""
    service = service_of(request)
    served = service.model_for(asked.model, "keywords")
    check_texts(service, "texts", asked.texts)
    note_texts(service, request, asked.texts)
    assert served.vectors is not None
    if sum(map(len, asked.texts)) > MOST_CHARACTERS:
        raise Refusal(413, f"texts: more than {MOST_CHARACTERS:,} characters; send fewer at a time", "texts")
    deadline = Deadline(timeout_of(request, service))
    model = served.queued(served.vectors, deadline)
    predictor = KeywordPredictor(model, KeywordOptions(asked.top, asked.ngram, asked.diversity), chinese_cut())

    def work() -> tuple[Prepared, list[Answer]]:
        prepared = predictor.prepare(asked.texts)
        return prepared, predictor.answer(prepared)

    prepared, answers = await service.threads.search(work, deadline)
    usage = count(service, request, served, replies_of(prepared, answers))
    found = {"model": served.name, "hash": served.hash, "keywords": [one[KEYWORDS] for one in answers], "usage": usage}
    return reply({**found, "warnings": prepared.seen.warnings(predictor.task)})
