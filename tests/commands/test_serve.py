"""Mistakes in the command line of `bertkit serve`; tests/serve/test_run.py has what it does."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit import extras


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ([], "nothing to serve; name a Run: bertkit serve runs/mine"),
        (["runs/none"], "runs/none  no such folder"),
        (["a=runs/x", "a=runs/y"], "two are called a"),
        (["a b=runs/x"], "is no name for an address"),
        (["--index", "nowhere"], "nowhere  no such folder"),
        (["runs/x", "--timeout", "0"], "--timeout  0.0: Input should be greater than 0"),
        (["runs/x", "--keys", "none"], "the keys can not be read"),
        (["runs/x", "--tls-cert", "none.pem"], "--tls-cert  none.pem: no such file"),
        (["runs/x", "--port", "70000"], "--port"),
        (["runs/x", "--precision", "int4"], "int4"),
    ],
)
def test_mistakes_end_before_anything_is_served(
    bertkit: Any, arguments: list[str], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(socket.AF_UNIX, 0, 0, "", "")])
    code, _, err = bertkit("serve", *arguments)
    assert code == 2
    assert part in err.replace("\n", " ")
    assert "Traceback" not in err


def test_a_missing_package_is_named_with_its_extra(bertkit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda module: module != "uvicorn")
    code, _, err = bertkit("serve", "runs/x")
    assert code == 2
    assert "needs the package uvicorn, which is not installed; pip install 'bertkit[serve]'" in err
