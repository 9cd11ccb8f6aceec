"""Keys: who may ask."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bertkit.errors import RunError
from bertkit.serve.keys import Keys


@pytest.fixture(autouse=True)
def _none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BERTKIT_KEYS", raising=False)


def test_where_keys_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys"
    file.write_text("# who may ask\n\nalice:a-long-secret\nplain-secret\n")
    monkeypatch.setenv("BERTKIT_KEYS", "bob:another-secret")
    keys = Keys.read(file)
    assert keys.name_of({b"authorization": b"Bearer a-long-secret"}) == "alice"
    assert keys.name_of({b"authorization": b"bearer  plain-secret "}) == "key-3"
    assert keys.name_of({b"x-api-key": b"another-secret"}) == "bob"
    coded = base64.b64encode(b"whoever:a-long-secret")
    assert keys.name_of({b"authorization": b"Basic " + coded}) == "alice"
    assert b"secret" not in b"".join(keys.known)


def test_a_gateway_may_add_a_key_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("alice:a-long-secret\n")
    keys = Keys.read(tmp_path / "keys")
    assert keys.name_of({b"x-api-key": b"the-gateway's", b"authorization": b"Bearer a-long-secret"}) == "alice"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b""},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer a-long-secre"},
        {b"authorization": b"Basic !!"},
        {b"authorization": b"Basic " + base64.b64encode(b"\xff:\xff")},
        {b"authorization": b"Basic " + base64.b64encode(b"a-long-secret:")},
        {b"x-api-key": b"alice:a-long-secret"},
        {b"x-api-key": b"\xe9\xff"},
    ],
)
def test_what_opens_no_door(tmp_path: Path, headers: dict[bytes, bytes]) -> None:
    (tmp_path / "keys").write_text("alice:a-long-secret\n")
    assert Keys.read(tmp_path / "keys").name_of(headers) is None


@pytest.mark.parametrize(
    ("text", "part"),
    [("", "holds no key"), ("short\n", "fewer than 8"), ("# a\nalice:schlüssel-mit-ü\n", "headers can not hold")],
)
def test_keys_that_can_not_be_used(tmp_path: Path, text: str, part: str) -> None:
    (tmp_path / "keys").write_text(text, "utf-8")
    with pytest.raises(RunError, match=part):
        Keys.read(tmp_path / "keys")
    with pytest.raises(RunError, match="can not be read"):
        Keys.read(tmp_path / "none")


def test_the_servers_own_key_survives_a_reload(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("alice:a-long-secret\n")
    keys = Keys.read(tmp_path / "keys")
    with keys.guest() as key:
        again = Keys.read(tmp_path / "keys", guests=keys.guests)
        assert again.name_of({b"x-api-key": key.encode()}) == "the server"
    assert again.name_of({b"x-api-key": key.encode()}) is None
