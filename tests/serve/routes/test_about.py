"""What is served, and whether it is well."""

from __future__ import annotations

import asyncio

from bertkit import Predictor, Run
from bertkit.serve.settings import ServeSettings
from tests.serve.asgi import Asked, serving, tell


def test_health_and_readiness(tiny_run: Run) -> None:
    async def story() -> None:
        async with serving(models={"mine": str(tiny_run.path)}) as asked:
            assert (await asked.client.get("/health")).json()["status"] == "ok"
            assert (await asked.client.get("/ready")).status_code == 200
            asked.service.state = "stopping"
            assert (await asked.client.get("/health")).json()["status"] == "stopping"
            assert (await asked.client.get("/ready")).status_code == 503
            assert (await asked.post("/v1/predict/mine", {"rows": ["a"]})).status_code == 503
            asked.service.state = "ok"

    asyncio.run(story())
    assert ServeSettings().max_depth == 16


def test_each_model_says_what_it_reads(tiny_run: Run, reader: Run) -> None:
    async def story(asked: Asked) -> None:
        listed = (await asked.client.get("/v1/models")).json()["data"]
        for one, run in zip(listed, (tiny_run, reader), strict=True):
            task = Predictor.open(run).task
            assert [column["name"] for column in one["columns"]] == [c.name for c in task.columns if not c.answer]
            assert one["example"] == task.example
            assert (await asked.client.get(f"/v1/models/{one['id']}")).json() == one
            assert (await asked.rows(one["id"], [one["example"]]))["hash"] == one["hash"]
        assert (await asked.client.get("/v1/models/other")).status_code == 404

    tell(story, models={"mine": str(tiny_run.path), "reader": str(reader.path)})


def test_figures_for_prometheus(tiny_run: Run) -> None:
    async def story(asked: Asked) -> None:
        await asked.rows("mine", ["a", "b"])
        figures = dict(
            line.rsplit(" ", 1) for line in (await asked.client.get("/metrics")).text.splitlines() if line[0] != "#"
        )
        assert figures["bertkit_batches_total"] == "1.0"
        assert figures["bertkit_batch_examples_total"] == "2.0"
        assert figures["bertkit_waiting_tokens"] == "0.0"
        assert figures['bertkit_requests_total{door="/v1/predict/{name}",status="200"}'] == "1.0"
        assert float(figures['bertkit_tokens_total{model="mine"}']) == float(figures["bertkit_batch_tokens_total"])

    tell(story, models={"mine": str(tiny_run.path)})
