"""Routes of the page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response

from bertkit.serve.refusals import Refusal

FOLDER = Path(__file__).parent
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
SCRIPTS = (
    "page", "docs", "dom", "en", "zh", "tabs", "client", "fields", "asking", "shapes", "answers", "predict", "vectors",
    "search",
)  # fmt: skip
FILES = {
    "page.css": FOLDER / "page.css",
    "icon.svg": FOLDER / "icon.svg",
    **{f"{name}.js": FOLDER / "script" / f"{name}.js" for name in SCRIPTS},
}
"""Name in the address -> file. Nothing else of the folder is served."""

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request) -> Response:
    """Every model, to be tried by hand."""
    return _html("index.html", request)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Every door, with examples."""
    return _html("docs.html", request)


@router.get("/favicon.ico")
async def icon() -> Response:
    """What browsers ask for beside replies that are no page, as /v1/models."""
    return await file("icon.svg")


@router.get("/page/{name}")
async def file(name: str) -> Response:
    """A file of the pages. Raises Refusal, 404, for one that is not there."""
    if name not in FILES:
        raise Refusal(404, f"the page has no file {name!r:.80}")
    return _sent(FILES[name].read_bytes(), FILES[name].suffix)


def _html(name: str, request: Request) -> Response:
    """A page, which knows whether commands that it shows need a key."""
    text = (FOLDER / name).read_text("utf-8")
    if request.app.state.service.keys:
        text = text.replace('data-keys="no"', 'data-keys="yes"')
    return _sent(text.encode(), ".html")


def _sent(content: bytes, suffix: str) -> Response:
    """A file that browsers ask for again each time: a newer bertkit has newer ones under the same names."""
    return Response(content, media_type=TYPES[suffix], headers={"Cache-Control": "no-cache"})
