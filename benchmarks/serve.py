"""How many requests a second does `bertkit serve` answer, and how long does each take?

One text a request, over HTTP on this machine, clients and server on the same cores; each server runs alone, in turns.
Sides: bertkit with torch and with int8 in ONNX Runtime; the same predictor, one request after the other, behind
FastAPI; and transformers' pipeline behind FastAPI, which takes as a batch what waits. Closed load: each client asks
again once it is answered. Open load: requests come at random, half as many, and four fifths as many, as bertkit answers
for 32 clients. Then calls without a server, one text by `predict` and all of them, and what a flood of wrong keys does
to a client with a right one.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from predict import PACKAGED, some_run
from serving.clients import Latency, closed, opened, request
from serving.servers import Process, by_hand, ours
from side_by_side import figure, markdown, parser, record, rows_of, say, write_rows

from bertkit import Predictor, Run
from bertkit.shrink.export import ExportRequest, export

CLIENTS = (1, 8, 32, 64)
BERTKIT, INT8, ALONE, PIPELINE = "bertkit", "bertkit, int8", "one by one", "pipeline, what waits as a batch"
SECONDS = 4.0
"""Of each closed load."""
Start = Callable[[], Process]


def mixed(texts: list[str]) -> list[str]:
    """A fifth of the texts ten times as long."""
    return [" ".join(texts[i : i + 10]) if i % 5 == 0 else text for i, text in enumerate(texts)]


def requests_of(texts: list[str]) -> list[bytes]:
    return [request("/v1/predict/mine", {"rows": [text]}) for text in texts]


def line(load: str, side: str, found: Latency, base: Latency | None) -> dict[str, Any]:
    shown = {"requests/s": figure(found.rate), "p50 ms": figure(found.p50), "p95 ms": figure(found.p95)}
    ratio = f"{base.rate / found.rate:.2f}" if base else ""
    return {"load": load, "side": side, **shown, "p99 ms": figure(found.p99), "bertkit's rate / this": ratio}


def middle(rounds: list[Latency]) -> Latency:
    """The round with the median rate."""
    return sorted(rounds, key=lambda one: one.rate)[len(rounds) // 2]


def measure(sides: dict[str, Start], texts: list[str], rounds: int) -> Any:
    """Side -> clients -> its median round."""
    found: dict[str, dict[int, list[Latency]]] = {}
    contents = requests_of(texts)
    for number in range(rounds):
        names = list(sides)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            with sides[name]() as server:
                closed(server.port, contents[:200], 8)  # warms up
                for count in CLIENTS:
                    some = contents * 3  # more than any side answers in the time
                    found.setdefault(name, {}).setdefault(count, []).append(closed(server.port, some, count, SECONDS))
    return {name: {count: middle(own) for count, own in by.items()} for name, by in found.items()}


def closed_load(sides: dict[str, Start], texts: list[str], rounds: int) -> tuple[list[dict[str, Any]], float]:
    """A table, and bertkit's requests a second for 32 clients."""
    by_side = measure(sides, texts, rounds)
    lines = []
    for count in CLIENTS:
        base = by_side[BERTKIT][count]
        lines += [line(f"{count} clients", name, own[count], base) for name, own in by_side.items()]
    return lines, by_side[BERTKIT][32].rate


def open_load(sides: dict[str, Start], texts: list[str], most: float) -> list[dict[str, Any]]:
    """Half and four fifths of bertkit's rate; a side that takes twice the time to answer all falls behind."""
    lines = []
    for share in (0.5, 0.8):
        rate = share * most
        for name in (BERTKIT, PIPELINE):
            some = requests_of(texts[: int(6 * rate)])
            with sides[name]() as server:
                closed(server.port, requests_of(texts[:200]), 8)
                lines.append(line(f"{figure(rate)} requests/s", name, opened(server.port, some, rate), None))
    return lines


def direct(run: Run, texts: list[str], sides: dict[str, Start], args: argparse.Namespace) -> list[dict[str, Any]]:
    """One text by a direct call and by one client; all texts by `predict` and by 32 clients."""
    predictor = Predictor.open(run)
    calls, alone, many, whole = [], [], [], []
    for _ in range(args.rounds):
        predictor.predict(texts[:200], quiet=True)
        for text in texts[:300]:
            start = time.perf_counter()
            predictor.predict([text], quiet=True)
            calls.append(1000 * (time.perf_counter() - start))
        start = time.perf_counter()
        predictor.predict(texts, quiet=True)
        whole.append(len(texts) / (time.perf_counter() - start))
        with sides[BERTKIT]() as server:
            closed(server.port, requests_of(texts[:200]), 8)
            alone.append(closed(server.port, requests_of(texts[:300]), 1).p50)
            many.append(closed(server.port, requests_of(texts), 32).rate)
    call, one = statistics.median(calls), statistics.median(alone)
    bulk, served = statistics.median(whole), statistics.median(many)
    return [
        {"": "one text, p50 ms", "direct": figure(call), "served": figure(one), "difference": f"{one - call:.2f} ms"},
        {"": "rows/s", "direct": figure(bulk), "served": figure(served), "difference": f"{served / bulk:.2f} times"},
    ]


def flooded(run: Run, texts: list[str], folder: Path) -> list[dict[str, Any]]:
    """One client with a key, alone and while a thousand requests a second come with a wrong one."""
    keys = folder / "keys"
    keys.write_text("a-right-secret\n")
    right = [request("/v1/predict/mine", {"rows": [text]}, Authorization="Bearer a-right-secret") for text in texts]
    wrong = [request("/v1/predict/mine", {"rows": ["a"]}, Authorization="Bearer a-wrong-secret")] * 8000
    with ours({"mine": run.path}, "--keys", str(keys)) as server:
        closed(server.port, right[:100], 8)
        alone = closed(server.port, right, 1, SECONDS)
        flood = multiprocessing.Process(target=opened, args=(server.port, wrong, 1000.0, 401))
        flood.start()
        time.sleep(0.5)
        among = closed(server.port, right, 1, SECONDS)
        flood.join()
    names = {"no flood": alone, "1,000 wrong keys a second": among}
    return [{"": name, "p50 ms": figure(one.p50), "p95 ms": figure(one.p95)} for name, one in names.items()]


def main() -> None:
    given = parser(__doc__)
    given.add_argument("--texts", type=int, default=3000)
    given.add_argument("--rounds", type=int, default=3)
    args = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = rows_of(args.data, args.texts)
        run = some_run(write_rows(Path(folder, "rows.csv"), rows), Path(folder, "run"), PACKAGED)
        int8 = export(ExportRequest(run, Path(folder, "int8"), int8=True, max_drop=100))
        sides: dict[str, Start] = {
            BERTKIT: functools.partial(ours, {"mine": run.path}),
            INT8: functools.partial(ours, {"mine": int8.path}),
            ALONE: functools.partial(by_hand, "alone", run.path),
            PIPELINE: functools.partial(by_hand, "pipeline", run.path),
        }
        short = [row["text"] for row in rows]
        lines, rate = closed_load(sides, short, args.rounds)
        say(markdown(lines))
        tables = {"Closed load, short texts": lines, "Open load, short texts": open_load(sides, short, rate)}
        tables["Against calls without a server, short texts"] = direct(run, short, sides, args)
        tables["A flood of wrong keys"] = flooded(run, short, Path(folder))
        say(markdown(tables["Against calls without a server, short texts"]))
        some = {name: sides[name] for name in (BERTKIT, PIPELINE)}
        tables["Closed load, a fifth of the texts ten times as long"] = closed_load(some, mixed(short), args.rounds)[0]
    record("serve", tables, args, __doc__)


if __name__ == "__main__":
    main()
