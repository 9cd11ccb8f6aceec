from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from bertkit.serve.batcher import Batcher
from bertkit.serve.lane import Closing, Full, Late, TooMuch
from tests.serve.clock import play


class Model:
    """Takes a millisecond a token; answers an example with itself, in capitals."""

    def __init__(
        self, room: int = 100, *, pads: bool = False, workers: int = 1, least: int | None = None, shares: bool = True
    ):
        self.room, self.pads, self.workers = room, pads, workers
        self.least = room if least is None else least
        self.shares = shares and workers > 1
        self.at_once: list[int] = []
        self.by: list[int] = []
        self.batches: list[list[str]] = []
        self.times: list[float] = []
        self.busy = self.most_busy = 0

    async def compute(self, worker: int, examples: Sequence[Any], at_once: int) -> list[Any]:
        self.at_once.append(at_once)
        self.by.append(worker)
        self.batches.append(list(examples))
        self.times.append(asyncio.get_running_loop().time())
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        await asyncio.sleep(sum(map(len, examples)) / 1000)
        self.busy -= 1
        if "poison" in examples:
            raise ValueError("poison")
        return [text.upper() for text in examples]


async def ask(batcher: Batcher, model: Model, *texts: str, timeout: float | None = None) -> list[str]:
    return await batcher.answer(model, texts, [len(text) for text in texts], timeout=timeout)


async def after(seconds: float, work: Any) -> Any:
    await asyncio.sleep(seconds)
    return await work


def test_each_gets_its_own_answers_in_order() -> None:
    async def story() -> None:
        model, batcher = Model(), Batcher()
        asked = [[f"{i}-{j}" * random.Random(i * 7 + j).randint(1, 9) for j in range(i % 5)] for i in range(50)]
        answers = await asyncio.gather(*(ask(batcher, model, *own) for own in asked))
        assert answers == [[text.upper() for text in own] for own in asked]
        assert 1 < len(model.batches) < 50
        assert batcher.load.waiting == batcher.load.running == 0
        assert batcher.load.examples == sum(map(len, asked))
        await batcher.close()

    play(story())


def test_a_lone_request_does_not_wait() -> None:
    async def story() -> None:
        model, batcher = Model(), Batcher()
        for _ in range(3):
            start = asyncio.get_running_loop().time()
            await ask(batcher, model, "ten tokens")
            assert asyncio.get_running_loop().time() - start == pytest.approx(0.010)
        await batcher.close()

    play(story())


def test_those_that_arrive_together_are_computed_together() -> None:
    """Four clients that ask again and again: in the end each batch has all of them."""

    async def story() -> None:
        model, batcher = Model(), Batcher()

        async def client() -> None:
            for _ in range(6):
                await ask(batcher, model, "12345")

        await asyncio.gather(*(client() for _ in range(4)))
        assert [len(batch) for batch in model.batches] == [4] * 6
        await batcher.close()

    play(story())


@pytest.mark.parametrize("pads", [False, True])
def test_a_batch_has_like_lengths_and_no_more_tokens_than_room(pads: bool) -> None:
    async def story() -> None:
        model, batcher = Model(room=60, pads=pads), Batcher()
        texts = ["a" * 5] * 8 + ["b" * 30] * 4 + ["c" * 200]
        random.Random(1).shuffle(texts)
        await asyncio.gather(*(ask(batcher, model, text) for text in texts))
        assert sorted(text for batch in model.batches for text in batch) == sorted(texts)
        for batch in model.batches:
            cost = len(batch) * max(map(len, batch)) if pads else sum(map(len, batch))
            assert len(batch) == 1 or cost <= 60
            if pads:
                assert len(set(batch)) == 1
        await batcher.close()

    play(story())


def test_a_short_request_does_not_wait_for_a_long_one() -> None:
    async def story() -> None:
        model, batcher = Model(room=50), Batcher()
        loop = asyncio.get_running_loop()
        ends = {}

        async def timed(name: str, *texts: str) -> None:
            await ask(batcher, model, *texts)
            ends[name] = loop.time()

        await asyncio.gather(timed("long", *["x" * 10] * 1000), after(1.0, timed("short", "y" * 10)))
        assert ends["short"] < 1.2
        assert ends["long"] == pytest.approx(10.0, abs=0.1)
        await batcher.close()

    play(story())


def test_a_long_request_ends_in_its_time_whatever_comes_after_it() -> None:
    """Without urgency it would share the model with all clients that ask again and again, each for little."""

    async def story() -> None:
        model, batcher = Model(room=50), Batcher(patience=5)
        stop = False

        async def client() -> None:
            while not stop:
                await ask(batcher, model, "y" * 10, timeout=10)

        clients = [asyncio.create_task(client()) for _ in range(20)]
        await asyncio.sleep(0.1)
        assert len(await ask(batcher, model, *["x" * 50] * 60, timeout=10)) == 60
        stop = True
        await asyncio.gather(*clients)
        await batcher.close()

    play(story())


def test_two_models_share_the_worker() -> None:
    async def story() -> None:
        one, other, batcher = Model(), Model(), Batcher()
        answers = await asyncio.gather(*(ask(batcher, model, "ab") for model in (one, other) * 5))
        assert answers == [["AB"]] * 10
        assert one.batches and other.batches
        times = sorted([*one.times, *other.times])
        assert len(times) == len(set(times))
        await batcher.close()

    play(story())


def test_two_workers_compute_at_once() -> None:
    async def story() -> None:
        model, batcher = Model(room=10, workers=2), Batcher()
        await asyncio.gather(*(ask(batcher, model, "1234567890") for _ in range(10)))
        assert model.most_busy == 2
        await batcher.close()

    play(story())


def test_workers_share_what_waits() -> None:
    """And leave a share for the one that is free next, unless it would be too little."""

    async def story(least: int, sizes: list[int]) -> None:
        model, batcher = Model(room=100, workers=2, least=least), Batcher()
        await asyncio.gather(*(ask(batcher, model, "1234567890") for _ in range(8)))
        assert [len(batch) for batch in model.batches] == sizes
        await batcher.close()

    play(story(20, [4, 2, 2]))
    play(story(40, [4, 4]))
    play(story(60, [8]))


@pytest.mark.parametrize("shares, most", [(False, 2), (True, 1)])
def test_a_second_device_begins_at_once_a_second_worker_when_it_is_worth_a_batch(shares: bool, most: int) -> None:
    async def story() -> None:
        model, batcher = Model(room=100, workers=2, shares=shares), Batcher()
        await asyncio.gather(ask(batcher, model, "1234567890"), after(0.002, ask(batcher, model, "1234567890")))
        assert model.most_busy == most
        await asyncio.gather(*(after(n / 1000, ask(batcher, model, "1" * 60)) for n in range(4)))
        assert model.most_busy == 2
        await batcher.close()

    play(story())


def test_a_worker_takes_nothing_of_a_model_that_has_fewer() -> None:
    async def story() -> None:
        one, two, batcher = Model(room=10), Model(room=10, workers=2), Batcher()
        asked = [ask(batcher, model, "1234567890") for model, count in ((one, 10), (two, 20)) for _ in range(count)]
        await asyncio.gather(*asked)
        assert (one.most_busy, set(one.by)) == (1, {0})
        assert set(two.by) == {0, 1}
        assert asyncio.get_running_loop().time() == pytest.approx(0.15), "no worker is ever idle"
        await batcher.close()

    play(story())


def test_a_model_is_told_when_it_has_the_machine_for_itself() -> None:
    async def story() -> None:
        model, batcher = Model(room=10, workers=2), Batcher()
        for _ in range(2):
            await ask(batcher, model, "1234567890")
        assert model.at_once == [1, 1]
        await asyncio.gather(*(ask(batcher, model, "1234567890") for _ in range(6)))
        assert set(model.at_once[2:]) == {2}
        await ask(batcher, model, "12", "34")
        assert model.at_once[-1] == 1
        await ask(batcher, model, *["1234567890"] * 2)
        assert model.at_once[-2:] == [2, 2], "a lone request that is divided"
        await batcher.close()

    play(story())


def test_a_large_request_is_expected_of_all_workers() -> None:
    async def story() -> None:
        model, batcher = Model(room=10, workers=4), Batcher()
        for _ in range(3):  # each of the four computes 1,000 tokens a second
            await ask(batcher, model, *["1234567890"] * 40)
        assert await ask(batcher, model, *["1234567890"] * 400, timeout=1.6)  # it takes a second
        with pytest.raises(Full):
            await ask(batcher, model, *["1234567890"] * 400, timeout=1.4)
        await batcher.close()

    play(story())


def test_only_the_poisonous_request_fails() -> None:
    async def story() -> None:
        model, batcher = Model(room=1000), Batcher()
        asked = [[f"text {i}"] for i in range(20)]
        asked[7] = ["fine", "poison", "fine too"]
        answers = await asyncio.gather(*(ask(batcher, model, *own) for own in asked), return_exceptions=True)
        assert isinstance(answers[7], ValueError)
        assert [a for i, a in enumerate(answers) if i != 7] == [[f"TEXT {i}"] for i in range(20) if i != 7]
        assert await ask(batcher, model, "still there") == ["STILL THERE"]
        assert batcher.load.waiting == 0
        await batcher.close()

    play(story())


def test_a_failed_request_leaves_the_queue() -> None:
    async def story() -> None:
        model, batcher = Model(room=20), Batcher()
        with pytest.raises(ValueError, match="poison"):
            await ask(batcher, model, "poison", *["12345678901234567890"] * 50)
        assert batcher.load.waiting == 0
        assert sum(map(len, model.batches)) < 5
        await batcher.close()

    play(story())


def test_who_leaves_is_taken_out_of_the_queue() -> None:
    async def story() -> None:
        model, batcher = Model(room=10), Batcher()
        first = asyncio.create_task(ask(batcher, model, *["1234567890"] * 100))
        other = asyncio.create_task(ask(batcher, model, "abc"))
        await asyncio.sleep(0.005)
        first.cancel()
        await asyncio.sleep(0)
        assert batcher.load.waiting == 3
        assert await other == ["ABC"]
        assert sum(len(batch) for batch in model.batches) == 2
        await batcher.close()

    play(story())


def test_a_full_queue_refuses() -> None:
    async def story() -> None:
        model, batcher = Model(room=10), Batcher(most=100)
        for _ in range(2):  # now the rate is known: 1,000 tokens a second
            await ask(batcher, model, "1234567890")
        first = asyncio.create_task(ask(batcher, model, *["1234567890"] * 10))
        await asyncio.sleep(0.001)
        with pytest.raises(Full) as refused:
            await ask(batcher, model, "x" * 20)
        assert refused.value.after == 1
        with pytest.raises(TooMuch):
            await ask(batcher, model, "x" * 101)
        assert len(await first) == 10
        assert await ask(batcher, model, "x" * 20) == ["X" * 20]
        await batcher.close()

    play(story())


def test_what_would_come_too_late_is_refused() -> None:
    async def story() -> None:
        model, batcher = Model(room=100), Batcher()
        for size in (100, 100, 50):
            await ask(batcher, model, "x" * size)
        first = asyncio.create_task(ask(batcher, model, *["x" * 100] * 50))
        await asyncio.sleep(0)
        with pytest.raises(Full) as refused:
            await ask(batcher, model, *["y" * 100] * 30, timeout=6)  # half of the queue is before its last text
        assert refused.value.after == pytest.approx(6.1, abs=0.2)
        assert await ask(batcher, model, "y", timeout=0.5) == ["Y"]  # it goes before most of what waits
        assert await ask(batcher, model, *["y" * 100] * 10, timeout=6) == ["Y" * 100] * 10
        await first
        await batcher.close()

    play(story())


def test_late_answers_are_given_up() -> None:
    async def story() -> None:
        model, batcher = Model(room=100), Batcher()
        with pytest.raises(Late):
            await ask(batcher, model, *["x" * 100] * 50, timeout=1)
        assert asyncio.get_running_loop().time() == pytest.approx(1)
        assert batcher.load.waiting == 0
        await batcher.close()

    play(story())


def test_close_answers_those_that_wait_and_takes_no_more() -> None:
    async def story() -> None:
        model, batcher = Model(room=10), Batcher()
        asked = [asyncio.create_task(ask(batcher, model, "1234567890")) for _ in range(20)]
        await asyncio.sleep(0)
        end = asyncio.create_task(batcher.close())
        await asyncio.sleep(0.001)
        with pytest.raises(Closing):
            await ask(batcher, model, "late")
        assert await asyncio.gather(*asked) == [["1234567890"]] * 20
        await end

    play(story())


def test_nothing_is_lost_whatever_happens() -> None:
    """A thousand requests, some cancelled, some poisonous, some late: each of the others gets its answers."""

    async def story() -> None:
        draw = random.Random(3)
        models, batcher = [Model(64, pads=n == 1, workers=n + 1, least=9) for n in range(3)], Batcher(5000)
        told: dict[str, int] = {}

        async def one(number: int) -> None:
            await asyncio.sleep(draw.random() * 30)
            texts = [f"{number}.{j}" * draw.randint(1, 8) for j in range(draw.randint(1, 6))]
            wrong = draw.random()
            if wrong < 0.05:
                texts[0] = "poison"
            asked = asyncio.create_task(
                ask(batcher, draw.choice(models), *texts, timeout=draw.choice([None, 0.05, 3.0]))
            )
            if 0.05 < wrong < 0.15:
                await asyncio.sleep(draw.random() / 10)
                asked.cancel()
            try:
                answers = await asked
                assert answers == [text.upper() for text in texts]
                name = "answered"
            except asyncio.CancelledError:
                name = "cancelled"
            except (Full, TooMuch, Late, ValueError) as error:
                name = type(error).__name__
                assert name != "ValueError" or texts[0] == "poison"
            told[name] = told.get(name, 0) + 1

        await asyncio.gather(*(one(number) for number in range(1000)))
        assert sum(told.values()) == 1000
        assert told["answered"] > 500 and {"cancelled", "Late", "ValueError"} <= set(told)
        async with asyncio.timeout(100):
            await batcher.close()  # a batch may still run for those that left
        assert batcher.load.waiting == batcher.load.running == 0

    play(story())
