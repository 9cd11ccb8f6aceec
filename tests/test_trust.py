"""The list of allowed code: this user's own, readable by nobody else, and not to be written to by names."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bertkit import trust
from bertkit.errors import ModelError
from bertkit.trust import Code
from tests.helpers import messages


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def code(tmp_path: Path, text: str = "evil", name: str = "mine.py") -> Code:
    (tmp_path / name).write_text(text)
    return Code.of_file(tmp_path / name)


def is_allowed(*codes: Code) -> bool:
    try:
        trust.check(codes, "this model", ModelError)
    except ModelError:
        return False
    return True


def test_code_is_refused_until_it_is_allowed_and_again_when_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    one = code(tmp_path)
    with pytest.raises(ModelError) as caught:
        trust.check([one], "this model", ModelError)
    what = "this model executes code that you have not allowed: read it first; use --trust-code"
    assert str(caught.value) == f"{tmp_path}/mine.py  {what}"
    with trust.given(), caplog.at_level(logging.INFO):
        trust.check([one], "this model", ModelError)
    assert messages(caplog) == [f"allowed from now on: {one.name} (sha256 {one.sha256})"]
    assert trust.store().read_text() == f'{one.sha256}  "{one.name}"\n'
    assert is_allowed(one)
    assert not is_allowed(one, code(tmp_path, "evil 2"))
    assert not is_allowed(Code.of_object("mine:evil"))
    trust.store().unlink()  # as docs say to forget them
    assert not is_allowed(one)


def test_the_list_is_its_owners_and_survives_the_process(tmp_path: Path) -> None:
    trust.allow([code(tmp_path)])
    assert trust.store() == tmp_path / "data" / "bertkit" / "allowed-code"
    assert trust.store().stat().st_mode & 0o777 == 0o600
    assert trust.store().parent.stat().st_mode & 0o777 == 0o700
    trust.allow([code(tmp_path), code(tmp_path, "other")])
    assert len(trust.store().read_text().splitlines()) == 2


def test_a_list_that_others_can_write_to_is_ignored(tmp_path: Path) -> None:
    one = code(tmp_path)
    trust.allow([one])
    trust.store().chmod(0o666)
    assert not is_allowed(one)
    trust.store().chmod(0o600)
    assert is_allowed(one)


@pytest.mark.parametrize("end", ["\n", "\r", "\x0b", "\x85", "\u2028"])
def test_a_name_can_not_allow_other_code(tmp_path: Path, end: str) -> None:
    """The attack: a file whose name is a line of the list."""
    evil = code(tmp_path, "evil")
    trust.allow([code(tmp_path, "harmless", f"x{end}{evil.sha256}  .py")])
    assert not is_allowed(evil)


def test_where_nothing_can_be_written_code_is_allowed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_unsaved", set())
    (tmp_path / "data").write_text("a file")
    one = code(tmp_path)
    with trust.given():
        assert is_allowed(one)
    assert is_allowed(one)
    trust._unsaved.clear()  # the next process
    assert not is_allowed(one)


def test_what_was_given_ends_with_its_block(tmp_path: Path) -> None:
    with trust.given(True), trust.given(False):
        assert is_allowed(code(tmp_path, "a"))
    with trust.given(False):
        assert not is_allowed(code(tmp_path, "b"))
    assert not is_allowed(code(tmp_path, "b"))
