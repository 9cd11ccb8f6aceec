"""Threads of a server: what runs in them ends with its request."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from bertkit.serve.lane import Full, Late
from bertkit.serve.served import threads as served_threads
from bertkit.serve.served.threads import Deadline, Threads, in_new_thread
from tests.serve.asgi import Asked, tell, until


def test_a_deadline() -> None:
    assert Deadline(None).left() is None
    deadline = Deadline(10)
    assert 9 < (deadline.left() or 0) <= 10
    deadline.give_up()
    with pytest.raises(Late):
        deadline.left()


def test_a_search_ends_at_its_next_batch_once_its_time_is_over(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread must not go on for a client that is gone: others wait for it."""

    async def story(asked: Asked) -> None:
        served = asked.service.model("vectors")
        steps: list[int] = []
        started, release = threading.Event(), threading.Event()
        ended = threading.Event()

        def work() -> None:
            try:
                for number in range(100):
                    predictor.predict([f"text {number}"])
                    steps.append(number)
                    started.set()
                    release.wait(10)
            finally:
                ended.set()

        first = served.queued(served.predictor, Deadline(60))
        await asked.service.threads.search(lambda: first.predict(["warm"]), Deadline(60))
        deadline = Deadline(2.0)
        predictor = served.queued(served.predictor, deadline)
        with pytest.raises(Late):
            await asked.service.threads.search(work, deadline)
        assert started.is_set()
        release.set()
        await until(ended.is_set)
        assert len(steps) == 1

    tell(story, models={"vectors": str(tiny_bert)})


def test_what_is_computed_is_finished_however_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        threads = Threads()
        monkeypatch.setattr(served_threads, "WAITING", -1)
        with pytest.raises(Full):
            await threads.work_on_texts(lambda: 1)
        assert await threads.finish(lambda value: value + 1, 1) == 2

    asyncio.run(story())


def test_a_new_thread_ends_with_its_work() -> None:
    async def story() -> None:
        names = {await in_new_thread(lambda: threading.current_thread().name) for _ in range(2)}
        assert names == {"opening_0"}
        await until(lambda: not any(one.name == "opening_0" for one in threading.enumerate()))
        with pytest.raises(ZeroDivisionError):
            await in_new_thread(lambda: 1 // 0)

    asyncio.run(story())
