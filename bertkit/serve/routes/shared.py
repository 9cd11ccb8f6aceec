"""What routes share: reading a request, its limits, and writing a reply."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic_core import from_json, to_json

from bertkit.inference.predictor import Prepared
from bertkit.serve.refusals import Refusal
from bertkit.serve.schemas import ErrorReply, Usage
from bertkit.serve.served.model import RowReply, Served
from bertkit.serve.service import Service

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorReply, "description": "The body is no JSON."},
    401: {"model": ErrorReply, "description": "A key is needed."},
    404: {"model": ErrorReply, "description": "No such model or index."},
    408: {"model": ErrorReply, "description": "The request did not arrive in time."},
    413: {"model": ErrorReply, "description": "Too large."},
    415: {"model": ErrorReply, "description": "The body is not sent as JSON."},
    422: {"model": ErrorReply, "description": "A field or a row can not be used."},
    429: {"model": ErrorReply, "description": "Too many requests wait; the header Retry-After says when to try again."},
    503: {"model": ErrorReply, "description": "Not ready, stopping, or too late."},
}
"""Replies of every door besides its own."""


FIELDS = 50
"""Of a request, at most: each unknown one is named in the refusal."""


class JsonRequest(Request):
    """A request whose body is read by our own rules."""

    async def json(self) -> Any:
        """The body, at most `max_depth` deep.

        Raises:
            HTTPException: 400; FastAPI hands no other on.
        """
        state = self.scope["state"]  # direct.py and FastAPI may both ask
        if "json" not in state:
            try:
                value = from_json(await self.body(), allow_inf_nan=False)
            except ValueError as error:
                raise HTTPException(400, f"the body is no JSON: {error}") from error
            service: Service = self.app.state.service
            _check_depth(value, service.settings.max_depth)
            state["json"] = value
        return state["json"]


def _check_depth(value: Any, most: int) -> None:
    if isinstance(value, dict) and len(value) > FIELDS:
        raise HTTPException(400, f"the body has {len(value):,} fields")
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        if depth > most:
            raise HTTPException(400, f"the body is nested more than {most} levels deep")
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]


def check_kind(request: Request) -> None:
    """Raise a Refusal, 415, for a body that is not sent as JSON. A page of another site can send a form without asking
    first, but not JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Refusal(415, "the body must be JSON: send the header Content-Type: application/json")


class JsonRoute(APIRoute):
    """A route that takes its body as `asked`, and answers with a `Response` (direct.py)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            check_kind(request)
            return await handler(JsonRequest(request.scope, request.receive))

        return handle


def json_router() -> APIRouter:
    return APIRouter(route_class=JsonRoute, responses=REFUSALS)


def reply(value: Any) -> Response:
    """JSON, without checking what we made ourselves against its schema."""
    return Response(to_json(value, inf_nan_mode="null"), media_type="application/json")


def service_of(request: Request) -> Service:
    """Raises Refusal, 503, where the server is not ready."""
    service: Service = request.app.state.service
    if service.state != "ok":
        raise Refusal(503, f"the server is {service.state}", headers={"Retry-After": "1"})
    return service


def timeout_of(request: Request, service: Service) -> float:
    """Seconds: the header `X-Timeout` may ask for fewer than the server's own."""
    given = request.headers.get("x-timeout")
    if given is None:
        return service.settings.timeout
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise Refusal(422, f"X-Timeout: {given!r:.40} is no number of seconds", "X-Timeout")
    return min(seconds, service.settings.timeout)


def check_texts(service: Service, field: str, texts: Iterable[Any]) -> None:
    """Raise a Refusal, 413, for too many texts or too long ones; they may be nested in lists and objects."""
    settings = service.settings
    every = list(texts)
    if len(every) > settings.max_rows:
        raise Refusal(413, f"{field}: {len(every):,}; send at most {settings.max_rows:,} at a time", field)
    while every:
        one = every.pop()
        if isinstance(one, str) and len(one) > settings.max_characters:
            what = f"{field}: a text has {len(one):,} characters; send at most {settings.max_characters:,}"
            raise Refusal(413, what, field)
        if isinstance(one, dict):
            every += one.values()
        elif isinstance(one, list):
            every += one


def count(service: Service, request: Request, served: Served, replies: list[RowReply]) -> Usage:
    """Count what a model read, for the log, the figures and the reply."""
    usage = Usage(
        tokens=sum(one.tokens for one in replies),
        windows=sum(one.windows for one in replies),
        cut_tokens=sum(one.cut for one in replies),
    )
    service.figures.read(served.name, usage.tokens, usage.cut_tokens)
    note(request, model=served.name, rows=len(replies), tokens=usage.tokens, cut_tokens=usage.cut_tokens)
    return usage


def note(request: Request, **values: Any) -> None:
    """Add to the line that the log will have of a request."""
    request.scope["state"]["about"].update(values)


def note_texts(service: Service, request: Request, texts: Any) -> None:
    """The same, with texts, where the log may have them."""
    if service.settings.log_texts:
        note(request, texts=texts)


def warnings_of(served: Served, prepared: Prepared) -> list[str]:
    return prepared.seen.warnings(served.predictor.task)
