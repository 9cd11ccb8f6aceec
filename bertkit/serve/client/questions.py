"""What is asked of a server, and how its replies are read. No network: see `Steps`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from bertkit.errors import Problem, ServerError
from bertkit.serve.client.batching import Batch
from bertkit.serve.client.retrying import BUSY, HttpCall, HttpReply, NoReply, Retrying, Steps

NO_BERTKIT = "name the address of `bertkit serve`, such as http://127.0.0.1:8000"


class Replies(NamedTuple):
    """What came of a batch.

    Args:
        hashes: of the models that answered: one, or, of a batch that was split, one for each part.
        answers: one for each row.
    """

    hashes: list[str]
    answers: list[Any]


Question = Callable[[Batch], Steps[Replies]]


@dataclass
class SameModel:
    """Notices that another model answers than before.

    Args:
        url: of the server, for the error.
        hash: of the model that must answer; empty: that of the first reply.
    """

    url: str
    hash: str = ""

    def taken(self, replies: Replies) -> list[Any]:
        """The answers.

        Raises:
            ServerError: another model gave them.
        """
        for one in replies.hashes:
            self.hash = self.hash or one
            if one != self.hash:
                what = f"its model has changed, from {self.hash} to {one}; answers of both would be mixed"
                raise ServerError.at(self.url, what, "start anew, with the new model")
        return replies.answers


@dataclass(frozen=True)
class Questions:
    """All that can be asked.

    Args:
        url: of the server, for errors.
    """

    url: str
    retrying: Retrying = field(default_factory=Retrying)

    def json(self, call: HttpCall) -> Steps[dict[str, Any]]:
        """The reply to a call.

        Raises:
            ServerError: there is none, it is a refusal, or none of bertkit's.
        """
        outcome = yield from self.retrying.call(call)
        if isinstance(outcome, NoReply):
            what = f"no answer from this address: {outcome.reason}"
            todo = outcome.remedy or "start a server there: bertkit serve RUN; or name another address"
            raise self._error(what, todo)
        found = _parsed(outcome.content)
        if outcome.status != 200:
            raise self._refused(outcome, found)
        if not isinstance(found, dict):
            raise self._strange("its reply is no JSON object")
        return found

    def _refused(self, reply: HttpReply, found: Any) -> ServerError:
        told = found.get("error") if isinstance(found, dict) else None
        message = told.get("message") if isinstance(told, dict) else None
        status = reply.status
        if 300 <= status < 400:
            to = f" to {reply.headers['location']:.200}" if "location" in reply.headers else ""
            return self._error(f"leads elsewhere{to}", "name that address", status)
        if status in (401, 403):
            todo = "set the environment variable BERTKIT_KEY to a key of this server"
            return self._error(f"the key is missing or wrong ({status})", todo, status)
        if isinstance(message, str):
            return self._error(message, status=status)
        if status in BUSY:
            return self._error(f"the server can not answer now ({status})", "try again later", status)
        return self._strange(f"it replies with status {status}", status)

    def _error(self, what: str, todo: str = "", status: int | None = None) -> ServerError:
        error = ServerError(Problem(self.url, what, todo))
        error.status = status
        return error

    def _strange(self, why: str, status: int | None = None) -> ServerError:
        return self._error(f"no bertkit answers at this address: {why}", NO_BERTKIT, status)

    # --- one call -----------------------------------------------------------------------------------------------------

    def models(self) -> Steps[list[dict[str, Any]]]:
        found = yield from self.json(HttpCall("/v1/models"))
        return self._listed(found, "data")

    def model(self, name: str) -> Steps[dict[str, Any]]:
        found = yield from self.json(HttpCall(f"/v1/models/{quote(name, safe='')}"))
        if not isinstance(found.get("columns"), list) or not isinstance(found.get("hash"), str):
            raise self._strange("its reply describes no model")
        return found

    def ask(
        self, name: str, question: str, contexts: Sequence[str], options: dict[str, Any]
    ) -> Steps[list[dict[str, Any]]]:
        body = {"question": question, "contexts": _several(contexts), **options}
        found = yield from self.json(HttpCall(_predict(name), body))
        return self._listed(found, "answers")

    def search(self, query: str, index: str | None, options: dict[str, Any]) -> Steps[dict[str, Any]]:
        found = yield from self.json(HttpCall("/v1/search", _given(query=query, index=index, **options)))
        self._listed(found, "hits")
        return found

    # --- many rows ----------------------------------------------------------------------------------------------------

    def predict(self, name: str, options: dict[str, Any]) -> Question:
        """Answers to rows; `options` are those of `PredictRequest`."""
        return self._asking(_predict(name), "rows", options, lambda found: self._listed(found, "answers"))

    def embed(self, model: str | None, dimensions: int | None) -> Question:
        """Vectors, float32 `(size,)`, as base64 on the way: a third of the bytes of decimal numbers, and exact."""

        def read(found: dict[str, Any]) -> list[Any]:
            return [np.frombuffer(base64.b64decode(one["embedding"]), "<f4") for one in self._listed(found, "data")]

        options = _given(model=model, dimensions=dimensions, encoding_format="base64")
        return self._asking("/v1/embeddings", "input", options, read)

    def rerank(self, query: str, model: str | None) -> Question:
        """The score of each document."""

        def read(found: dict[str, Any]) -> list[Any]:
            results = sorted(self._listed(found, "results"), key=lambda one: one["index"])
            return [one["relevance_score"] for one in results]

        return self._asking("/v1/rerank", "documents", _given(query=query, model=model), read)

    def keywords(self, model: str | None, options: dict[str, Any]) -> Question:
        """The keywords of each text."""
        return self._asking(
            "/v1/keywords", "texts", _given(model=model, **options), lambda found: self._listed(found, "keywords")
        )

    def _asking(
        self, path: str, field: str, options: dict[str, Any], read: Callable[[dict[str, Any]], list[Any]]
    ) -> Question:
        """A question for each batch; one that is too large is asked in halves."""

        def ask(batch: Batch) -> Steps[Replies]:
            try:
                found = yield from self.json(HttpCall(path, {field: batch.rows, **options}))
            except ServerError as error:
                if error.status != 413 or len(batch.rows) == 1:
                    raise _placed(error, batch) from None
                middle = len(batch.rows) // 2
                one = yield from ask(Batch(batch.start, batch.rows[:middle]))
                other = yield from ask(Batch(batch.start + middle, batch.rows[middle:]))
                return Replies(one.hashes + other.hashes, one.answers + other.answers)
            try:
                answers = read(found)
            except (KeyError, TypeError, ValueError):
                answers = []
            if len(answers) != len(batch.rows) or not isinstance(found.get("hash"), str):
                raise self._strange(f"its reply has not one answer for each of {len(batch.rows)} rows")
            return Replies([found["hash"]], answers)

        return ask

    def _listed(self, found: dict[str, Any], name: str) -> list[Any]:
        if not isinstance(found.get(name), list):
            raise self._strange(f"its reply has no {name}")
        return found[name]


def vectors(rows: list[Any]) -> np.ndarray[Any, Any]:
    """Vectors as one array, `(text, size)`; without texts `(0, 0)`."""
    return np.stack(rows).astype(np.float32, copy=False) if rows else np.empty((0, 0), np.float32)


def ranked(scores: list[float], top: int | None) -> list[tuple[int, float]]:
    """Numbers of documents with their scores, the highest first."""
    return sorted(enumerate(scores), key=lambda one: -one[1])[:top]


def _predict(name: str) -> str:
    return f"/v1/predict/{quote(name, safe='')}"


def _several(texts: Sequence[str]) -> list[str]:
    """A single text as a list of one: it is not a list of its characters."""
    return [texts] if isinstance(texts, str) else list(texts)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _placed(error: ServerError, batch: Batch) -> ServerError:
    """A refusal of rows, with their numbers: the server counts from the first one of its request."""
    if error.status not in (413, 422) or not batch.start:
        return error
    (problem,) = error.problems
    first, last = batch.start + 1, batch.start + len(batch.rows)
    placed = ServerError(replace(problem, reason=f"of the rows {first} to {last}: {problem.reason}"))
    placed.status = error.status
    return placed
