"""Models that change while they are served, and answers that are proven."""

from __future__ import annotations

import asyncio
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, Run, train
from tests.helpers import tiny_recipe
from tests.serve.asgi import Asked, tell, until

TEXTS = ["where is my parcel ?", "good bye"]


@pytest.fixture
def folder(tiny_run: Run, tmp_path: Path) -> Path:
    """A copy of a Run, which may be changed."""
    return Path(shutil.copytree(tiny_run.path, tmp_path / "mine"))


@pytest.fixture(scope="module")
def newer(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("newer")
    recipe = tiny_recipe("classify", {}, tiny_bert, folder, learning_rate=0.05, max_steps=6)
    return train(recipe, output=folder / "run")


def put(run: Run, folder: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(run.path, folder)


def confidences(reply: dict[str, Any]) -> list[float]:
    return [one["confidence"] for one in reply["answers"]]


def test_a_changed_run_is_opened_again_while_the_old_one_answers(
    folder: Path, newer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (
        [max(a["probabilities"].values()) for a in Predictor.open(run).predict(TEXTS)] for run in (folder, newer)
    )
    assert old != pytest.approx(new, abs=1e-3)

    async def story(asked: Asked) -> None:
        first = await asked.rows("mine", TEXTS)
        assert confidences(first) == pytest.approx(old, abs=1e-5)
        release = threading.Event()
        lane = asked.service.model("mine").lane
        outputs = lane._outputs
        monkeypatch.setattr(lane, "_outputs", lambda *given: (release.wait(10), outputs(*given))[1])
        begun = asyncio.create_task(asked.rows("mine", TEXTS))
        await until(lambda: asked.service.batcher.load.running)
        put(newer, folder)
        reload = asyncio.create_task(asked.service.reload())
        await asyncio.sleep(0.05)
        release.set()
        await reload
        assert confidences(await begun) == pytest.approx(old, abs=1e-5)
        after = await asked.rows("mine", TEXTS)
        assert confidences(after) == pytest.approx(new, abs=1e-5)
        assert after["hash"] != first["hash"]

    tell(story, models={"mine": str(folder)}, prove=4)


def test_a_run_that_is_gone_or_broken_stays_as_it_was(folder: Path) -> None:
    async def story(asked: Asked) -> None:
        first = await asked.rows("mine", TEXTS)
        (folder / "run.json").write_text('{"kind": "train", "backend": "nothing", "parent": null}')
        await asked.service.reload()
        assert await asked.rows("mine", TEXTS) == first
        shutil.rmtree(folder)
        await asked.service.reload()
        assert await asked.rows("mine", TEXTS) == first

    tell(story, models={"mine": str(folder)})


def test_a_run_is_watched(folder: Path, newer: Run) -> None:
    async def story(asked: Asked) -> None:
        first = await asked.rows("mine", TEXTS)
        put(newer, folder)
        async with asyncio.timeout(20):
            while (await asked.rows("mine", TEXTS))["hash"] == first["hash"]:
                await asyncio.sleep(0.05)

    tell(story, models={"mine": str(folder)}, watch=0.1)
