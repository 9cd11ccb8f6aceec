"""Does a server keep its word for 50,000 requests of 32 clients, of which a tenth misbehaves?

A MiniLM with labels, and one tiny model of each other task, are asked at random, one to eight rows a request. Of ten
requests one is malformed, huge, cancelled, or sent a byte at a time by a client that never ends. Every answer is
compared with that of `predict`, within 1e-4. Counted: replies by status, answers that are wrong, the server's memory
after the first thousand requests and at the end, the most tokens in its queue, and the latency of accepted requests.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import random
import re
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from bulk import SMALL
from predict import PACKAGED, some_run
from serving.clients import Connection, latency, request
from serving.servers import Process, ours
from side_by_side import WORDS, figure, parser, record, rows_of, say, write_rows

from bertkit import Predictor, Recipe, plugins, train
from bertkit.errors import DataError
from bertkit.inference.columns import AnswerColumns
from bertkit.serve.served.prove import difference
from bertkit.tasks import TASKS

TOLERANCE = 1e-4
TIMEOUT = 10.0


class Soak:
    """The clients, and what they saw."""

    def __init__(self, server: Process, cases: list[tuple[str, list[Any], list[Any]]], args: argparse.Namespace):
        self.server, self.cases, self.args = server, cases, args
        self.draw = random.Random(args.seed)
        self.statuses: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []
        self.spent: list[float] = []
        self.queue = 0
        self.memory: list[tuple[int, float]] = []
        self.done = 0

    async def run(self) -> None:
        watch = asyncio.create_task(self._watch())
        left = iter(range(self.args.requests))
        await asyncio.gather(*(self._client(left) for _ in range(32)))
        watch.cancel()

    async def _watch(self) -> None:
        process = psutil.Process(self.server.process.pid)
        while True:
            self.memory.append((self.done, process.memory_info().rss / 2**20))
            text = await asyncio.to_thread(_metrics, self.server.port)
            self.queue = max(self.queue, int(float(re.findall(r"^bertkit_waiting_tokens (.*)$", text, re.M)[0])))
            await asyncio.sleep(0.5)

    async def _client(self, left: Any) -> None:
        connection = Connection(self.server.port)
        for number in left:
            kind = self.draw.choice(("malformed", "huge", "cancelled", "slow")) if number % 10 == 3 else "fine"
            await getattr(self, f"_{kind}")(connection)
            self.done += 1
            if self.done % 5000 == 0:
                say(f"{self.done:,} requests, {len(self.wrong)} wrong, {self.memory[-1][1]:,.0f} MB")
        connection.close()

    async def _fine(self, connection: Connection) -> None:
        name, rows, expected = self.draw.choice(self.cases)
        first = self.draw.randrange(len(rows) - 8)
        part = slice(first, first + self.draw.choice((1, 1, 1, 2, 8)))
        start = time.perf_counter()
        status, body = await connection.ask(
            request(f"/v1/predict/{name}", {"rows": rows[part], "probabilities": "all"})
        )
        self.statuses[f"fine: {status}"] += 1
        if status != 200:
            if status != 429:
                self.wrong.append(f"{status} {body[:200]!r}")
            return
        self.spent.append(time.perf_counter() - start)
        given = [one["columns"] for one in json.loads(body)["answers"]]
        if (apart := difference(given, expected[part])) > TOLERANCE:
            self.wrong.append(f"{name} {first}: {apart}")

    async def _malformed(self, connection: Connection) -> None:
        body = self.draw.choice(
            (b'{"rows": [', b"[]", b'{"rows": [3]}', b'{"rows": []}', b"\xff\xfe", b'{"rows": [{"nothing": "a"}]}')
        )
        status, _ = await connection.ask(request("/v1/predict/labels", body))
        self._refused("malformed", status, (400, 422))

    async def _huge(self, connection: Connection) -> None:
        rows = self.draw.choice((["a " * 150_000], ["a"] * 3000, ["word " * 20_000] * 200, ["long text " * 40] * 20))
        try:
            status, _ = await connection.ask(request("/v1/predict/labels", {"rows": rows}))
        except (OSError, EOFError):  # refused while it was still being sent
            status = 413 if len(rows) == 200 else 0
        self._refused("huge", status, (413,) if len(rows) != 20 else (200, 413, 429))

    async def _cancelled(self, _: Connection) -> None:
        name, rows, _expected = self.draw.choice(self.cases)
        own = Connection(self.server.port)
        task = asyncio.create_task(own.ask(request(f"/v1/predict/{name}", {"rows": rows[:20]})))
        await asyncio.sleep(self.draw.random() / 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.statuses["cancelled"] += 1

    async def _slow(self, _: Connection) -> None:
        """Bytes of a request that never ends; the client goes away after a moment."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        for sign in request("/v1/predict/labels", {"rows": ["a"]})[: self.draw.randrange(5, 150)]:
            writer.write(bytes([sign]))
            if self.draw.random() < 0.05:
                await asyncio.sleep(0.01)
        writer.close()
        del reader
        self.statuses["slow"] += 1

    def _refused(self, kind: str, status: int, fine: tuple[int, ...]) -> None:
        self.statuses[f"{kind}: {status}"] += 1
        if status not in fine:
            self.wrong.append(f"{kind}: {status}")


def tiny(task: str, folder: Path) -> Path:
    """A Run of a task on the rows that it is tested with, of a BERT of one layer."""
    kind = plugins.find("task", task)
    rows = folder / f"{task}.jsonl"
    tests = kind(kind.Options()).tiny_rows()
    rows.write_text("".join(json.dumps(row) + "\n" for row in tests * 4), "utf-8")
    blocks = {"data": {"train": str(rows), "validation": str(rows)}, "train": {"max_steps": 3, "report_to": "none"}}
    model = {"scratch": {**SMALL["scratch"], "max_position_embeddings": 128}, "tokenizer": SMALL["tokenizer"]}
    return train(Recipe.model_validate({"task": task, "model": model, **blocks}), output=folder / task).path


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as found:
        return found.read().decode()


def cases_of(models: dict[str, Path]) -> list[tuple[str, list[Any], list[Any]]]:
    """Name, rows of different lengths, and the columns of their answers by `predict`."""
    draw = random.Random(0)

    def text() -> str:
        return " ".join(draw.choices(WORDS, k=draw.choice((3, 8, 12, 40))))

    found = []
    for name, path in models.items():
        predictor = Predictor.open(path)
        task = predictor.task
        needed = [column for column in task.columns if column.required and not column.answer]
        if needed and all(column.kind == "text" for column in needed):
            rows = [{column.name: text() for column in needed} for _ in range(300)]
        else:
            hidden = {column.name for column in task.columns if column.answer}
            rows = [{k: v for k, v in row.items() if k not in hidden} for row in task.tiny_rows() * 40]
        columns = AnswerColumns("all")
        try:
            answers = predictor.predict(rows, quiet=True)
        except DataError:  # the task wants more than words, such as [MASK]
            rows = [task.example] * 300
            answers = predictor.predict(rows, quiet=True)
        found.append((name, rows, [columns.of(task, one) for one in answers]))
    return found


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--requests", type=int, default=50_000)
    given.add_argument("--seed", type=int, default=1)
    args = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = {task: tiny(task, Path(folder)) for task in TASKS if task != "classify"}
        rows = write_rows(Path(folder, "rows.csv"), rows_of(None, 2000))
        models["labels"] = some_run(rows, Path(folder, "labels"), PACKAGED).path
        cases = cases_of(models)
        log = Path(folder, "log")
        with ours(models, "--timeout", str(TIMEOUT), "--max-rows", "2000", log=log) as server:
            soak = Soak(server, cases, args)
            start = time.perf_counter()
            asyncio.run(soak.run())
            whole = time.perf_counter() - start
        lines = [json.loads(one) for one in log.read_text("utf-8").splitlines() if one.startswith("{")]
    report(soak, lines, whole, server.process.returncode, args)


def report(soak: Soak, log: list[dict[str, Any]], whole: float, code: int, args: argparse.Namespace) -> None:
    served = latency(soak.spent, whole)
    early = next(memory for done, memory in soak.memory if done >= 1000)
    failures = sum(line.get("status", 0) >= 500 for line in log)
    counts = [{"": name, "requests": f"{count:,}"} for name, count in sorted(soak.statuses.items())]
    late = sum(second > TIMEOUT for second in soak.spent)
    facts = {
        "requests": f"{soak.done:,} in {whole:,.0f} s",
        "answers compared": f"{len(soak.spent):,}",
        "wrong": str(len(soak.wrong)),
        "5xx in the server's log": str(failures),
        "errors in the server's log": str(sum(line.get("level") == "error" for line in log)),
        "memory after 1,000 requests": f"{early:,.0f} MB",
        "memory at the end": f"{soak.memory[-1][1]:,.0f} MB (most: {max(m for _, m in soak.memory):,.0f})",
        "most tokens in the queue": f"{soak.queue:,} of 65,536",
        "p50, p95, p99 of accepted requests": " / ".join(f"{figure(one)} ms" for one in served[1:]),
        "answers later than the limit": str(late),
        "exit code after SIGTERM": str(code),
    }
    for one in soak.wrong[:10]:
        say(one)
    tables = {"Facts": [{"": name, "found": value} for name, value in facts.items()], "Replies": counts}
    record("serve_soak", tables, args, __doc__)
    assert not soak.wrong and not failures and not late and code == 0


if __name__ == "__main__":
    main()
