"""Which model or index a request means, and a watch that survives."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bertkit import Run
from bertkit.serve.refusals import Refusal
from tests.serve.asgi import Asked, tell, until


def test_a_model_may_be_left_out_where_one_fits(tiny_run: Run, tiny_bert: Path) -> None:
    async def story(asked: Asked) -> None:
        service = asked.service
        assert service.model_for(None, "embeddings").name == "vectors"
        assert service.model_for("mine", "predict").name == "mine"
        for name, door, status, part in (
            (None, "predict", 422, "several models give predict: mine, vectors"),
            (None, "rerank", 404, "no model gives rerank"),
            ("mine", "keywords", 422, "mine (classify) does not give keywords"),
            ("other", "predict", 404, "there are: mine, vectors"),
        ):
            with pytest.raises(Refusal) as refused:
                service.model_for(name, door)
            assert (refused.value.status, refused.value.param) == (status, "model")
            assert part in refused.value.message
        with pytest.raises(Refusal) as refused:
            service.index(None)
        assert refused.value.status == 404

    tell(story, models={"mine": str(tiny_run.path), "vectors": str(tiny_bert)})


def test_a_watch_goes_on_after_a_failure(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(asked: Asked) -> None:
        calls: list[int] = []

        async def reload(_: object) -> list[str]:
            calls.append(1)
            raise KeyError("a bug")

        monkeypatch.setattr(asked.service.registry, "reload", reload)
        await until(lambda: len(calls) > 2)
        await asyncio.sleep(0)
        assert (await asked.rows("mine", ["a"]))["model"] == "mine"

    tell(story, models={"mine": str(tiny_run.path)}, watch=0.02)
