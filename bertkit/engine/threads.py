"""Several batches at once on a processor, each computed by its share of the threads.

Threads that compute one batch together wait for each other after every operation, and most operations of a small model
are short. MiniLM, 3,000 short questions on two cores of an AMD EPYC (Zen 4), texts a second: one batch by two threads
503 in float32 and 1,063 in int8 (ONNX Runtime), two batches by one thread each 546 and 1,340. More than two cores were
not measured.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from bertkit.engine.backends.backend import Backend, Forward

Name = TypeVar("Name")
WORKERS = 4
"""Most batches at once: Python itself runs one thread at a time."""
SWITCH = 0.0005
"""Seconds after which a thread hands the interpreter to one that is to begin its next batch; Python's own are 0.005."""


def workers_of(threads: int) -> int:
    """Batches that so many threads compute at once: each gets as many of them."""
    return max(1, threads) // -(-max(1, threads) // WORKERS)


_running: list[int] = []
"""The threads of each caller that computes several batches now."""
_lock = threading.Lock()
_switch = 0.0


@contextlib.contextmanager
def _together(backend: Backend) -> Iterator[int]:
    """All threads of the calling thread, which has them again in the end.

    A thread that begins while others compute has as few as one of theirs: it takes what they had.
    """
    global _switch
    with _lock:
        whole = max(backend.threads, *_running, 1)
        if not _running:
            _switch = sys.getswitchinterval()
            sys.setswitchinterval(SWITCH)
        _running.append(whole)
    try:
        backend.compile()
        backend.use_threads(whole // workers_of(whole))  # a session of ONNX Runtime that can not be opened is told here
        backend.use_threads(whole)
        yield whole
    finally:
        backend.use_threads(whole)
        with _lock:
            _running.remove(whole)
            if not _running:
                sys.setswitchinterval(_switch)


def computed(
    backend: Backend, batches: Iterable[tuple[Name, dict[str, Any]]], *, several: bool
) -> Generator[tuple[Name, Callable[[], Forward]]]:
    """Each batch in order, by its name, and a function that gives its result or raises what went wrong.

    Args:
        several: whether to compute several at once. The first one is alone even then: it is the largest, and shows
            whether the memory is enough.
    """
    workers, left = backend.workers, iter(batches)
    for name, batch in left:
        yield name, partial(backend.forward, batch)
        if several and workers > 1:
            break
    else:
        return
    running: deque[tuple[Name, Future[Forward]]] = deque()
    with _together(backend) as whole:
        pool = ThreadPoolExecutor(workers, "batch", backend.use_threads, (max(1, whole // workers),))
        try:
            for name, batch in left:
                running.append((name, pool.submit(backend.forward, batch)))
                if len(running) > workers:  # one of them waits for the first thread that is free
                    done, future = running.popleft()
                    yield done, future.result
            for done, future in running:
                yield done, future.result
        finally:
            pool.shutdown(cancel_futures=True)
