"""Routes of the page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response

FOLDER = Path(__file__).parent
FILES = {"page.js": "text/javascript; charset=utf-8", "page.css": "text/css; charset=utf-8"}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> Response:
    return Response((FOLDER / "index.html").read_bytes(), media_type="text/html; charset=utf-8")
