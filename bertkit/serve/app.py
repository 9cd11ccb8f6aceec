"""The application (ASGI): routes behind the doors.

    build(ServeSettings(models={"support": "runs/support"}))

Any ASGI server can run it; `bertkit serve` does (run.py). Without settings they come from the environment, for
`uvicorn --factory bertkit.serve.app:build` and for Ray Serve.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from bertkit import __version__
from bertkit.serve.doors import Doors
from bertkit.serve.page import site
from bertkit.serve.refusals import TOLD, Refusal, failed, of_error
from bertkit.serve.routes import about, predict, search, vectors
from bertkit.serve.routes.direct import Direct
from bertkit.serve.service import Service
from bertkit.serve.settings import ServeSettings, from_environment


def build(settings: ServeSettings | None = None, service: Service | None = None) -> Any:
    """The application.

    Args:
        settings: None: those of the environment.
        service: one that was started already; it is not stopped here.

    Raises:
        RunError: no settings, or keys that can not be read.
    """
    started = service is not None
    own = service or Service(settings or from_environment())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if not started:
            await own.start()
            await own.prove()
        yield
        if not started:
            await own.stop()

    app = FastAPI(title="bertkit", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.service = own
    for router in (about.router, predict.router, vectors.router, search.router, site.router):
        app.include_router(router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    for kind in TOLD:
        app.add_exception_handler(kind, _told)
    app.add_exception_handler(Exception, _failed)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    guarded: Any = Doors(Direct(app, (predict.router, vectors.router, search.router)), own)
    if own.settings.cors:
        guarded = CORSMiddleware(
            guarded, allow_origins=own.settings.cors, allow_methods=["*"], allow_headers=["*"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )  # fmt: skip
    return guarded


def _answer(refusal: Refusal) -> Response:
    return Response(to_json(refusal.body), refusal.status, refusal.headers, "application/json")


async def _told(_: Request, error: Any) -> Response:
    refusal = of_error(error)
    assert refusal is not None
    return _answer(refusal)


async def _failed(request: Request, _: Any) -> Response:
    """A bug of ours; the doors log it."""
    return _answer(failed(request.scope["state"]["about"]["id"]))


async def _invalid(_: Request, error: Any) -> Response:
    """A request that does not fit its schema."""
    texts = []
    for one in error.errors()[:5]:
        texts.append(f"{_place(one['loc'][1:])}: {one['msg']}"[:300])
    param = texts[0].partition(":")[0] if texts else None
    return _answer(Refusal(422, "; ".join(dict.fromkeys(texts)), param))


def _place(path: tuple[Any, ...]) -> str:
    """A field and where in it: `rows.3`, without the names of types that pydantic has tried."""
    rest = itertools.takewhile(lambda part: isinstance(part, int), path[1:])
    return ".".join(map(str, (*path[:1], *rest))) or "body"


async def _refused(_: Request, error: Any) -> Response:
    """A path or a method that is not there."""
    message = {404: "no such address; /docs lists what there is", 405: "this address takes another method"}
    headers = dict(error.headers or {})
    return _answer(Refusal(error.status_code, message.get(error.status_code, str(error.detail)), headers=headers))


def _described(app: FastAPI) -> dict[str, Any]:
    """OpenAPI, with an example of each model."""
    if app.openapi_schema is None:
        from fastapi.openapi.utils import get_openapi

        found = get_openapi(title=app.title, version=app.version, routes=app.routes)
        service: Service = app.state.service
        examples = {
            served.name: {"value": {"rows": [served.predictor.task.example]}}
            for served in service.registry.models.values()
        }
        body = found["paths"]["/v1/predict/{name}"]["post"]["requestBody"]["content"]["application/json"]
        if examples:
            body["examples"] = examples
        for path in found["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None) if "requestBody" not in operation else None
        app.openapi_schema = found
    return app.openapi_schema
