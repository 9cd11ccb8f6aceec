"""Models behind the queue."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
import torch

from bertkit import Predictor, Run
from bertkit.inference.columns import AnswerColumns
from bertkit.serve.served.model import FEW, LEAST
from bertkit.serve.served.prove import difference
from tests.serve.asgi import Asked, tell, until

LONG = "where is my parcel ? " * 40


def test_a_poisonous_row_fails_alone(tiny_run: Run, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    async def story(asked: Asked) -> None:
        lane = asked.service.model("mine").lane
        outputs = lane._outputs
        poison = Predictor.open(tiny_run).prepare(["good bye good bye"]).encoded.examples[0]["input_ids"].tolist()

        def fail(predictor: Any, examples: Any, count: int) -> Any:
            if any(one["input_ids"].tolist() == poison for one in examples):
                raise RuntimeError("a bug")
            return outputs(predictor, examples, count)

        monkeypatch.setattr(lane, "_outputs", fail)
        texts = [f"where is my parcel {i} ?" for i in range(20)] + ["good bye good bye"]
        found = await asyncio.gather(*(asked.post("/v1/predict/mine", {"rows": [text]}) for text in texts))
        assert [one.status_code for one in found] == [200] * 20 + [500]
        assert "its log has the reason" in found[-1].json()["error"]["message"]

    tell(story, models={"mine": str(tiny_run.path)})


def test_a_full_queue_says_when_to_come_back(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(asked: Asked) -> None:
        release = threading.Event()
        lane = asked.service.model("mine").lane
        outputs = lane._outputs
        monkeypatch.setattr(lane, "_outputs", lambda *given: (release.wait(10), outputs(*given))[1])
        waiting = [asyncio.create_task(asked.rows("mine", ["a b c"] * 10))]
        await until(lambda: asked.service.batcher.load.running)
        waiting += [asyncio.create_task(asked.rows("mine", ["a b c"] * 10)) for _ in range(2)]
        await until(lambda: asked.service.batcher.load.waiting == 100)
        found = await asked.post("/v1/predict/mine", {"rows": ["a b c"] * 30})
        assert found.status_code == 429
        assert int(found.headers["retry-after"]) >= 1
        large = await asked.post("/v1/predict/mine", {"rows": ["a b c"] * 100})
        assert large.status_code == 413
        late = await asked.post("/v1/predict/mine", {"rows": ["a"]}, **{"X-Timeout": "0.05"})
        assert late.status_code == 503
        release.set()
        assert all(len(one["answers"]) == 10 for one in await asyncio.gather(*waiting))

    tell(story, models={"mine": str(tiny_run.path)}, queue_tokens=200)


def test_two_batches_at_once_share_the_threads(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()

    async def story(asked: Asked) -> None:
        lane = asked.service.model("mine").lane
        assert (lane.workers, lane.least) == (2, LEAST)
        assert [lane._threads(*which) for which in ((0, 1), (0, 2), (1, 1), (1, 2))] == [2, 1, 1, 1]
        backend, seen = lane.copies[0].backend, []
        plain = backend.forward

        def noted(batch: Any) -> Any:
            seen.append((threading.current_thread().name, torch.get_num_threads()))
            return plain(batch)

        monkeypatch.setattr(backend, "forward", noted)
        monkeypatch.setattr(lane, "least", 1)
        await asked.rows("mine", ["hello"])
        assert [count for _, count in seen] == [2]
        texts = [f"where is my parcel {i} ?" * (1 + i % 5) for i in range(60)]
        found = await asyncio.gather(*(asked.rows("mine", [text]) for text in texts))
        predictor, columns = Predictor.open(tiny_run), AnswerColumns()
        for one, answer in zip(found, predictor.predict(texts), strict=True):
            assert difference(one["answers"][0]["columns"], columns.of(predictor.task, answer)) < 1e-5
        assert 1 in {count for name, count in seen if name.startswith("worker")}
        assert {name for name, _ in seen} == {"worker-0_0", "worker-1_0"}
        assert torch.get_num_threads() == 2

    torch.set_num_threads(2)
    try:
        tell(story, models={"mine": str(tiny_run.path)})
    finally:
        torch.set_num_threads(before)


def test_one_run_under_two_names_is_in_memory_once(tiny_run: Run) -> None:
    async def story(asked: Asked) -> None:
        one, other = asked.service.model("a"), asked.service.model("b")
        assert one.lane is other.lane
        assert (await asked.rows("a", ["good bye"]))["model"] == "a"
        assert (await asked.rows("b", ["good bye"]))["model"] == "b"

    tell(story, models={"a": str(tiny_run.path), "b": str(tiny_run.path)})


@pytest.mark.parametrize("text", ["a", LONG], ids=["on the event loop", "in a thread"])
def test_preparing_and_decoding_count_for_the_time(text: str, tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(asked: Asked) -> None:
        served = asked.service.model("mine")
        plain = served.predictor.prepare
        monkeypatch.setattr(served.predictor, "prepare", lambda rows: (time.sleep(0.5), plain(rows))[1])
        found = await asked.post("/v1/predict/mine", {"rows": [text]}, **{"X-Timeout": "0.1"})
        assert found.status_code == 503

    tell(story, models={"mine": str(tiny_run.path)})


ROWS: list[tuple[list[Any], bool]] = [
    (["where is my parcel ?"], True),
    ([{"text": "where is my parcel ?"}], True),
    (["where is my parcel ?"] * 2, False),
    ([LONG], False),
    ([{"text": "a", **{str(number): "" for number in range(FEW)}}], False),
    ([{"text": ["where", "is"]}], False),
]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each call of `prepare` was on the event loop."""
    found: list[bool] = []
    plain = Predictor.prepare

    def prepare(self: Predictor, rows: Any, **named: Any) -> Any:
        found.append(threading.current_thread() is threading.main_thread())
        return plain(self, rows, **named)

    monkeypatch.setattr(Predictor, "prepare", prepare)
    return found


@pytest.mark.parametrize(("rows", "at_once"), ROWS)
def test_only_a_short_row_is_tokenised_on_the_event_loop(
    rows: list[Any], at_once: bool, tiny_run: Run, threads: list[bool]
) -> None:
    async def story(asked: Asked) -> None:
        threads.clear()
        await asked.post("/v1/predict/mine", {"rows": rows})
        assert threads == [at_once]

    tell(story, models={"mine": str(tiny_run.path)})


def test_a_task_that_takes_its_time_is_not_tokenised_on_the_event_loop(
    tiny_run: Run, threads: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(asked: Asked) -> None:
        task = type(asked.service.model("mine").predictor.task)
        plain = task.encode
        monkeypatch.setattr(task, "encode", lambda *given, **named: (time.sleep(0.015), plain(*given, **named))[1])
        threads.clear()
        for _ in range(4):
            await asked.post("/v1/predict/mine", {"rows": ["a"]})
        assert threads == [True, True, False, False]

    tell(story, models={"mine": str(tiny_run.path)})


def test_a_device_that_fails_always_shows_in_health(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(asked: Asked) -> None:
        lane = asked.service.model("mine").lane
        plain = lane._outputs

        def broken(*_: Any) -> Any:
            raise RuntimeError("CUDA error")

        monkeypatch.setattr(lane, "_outputs", broken)
        assert (await asked.client.get("/health")).status_code == 200
        for _ in range(30):
            assert (await asked.post("/v1/predict/mine", {"rows": ["a"]})).status_code == 500
        assert (await asked.client.head("/health")).status_code == 503
        monkeypatch.setattr(lane, "_outputs", plain)
        await asked.rows("mine", ["a"])
        assert (await asked.client.get("/health")).status_code == 200

    tell(story, models={"mine": str(tiny_run.path)})
