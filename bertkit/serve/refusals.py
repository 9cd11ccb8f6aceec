"""Refusals: what a client is told, with which status, where a request can not be answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from bertkit.errors import BertkitError, Parameter, Problem
from bertkit.serve.lane import Closing, Full, Late, TooMuch


@dataclass
class Refusal(Exception):
    """A request that is not answered.

    Args:
        status: of HTTP.
        message: what is wrong, and what to do next.
        param: the field of the request that it is about.
    """

    status: int
    message: str
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """A name for programs."""
        names = {401: "unauthorized", 404: "not_found", 408: "too_slow", 413: "too_large", 429: "overloaded"}
        return names.get(self.status, "server_error" if self.status >= 500 else "invalid_request")

    @property
    def body(self) -> dict[str, object]:
        """See `schemas.ErrorReply`."""
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": str(self.status)}
        return {"error": error}


TOLD: tuple[type[Exception], ...] = (Refusal, BertkitError, Full, TooMuch, Late, Closing, MemoryError)
"""What `of_error` knows."""


def failed(request: str) -> Refusal:
    """What a client is told of a bug of ours."""
    return Refusal(500, f"the server failed; its log has the reason (request {request})")


def of_error(error: BaseException) -> Refusal | None:
    """What a client is told of an exception; None: a bug of ours."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, BertkitError):
        param = str(error.problems[0].key) if error.problems else None
        return Refusal(422, "; ".join(map(_worded, error.problems)), param)
    if isinstance(error, Full):
        after = str(max(1, round(error.after)))
        return Refusal(429, f"too many requests wait; try again in {after} s", headers={"Retry-After": after})
    if isinstance(error, TooMuch):
        return Refusal(413, "the texts have more tokens than can be answered at once and in time; send fewer at a time")
    if isinstance(error, Late):
        return Refusal(503, "the answer was not ready in time; try again", headers={"Retry-After": "1"})
    if isinstance(error, Closing):
        headers = {"Retry-After": "1", "Connection": "close"}
        return Refusal(503, "the server is stopping; try again, for another one", headers=headers)
    if isinstance(error, MemoryError):
        return Refusal(413, "the memory is too small for a text of this length; send a shorter one")
    return None


def _worded(problem: Problem) -> str:
    """A problem, with the field's name in place of a command line's option."""
    where = problem.place or problem.key
    reason = f"{problem.reason}: {problem.detail}" if problem.detail else problem.reason
    remedy = f"use {str.__str__(problem.remedy)}" if isinstance(problem.remedy, Parameter) else problem.remedy
    return "; ".join(filter(None, (f"{str.__str__(where)}: {reason}", remedy)))
