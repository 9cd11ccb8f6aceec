"""The servers: bertkit's, and two that people write by hand around the same model with FastAPI.

    python -m serving.servers alone|pipeline RUN PORT

`alone` answers one request after the other with `Predictor.predict`; `pipeline` gives transformers' pipeline all texts
that wait, up to 64, as a batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

MOST = 64


class Rows(BaseModel):
    rows: list[str]


def alone(run: str) -> FastAPI:
    from bertkit import Predictor

    predictor, app, lock = Predictor.open(run), FastAPI(), asyncio.Lock()

    @app.post("/v1/predict/mine")
    async def predict(asked: Rows) -> Any:
        async with lock:
            return await asyncio.to_thread(predictor.predict, asked.rows, quiet=True)

    return app


def pipeline(run: str) -> FastAPI:
    from transformers import pipeline

    pipe: Any = pipeline("text-classification", model=f"{run}/model", device="cpu", top_k=None, truncation=True)
    waiting: asyncio.Queue[tuple[str, asyncio.Future[Any]]] = asyncio.Queue()
    tasks: list[Any] = []

    async def work() -> None:
        while True:
            batch = [await waiting.get()]
            while len(batch) < MOST and not waiting.empty():
                batch.append(waiting.get_nowait())
            texts = [text for text, _ in batch]
            answers = await asyncio.to_thread(pipe, texts, batch_size=len(texts))
            for (_, future), answer in zip(batch, answers, strict=True):
                future.set_result(answer)

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> Any:
        tasks.append(asyncio.create_task(work()))
        yield

    app = FastAPI(lifespan=life)

    @app.post("/v1/predict/mine")
    async def predict(asked: Rows) -> Any:
        futures = [asyncio.get_running_loop().create_future() for _ in asked.rows]
        for text, future in zip(asked.rows, futures, strict=True):
            waiting.put_nowait((text, future))
        return await asyncio.gather(*futures)

    return app


class Process:
    """A server in a process of its own, ready."""

    def __init__(self, command: list[str], port: int, log: Path | None = None):
        self.port = port
        output: Any = log.open("wb") if log else subprocess.DEVNULL
        environment = {**os.environ, "TOKENIZERS_PARALLELISM": "true", "PYTHONPATH": str(Path(__file__).parents[1])}
        self.process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        end = time.monotonic() + 120
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"no server: {' '.join(command)}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/openapi.json", timeout=5).close()
            except urllib.error.HTTPError as error:  # it answers, but not without a key
                return error.code == 401
            return True
        return False

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.terminate()
        self.process.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ours(models: dict[str, Path], *options: str, log: Path | None = None) -> Process:
    port = free_port()
    named = [f"{name}={path}" for name, path in models.items()]
    return Process([sys.executable, "-m", "bertkit", "serve", *named, "--port", str(port), *options], port, log)


def by_hand(kind: str, run: Path) -> Process:
    port = free_port()
    return Process([sys.executable, "-m", "serving.servers", kind, str(run), str(port)], port)


def main() -> None:
    import uvicorn

    kind, run, port = sys.argv[1:]
    app = {"alone": alone, "pipeline": pipeline}[kind](run)
    uvicorn.run(app, port=int(port), log_level="error", loop="uvloop", http="httptools")


if __name__ == "__main__":
    main()
