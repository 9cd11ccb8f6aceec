"""Doors: what every request passes, before and after the routes (ASGI).

In this order: an id, the host, the key, the size, the body in its time, then the route. A client that leaves ends its
request.
Every request is logged as one line and counted; texts are logged only where that is asked for.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from pydantic_core import to_json

from bertkit.serve.refusals import Refusal, failed, of_error
from bertkit.serve.service import Service

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

log = logging.getLogger("bertkit.serve")

OPEN = "/health"
"""The only door that needs no key."""
FILES = ("/page/", "/favicon.ico")
"""Where files of the page begin (page/site.py)."""
ID = b"x-request-id"
SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
]
WRONG_KEYS = 1.0
"""Seconds between two lines about wrong keys."""


class Doors:
    """Args: app: the routes."""

    def __init__(self, app: App, service: Service):
        self.app, self.service = app, service
        self._wrong, self._warned = 0, 0.0
        self.held = 0
        """Bytes of bodies in memory."""

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await _Passage(self, scope, receive, send).go()
        else:
            await send({"type": "websocket.close", "code": 1008})

    def wrong_key(self) -> None:
        """Log wrong keys, but not each of a flood."""
        self._wrong += 1
        now = time.monotonic()
        if now - self._warned >= WRONG_KEYS:
            log.warning("requests without a valid key: %d", self._wrong)
            self._wrong, self._warned = 0, now


class _Passage:
    """One request on its way."""

    def __init__(self, doors: Doors, scope: MutableMapping[str, Any], receive: Receive, send: Send):
        self.doors, self.service = doors, doors.service
        self.scope, self.receive, self._send = scope, receive, send
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.id = _id_of(self.headers)
        self.status = 0
        self.ended = False
        self.held = 0
        self.start = time.perf_counter()
        self.about: dict[str, Any] = {"id": self.id}
        scope.setdefault("state", {})["about"] = self.about

    async def go(self) -> None:
        try:
            self._check_host()
            self._check_key()
            body = await self._body()
            await self._route(body)
        except Exception as error:
            told = of_error(error)
            if told is None:
                log.exception("request %s failed", self.id)
            if not self.status:
                await self._refuse(told or failed(self.id))
        finally:
            self.doors.held -= self.held
            self._log()

    # --- before -------------------------------------------------------------------------------------------------------

    def _check_host(self) -> None:
        """Without keys, what is asked over this machine's own address answers to this machine's names alone: a page of
        another site could give its own name the address 127.0.0.1, and ask as if it came from here (DNS rebinding)."""
        server = self.scope.get("server") or ("",)
        if self.service.keys or not _is_here(str(server[0])):
            return
        name = _name_of(self.headers.get(b"host", b"").decode("latin-1"))
        if not _is_here(name) and name not in map(_name_of, self.service.settings.hosts):
            what = f"{name!r:.80} is no name of this machine: start with --allow-host, or with keys"
            raise Refusal(421, what, headers=CLOSE)

    def _check_key(self) -> None:
        if not self.service.keys or self.scope["path"] == OPEN:
            return
        name = self.service.keys.name_of(self.headers)
        if name is None:
            self.doors.wrong_key()
            how = 'Basic realm="bertkit"' if self._is_page() else "Bearer"
            what = "a key is needed: send the header Authorization: Bearer KEY"
            raise Refusal(401, what, headers={"WWW-Authenticate": how, **(CLOSE if self._has_body() else {})})
        self.about["key"] = name

    def _has_body(self) -> bool:
        return b"transfer-encoding" in self.headers or self.headers.get(b"content-length", b"0") != b"0"

    def _is_page(self) -> bool:
        """Whether a browser asks for a page or its files: then it can ask its user for a key."""
        return b"text/html" in self.headers.get(b"accept", b"") or self.scope["path"].startswith(FILES)

    async def _body(self) -> bytes:
        most = self.service.settings.max_bytes
        too_large = Refusal(413, f"the request has more than {most:,} bytes; send fewer rows", headers=CLOSE)
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > most:
            raise too_large
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self.service.settings.read_timeout):
                while True:
                    message = await self.receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    part = message.get("body", b"")
                    size += len(part)
                    self.doors.held += len(part)
                    self.held += len(part)
                    if size > most:
                        raise too_large
                    if self.doors.held > HELD * most:
                        raise Refusal(429, "too many requests are read; try again in 1 s", headers=BUSY)
                    parts.append(part)
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            raise Refusal(408, "the request did not arrive in time", headers=CLOSE) from None

    # --- the route ----------------------------------------------------------------------------------------------------

    async def _route(self, body: bytes) -> None:
        """Call the route; where the client leaves meanwhile, cancel it."""
        sent = False

        async def receive() -> Message:
            nonlocal sent
            if sent:
                return {"type": "http.disconnect"}
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        route = asyncio.ensure_future(self.doors.app(self.scope, receive, self._reply))
        leaving = asyncio.ensure_future(self._left())
        try:
            await asyncio.wait((route, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not route.done() and not self.ended:
                route.cancel()
                await asyncio.wait((route,))
                raise _Gone
            await route
        finally:
            leaving.cancel()
            route.cancel()

    async def _left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    # --- after --------------------------------------------------------------------------------------------------------

    async def _reply(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            own = [name for name, _ in message["headers"]]
            more = [(ID, self.id.encode()), *((name, value) for name, value in SECURITY if name not in own)]
            message = {**message, "headers": [*message["headers"], *more]}
        elif not message.get("more_body"):
            self.ended = True
        await self._send(message)

    async def _refuse(self, refusal: Refusal) -> None:
        if isinstance(refusal, _Gone):
            self.service.figures.gone()
            self.status = GONE
            return
        body = to_json(refusal.body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
        if "route" not in self.scope:  # a message of a route may quote a text
            self.about.setdefault("error", refusal.message[:300])
        await self._reply({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self._reply({"type": "http.response.body", "body": body})

    def _log(self) -> None:
        seconds = time.perf_counter() - self.start
        route = self.scope.get("route")
        door = getattr(route, "path", "other")
        self.service.figures.request(door, self.status, seconds)
        client = self.scope.get("client") or ("",)
        fields = {"method": self.scope["method"], "door": door, "status": self.status, "ms": round(1000 * seconds, 1)}
        fields |= {"client": client[0], **self.about}
        if self.status != 401:  # `wrong_key` logs these, not each of a flood
            log.info("request", extra={"fields": fields})


class _Gone(Refusal):
    """The client has left: there is nobody to answer."""

    def __init__(self) -> None:
        super().__init__(GONE, "the client left")


GONE = 499
"""Of a request whose client left, in the log, as nginx has it."""
CLOSE = {"Connection": "close"}
BUSY = {"Retry-After": "1", **CLOSE}
HELD = 16
"""Bodies of the largest size that are in memory at once, at most."""


def _name_of(host: str) -> str:
    """The header without its port, in small letters."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.strip("[]").rstrip(".").lower()


def _is_here(name: str) -> bool:
    name = name.removeprefix("::ffff:")  # IPv4 at a socket for both
    return name in ("localhost", "::1") or (name.startswith("127.") and name.replace(".", "").isdigit())


def _id_of(headers: dict[bytes, bytes]) -> str:
    """The client's own, if it is one, else a new one."""
    given = headers.get(ID, b"").decode("latin-1")
    fine = 0 < len(given) <= 64 and given.isascii() and all(sign.isalnum() or sign in "-_." for sign in given)
    return given if fine else secrets.token_hex(8)
