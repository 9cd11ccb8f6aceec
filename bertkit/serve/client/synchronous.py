"""`Client`: asks a server, and waits for it. Several requests of a call are sent from threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Literal, Self, TypeVar

import httpx
import numpy as np

from bertkit.serve.client import connecting
from bertkit.serve.client.batching import Batch, batches
from bertkit.serve.client.questions import Question, Questions, Replies, SameModel, ranked, vectors
from bertkit.serve.client.retrying import HttpCall, HttpReply, NoReply, Pause, Retrying, Steps

T = TypeVar("T")


class Client:
    """A client of `bertkit serve`; it may be used by several threads.

    Args:
        url: as `http://127.0.0.1:8000`.
        key: default: the environment's `BERTKIT_KEY`, if it is set.
        timeout: seconds until a reply must begin; the server's own is 30.
        retries: tries after the first one, where another may help (retrying.py).
        transport: of httpx, for a Unix socket or a test.

    Raises:
        ServerError: from every method, where the server can not be reached or refuses. It has the server's message,
            and the HTTP `status`.
    """

    def __init__(
        self, url: str, key: str | None = None, *, timeout: float = 60.0, retries: int = 6,
        transport: httpx.BaseTransport | None = None,
    ):  # fmt: skip
        self.url = url
        self._http = httpx.Client(**connecting.settings(url, key, timeout), transport=transport)
        self._questions = Questions(url, Retrying(retries))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # --- questions ----------------------------------------------------------------------------------------------------

    def models(self) -> list[dict[str, Any]]:
        """What is served: of each model its `id`, `hash`, `task`, `columns`, `max_tokens` and what it `gives`."""
        return self._run(self._questions.models())

    def model(self, name: str) -> dict[str, Any]:
        """One of them."""
        return self._run(self._questions.model(name))

    def predict(
        self, name: str, rows: Iterable[Any], *, probabilities: Literal["top", "all", "none"] = "top", top_k: int = 0,
        logits: bool = False, abstain_below: float | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The answer to each row, in order: `columns`, `text`, `confidence`, `tokens`, `windows` and `cut_tokens`.

        Args:
            rows: a text or a dict with the task's columns, or any number of texts, lists of texts and dicts.
            probabilities, top_k, logits, abstain_below: which columns an answer has, as options of `bertkit predict`.
        """
        options: Any = {
            "probabilities": probabilities,
            "top_k": top_k,
            "logits": logits,
            "abstain_below": abstain_below,
        }
        return [*self.stream(name, rows, **options)]

    def stream(
        self, name: str, rows: Iterable[Any], *, probabilities: Literal["top", "all", "none"] = "top", top_k: int = 0,
        logits: bool = False, abstain_below: float | None = None, hash: str = "",
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        """As `predict`, of any number of rows: they are read while answers come, and a few hundred are in memory.

        Args:
            hash: of the model that must answer; default: that which answers first.

        Raises:
            ServerError: also where another model takes its place meanwhile.
        """
        options = {"probabilities": probabilities, "top_k": top_k, "logits": logits, "abstain_below": abstain_below}
        return self._each(self._questions.predict(name, options), rows, hash)

    def ask(
        self, name: str, question: str, contexts: Sequence[str], *,
        probabilities: Literal["top", "all", "none"] = "top", top_k: int = 0, logits: bool = False,
        abstain_below: float | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The answers to a question from one or more passages, the best first. Beside what `predict` gives each has
        `context`, the number of its passage from 0, and `share`, the probability that it holds the answer."""
        options = {"probabilities": probabilities, "top_k": top_k, "logits": logits, "abstain_below": abstain_below}
        return self._run(self._questions.ask(name, question, contexts, options))

    def embed(
        self, texts: Iterable[str], model: str | None = None, dimensions: int | None = None
    ) -> np.ndarray[Any, Any]:
        """The vectors of texts, float32 `(text, size)`.

        Args:
            model: may be left out where one model gives vectors.
            dimensions: the first so many numbers, scaled to length 1 again.
        """
        return vectors([*self._each(self._questions.embed(model, dimensions), texts)])

    def rerank(
        self, query: str, documents: Iterable[str], model: str | None = None, top: int | None = None
    ) -> list[tuple[int, float]]:
        """Documents by their score for a query, the best first: their number from 0, and the score."""
        return ranked([*self._each(self._questions.rerank(query, model), documents)], top)

    def keywords(
        self, texts: Iterable[str], model: str | None = None, *, top: int = 5, ngram: int = 3, diversity: float = 0.2
    ) -> list[list[dict[str, Any]]]:
        """The keywords of each text: `phrase`, `score`, and `offsets` in characters."""
        options = {"top": top, "ngram": ngram, "diversity": diversity}
        return [*self._each(self._questions.keywords(model, options), texts)]

    def search(self, query: str, index: str | None = None, **options: Any) -> dict[str, Any]:
        """Documents of an index: `hits`, and with a `reader` the `answer`.

        Args:
            index: may be left out where one is served.
            options: `top`, `by`, `where`, `liked`, `disliked`, `skip`, `rerank` and `reader`, as docs/serve.md says.
        """
        return self._run(self._questions.search(query, index, options))

    # --- input and output ---------------------------------------------------------------------------------------------

    def _run(self, steps: Steps[T], stop: threading.Event | None = None) -> T:
        """Take the steps of a question.

        Args:
            stop: ends it between two steps.
        """
        stop = stop or threading.Event()
        try:
            step = next(steps)
            while not stop.is_set():
                step = steps.send(self._take(step, stop))
        except StopIteration as end:
            return end.value
        raise CancelledError

    def _take(self, step: HttpCall | Pause, stop: threading.Event) -> HttpReply | NoReply | None:
        if isinstance(step, Pause):
            stop.wait(step.seconds)
            return None
        try:
            return connecting.reply_of(self._http.request(**connecting.request_of(step)))
        except httpx.HTTPError as error:
            return connecting.no_reply(error)

    def _each(self, question: Question, rows: Iterable[Any], hash: str = "") -> Iterator[Any]:
        """The answer to each row, with several requests at a time."""
        same, cut, stop = SameModel(self.url, hash), batches(rows), threading.Event()
        flying: deque[Future[Replies]] = deque()
        pool = ThreadPoolExecutor(connecting.FLIGHT, "asking")
        try:
            for batch in cut:
                if len(flying) == connecting.FLIGHT:
                    yield from same.taken(flying.popleft().result())
                flying.append(pool.submit(self._asked, question, batch, stop))
            while flying:
                yield from same.taken(flying.popleft().result())
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)  # who stops does not wait for answers that nobody reads

    def _asked(self, question: Question, batch: Batch, stop: threading.Event) -> Replies:
        return self._run(question(batch), stop)
