"""Bodies that are no requests."""

from __future__ import annotations

import pytest

from bertkit import Run
from tests.serve.asgi import Asked, tell


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b'{"rows": ["a"', "no JSON: EOF"),
        (b"", "Field required"),
        (b"null", "valid dictionary"),
        (b'{"rows": ["\\ud83d"]}', "no JSON"),
        (b'{"rows": ["a"], "top_k": NaN}', "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[" * 20 + b"]" * 20, "more than 16 levels"),
        (b"[" * 100_000, "no JSON: recursion limit"),
        (b'{"rows":' * 9 + b"1" + b"}" * 9, "rows"),
    ],
)
def test_bodies_that_are_no_requests(tiny_run: Run, body: bytes, part: str) -> None:
    async def story(asked: Asked) -> None:
        found = await asked.client.post("/v1/predict/mine", content=body, headers={"content-type": "application/json"})
        assert found.status_code in (400, 422), found.text
        assert part in found.json()["error"]["message"]

    tell(story, models={"mine": str(tiny_run.path)})
