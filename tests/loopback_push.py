"""The calls of an upload, for the hub of loopback_hub.py: make a repository, ask how to send files, commit them."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

CALL = re.compile(r"/api/models/(?P<name>[^/]+/[^/]+)/(?P<call>preupload|commit)/main")
OWNER = "me"
"""Whose token it is: other names may not be written to."""


def answer(hub: Any, path: str, sent: str, *, known: bool) -> tuple[int, dict[str, Any]] | None:
    """Status and JSON for a POST; None for other calls.

    Args:
        known: whether it has a good token.
    """
    if path == "/api/repos/create" and not known:
        return 401, {"error": "Invalid username or password."}
    if path == "/api/repos/create":
        asked = json.loads(sent)
        return _create(
            hub,
            f"{asked.get('organization') or OWNER}/{asked['name']}",
            private=bool(asked.get("private")) or asked.get("visibility") == "private",
        )
    if path == "/api/validate-yaml":
        return 200, {"errors": [], "warnings": []}
    if not (found := CALL.fullmatch(path)):
        return None
    if found["call"] == "preupload":
        files = json.loads(sent)["files"]
        return 200, {"files": [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files]}
    lines = [json.loads(line) for line in sent.splitlines() if line]
    content = {one["value"]["path"]: base64.b64decode(one["value"]["content"]) for one in lines if one["key"] == "file"}
    commit = hub.add(found["name"], content)
    return 200, {"commitUrl": f"{hub.endpoint}/{found['name']}/commit/{commit}", "commitOid": commit}


def _create(hub: Any, name: str, *, private: bool) -> tuple[int, dict[str, Any]]:
    if not name.startswith(f"{OWNER}/"):
        return 403, {"error": f"You don't have the rights to create a model under {name}"}
    url = {"url": f"{hub.endpoint}/{name}"}
    if ("models", name) in hub.repositories:
        return 409, {**url, "error": "You already created this model repo"}
    hub.add(name, {})
    hub.limit(name, private=private)
    return 200, url
