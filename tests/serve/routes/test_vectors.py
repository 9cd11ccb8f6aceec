"""Vectors, re-ranking and keywords, in the forms that others' clients send."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

import bertkit as library
from bertkit import Predictor, Run
from tests.serve.asgi import Asked, tell

LONG = "where is my parcel ? " * 40


def test_vectors_for_clients_of_openai(tiny_bert: Path) -> None:
    import httpx2
    from openai import AsyncOpenAI
    from sentence_transformers import SentenceTransformer

    texts = ["the cat is sleeping", "where is my parcel ?", LONG]
    expected = library.embed(str(tiny_bert), texts)

    theirs = SentenceTransformer(str(tiny_bert), device="cpu").encode(
        texts[:2], normalize_embeddings=True
    )  # it cuts the third
    assert expected[:2] == pytest.approx(theirs, abs=1e-5)

    async def story(asked: Asked) -> None:
        http = httpx2.AsyncClient(transport=httpx2.ASGITransport(asked.app))
        async with AsyncOpenAI(base_url="http://bertkit/v1", api_key="none", http_client=http) as client:
            found = await client.embeddings.create(model="vectors", input=texts)
            assert np.asarray([one.embedding for one in found.data]) == pytest.approx(expected, abs=1e-5)
            assert found.usage.prompt_tokens > 64
            some = await client.embeddings.create(model="vectors", input=texts[0], dimensions=8)
            shorter = library.embed(str(tiny_bert), texts[:1], dimensions=8)
            assert np.asarray([one.embedding for one in some.data]) == pytest.approx(shorter, abs=1e-5)
            assert [one.id async for one in client.models.list()] == ["vectors"]
        plain = (await asked.post("/v1/embeddings", {"input": texts})).json()
        assert np.asarray([one["embedding"] for one in plain["data"]]) == pytest.approx(expected, abs=1e-5)
        assert plain["usage"]["windows"] > 3
        coded = (await asked.post("/v1/embeddings", {"input": texts[0], "encoding_format": "base64"})).json()
        vector = np.frombuffer(base64.b64decode(coded["data"][0]["embedding"]), dtype="<f4")
        assert vector == pytest.approx(expected[0], abs=1e-5)

    tell(story, models={"vectors": str(tiny_bert)})


def test_documents_are_ranked_in_the_forms_of_others(ranker: Run) -> None:
    query, texts = "where is my parcel ?", ["good bye", "i want my parcel back", "the cat is sleeping"]
    predictor = Predictor.open(ranker)
    scores = [one["score"] for one in predictor.predict([{"query": query, "text": text} for text in texts])]
    order = sorted(range(3), key=lambda n: -scores[n])

    async def story(asked: Asked) -> None:
        for path in ("/v1/rerank", "/v2/rerank"):
            body = {"model": "ranker", "query": query, "documents": texts, "top_n": 2, "return_documents": True}
            results = (await asked.post(path, body)).json()["results"]
            assert [one["index"] for one in results] == order[:2]
            assert [one["relevance_score"] for one in results] == pytest.approx(
                [scores[n] for n in order[:2]], abs=1e-5
            )
            assert [one["document"]["text"] for one in results] == [texts[n] for n in order[:2]]
        body = {"query": query, "texts": texts, "raw_scores": False, "return_text": True}
        results = (await asked.post("/rerank", body)).json()
        assert [(one["index"], one["text"]) for one in results] == [(n, texts[n]) for n in order]
        body = {"query": query, "documents": [{"text": text, "title": "t"} for text in texts], "return_documents": True}
        found = (await asked.post("/v1/rerank", body)).json()
        assert found["results"][0]["document"] == {"text": texts[order[0]], "title": "t"}

    tell(story, models={"ranker": str(ranker.path)})


def test_keywords_are_those_of_the_library(tiny_bert: Path) -> None:
    texts = ["The dishwasher left a puddle on the kitchen floor.", "where is my parcel ?"]
    expected = library.keywords(str(tiny_bert), texts, top=3)

    async def story(asked: Asked) -> None:
        found = (await asked.post("/v1/keywords", {"texts": texts, "top": 3})).json()["keywords"]
        assert [[one["phrase"] for one in own] for own in found] == [[one["phrase"] for one in own] for own in expected]
        assert found[0][0]["offsets"] == expected[0][0]["offsets"]

    tell(story, models={"vectors": str(tiny_bert)})
