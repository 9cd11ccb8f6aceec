"""What is served, whether it is well, and figures for Prometheus."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response

from bertkit import __version__
from bertkit.serve.figures import CONTENT_TYPE
from bertkit.serve.refusals import Refusal
from bertkit.serve.routes.shared import REFUSALS, reply, service_of
from bertkit.serve.schemas import HealthReply, ModelReply, ModelsReply
from bertkit.serve.served.gives import gives
from bertkit.serve.served.model import Served
from bertkit.serve.served.threads import in_thread
from bertkit.serve.service import Service

router = APIRouter()
GUARDED: dict[int | str, dict[str, Any]] = {401: REFUSALS[401]}
UNREADY = GUARDED | {503: REFUSALS[503]}
START = int(time.time())


@router.head("/health", include_in_schema=False)
@router.get(
    "/health",
    response_model=HealthReply,
    responses={503: REFUSALS[503]},
    tags=["state"],
    summary="Whether the process is alive",
)
async def health(request: Request) -> Response:
    """Needs no key. 503 where nothing can be computed any more, so that the process is to be started again."""
    service: Service = request.app.state.service
    if service.failing:
        raise Refusal(503, "all batches fail; the log has the reason")
    state = "starting" if service.state == "new" else service.state
    return reply({"status": state, "bertkit": __version__})


@router.head("/ready", include_in_schema=False)
@router.get(
    "/ready",
    response_model=HealthReply,
    responses=UNREADY,
    tags=["state"],
    summary="Whether requests can be sent here",
)
async def ready(request: Request) -> Response:
    """503 until every model is open and proven, and again once the server is asked to stop."""
    service: Service = request.app.state.service
    if not service.ready:
        what = "its answers are compared with predict" if service.state == "ok" else service.state
        raise Refusal(503, f"not ready: {what}", headers={"Retry-After": "1"})
    return reply({"status": service.state, "bertkit": __version__})


@router.get("/metrics", responses=GUARDED, tags=["state"], summary="Figures for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    service: Service = request.app.state.service
    return Response(service.figures.text(), media_type=CONTENT_TYPE)


@router.get("/v1/models", response_model=ModelsReply, responses=UNREADY, tags=["models"], summary="What is served")
async def models(request: Request) -> Response:
    service = service_of(request)
    data = [about(served) for served in service.registry.models.values()]
    indexes = [
        {
            "id": one.name,
            "documents": await in_thread(service.threads.searches, one.index.store.count),
            "columns": one.index.store.columns,
        }
        for one in service.registry.indexes.values()
    ]
    return reply({"object": "list", "data": data, "indexes": indexes})


@router.get(
    "/v1/models/{name}",
    response_model=ModelReply,
    responses=UNREADY | {404: REFUSALS[404]},
    tags=["models"],
    summary="A model by its name",
)
async def model(name: str, request: Request) -> Response:
    return reply(about(service_of(request).model(name)))


def about(served: Served) -> dict[str, object]:
    """See `schemas.ModelReply`."""
    predictor = served.predictor
    columns = [
        {"name": column.name, "kind": column.kind, "required": column.required}
        for column in predictor.task.columns
        if not column.answer
    ]
    return {
        "id": served.name,
        "object": "model",
        "created": START,
        "owned_by": "bertkit",
        "hash": served.hash,
        "task": predictor.recipe.task,
        "backend": predictor.backend.name,
        "max_tokens": predictor.limit,
        "columns": columns,
        "neighbours": predictor.task.margin(predictor.limit),
        "example": predictor.task.example,
        "gives": gives(served),
    }
