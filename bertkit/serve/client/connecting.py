"""What both clients know of their connection: the address, the key, and what an error of the network means."""

from __future__ import annotations

import os
from typing import Any

import httpx
from pydantic_core import to_json

import bertkit
from bertkit.errors import Parameter, ServerError
from bertkit.serve.client.retrying import HttpCall, HttpReply, NoReply

VARIABLE = "BERTKIT_KEY"
"""Of the environment, with the key."""
FLIGHT = 4
"""Requests at a time: the server tokenises some while its model computes others, and gets no more than it can use."""
CONNECT = 10.0
"""Seconds, at most, until a connection is there."""


def settings(url: str, key: str | None, timeout: float) -> dict[str, Any]:
    """Arguments of httpx's clients.

    Args:
        key: None: that of the environment, if there is one.
        timeout: seconds until a reply begins.

    Raises:
        ServerError: an address that is none, or a key that no header can hold.
    """
    try:
        address = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL as error:
        raise ServerError.at(Parameter("url"), f"{url}: {error}", "name it as http://HOST:PORT") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise ServerError.at(Parameter("url"), f"{url}: no address of a server", "name it as http://HOST:PORT")
    headers = {"User-Agent": f"bertkit/{bertkit.__version__}", "Content-Type": "application/json"}
    if key := (os.environ.get(VARIABLE, "") if key is None else key).strip():
        if not key.isascii() or not key.isprintable():
            raise ServerError.at(VARIABLE, "the key has characters that no key has", "copy it again")
        headers["Authorization"] = f"Bearer {key}"
    limits = httpx.Timeout(timeout, connect=min(timeout, CONNECT))
    return {"base_url": address, "headers": headers, "timeout": limits}


def request_of(call: HttpCall) -> dict[str, Any]:
    """Arguments of httpx's `request`.

    Raises:
        ServerError: rows that JSON can not hold.
    """
    if call.body is None:
        return {"method": "GET", "url": call.path}
    try:
        content = to_json(call.body, inf_nan_mode="null")
    except ValueError as error:
        todo = "give texts, numbers, and lists and dicts of them"
        raise ServerError.at("rows", f"can not be sent as JSON: {error}", todo) from error
    return {"method": "POST", "url": call.path, "content": content}


def reply_of(response: httpx.Response) -> HttpReply:
    return HttpReply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)


def no_reply(error: httpx.HTTPError) -> NoReply:
    """What an error of the network means."""
    reason = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        todo = "set the environment variable SSL_CERT_FILE to a file with the certificate of its issuer"
        return NoReply("its certificate is not trusted", again=False, remedy=todo)
    if isinstance(error, httpx.TimeoutException):
        return NoReply("it did not answer in time")
    return NoReply(reason, again=isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError))
