"""The files of the page: all of them served, nothing from outside, and both languages with the same texts."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bertkit.serve.app import build
from bertkit.serve.page.site import FILES, FOLDER
from bertkit.serve.settings import ServeSettings

HTML = ("/", "/docs")
PATHS = [*HTML, *(f"/page/{name}" for name in FILES)]
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
WEB = [path for path in FOLDER.rglob("*") if path.suffix in (".html", ".css", ".js", ".svg")]
NAMESPACE = "http://www.w3.org/2000/svg"
"""A name, which no browser fetches."""


@asynccontextmanager
async def client(**settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = build(ServeSettings(**settings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as found:
        yield found


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    import asyncio

    return asyncio.run(work())


def get(path: str, **settings: Any) -> httpx.Response:
    async def work() -> httpx.Response:
        async with client(**settings) as one:
            return await one.get(path)

    found: httpx.Response = run(work)
    return found


@pytest.mark.parametrize("path", PATHS)
def test_every_file_is_served(path: str) -> None:
    found = get(path)
    assert found.status_code == 200 and found.content
    assert found.headers["content-type"].startswith(TYPES.get(Path(path).suffix, "text/html"))
    assert found.headers["cache-control"] == "no-cache"
    policy = found.headers["content-security-policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy


def test_browsers_find_the_icon_beside_other_replies() -> None:
    assert get("/favicon.ico").content == get("/page/icon.svg").content


def test_no_other_file_is_served() -> None:
    assert {path for path in WEB if path.suffix != ".html"} == {*FILES.values()}
    for name in ("site.py", "index.html", "..%2Fapp.py", "%2e%2e/app.py", "nothing.js"):
        assert get(f"/page/{name}").status_code == 404


def test_the_page_knows_whether_a_key_is_needed(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("me:a-long-key\n")
    assert 'data-keys="no"' in get("/").text
    closed = get("/", keys=keys)
    assert closed.status_code == 401
    for path in ("/page/page.css", "/page/page.js"):  # a stylesheet does not accept HTML
        assert get(path, keys=keys).headers["www-authenticate"].startswith("Basic")
    assert get("/v1/models", keys=keys).headers["www-authenticate"] == "Bearer"

    async def work() -> str:
        async with client(keys=keys) as one:
            return (await one.get("/", headers={"Authorization": "Bearer a-long-key"})).text

    assert 'data-keys="yes"' in run(work)


@pytest.mark.parametrize("path", WEB, ids=lambda path: path.name)
def test_nothing_comes_from_outside(path: Path) -> None:
    text = path.read_text("utf-8").replace(NAMESPACE, "")
    assert not re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text)


@pytest.mark.parametrize("path", WEB, ids=lambda path: path.name)
def test_nothing_that_the_policy_forbids(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|cssText", text)
    if path.suffix == ".html":
        assert not re.findall(r"\sstyle=|\son[a-z]+=|<style", text)
        assert all(not inner.strip() for inner in re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL))


def texts(name: str) -> dict[str, str]:
    source = (FOLDER / "script" / f"{name}.js").read_text("utf-8")
    found: dict[str, str] = json.loads(source[source.index("{") : source.rindex("}") + 1])
    return found


def test_both_languages_have_the_same_texts() -> None:
    en, zh = texts("en"), texts("zh")
    assert en.keys() == zh.keys()
    for key, text in en.items():
        places = re.findall(r"\{\w+\}", text)
        assert text.strip() and zh[key].strip(), key
        assert sorted(places) == sorted(re.findall(r"\{\w+\}", zh[key])), key


def test_every_text_that_is_used_is_there_and_none_is_too_many() -> None:
    en = texts("en")
    source = "".join(path.read_text("utf-8") for path in WEB if path.suffix == ".js" and path.stem not in ("en", "zh"))
    used = {
        *re.findall(r"""\b(?:t|label|hint|button): \[?"([a-z_]+)\"""", source),
        *re.findall(r't\("([a-z_]+)"', source),
    }
    assert used <= en.keys()
    made = tuple(re.findall(r"`([a-z]+_)\$\{", source))  # as `way_${id}`
    assert [key for key in en if f'"{key}"' not in source and not key.startswith(made)] == []
