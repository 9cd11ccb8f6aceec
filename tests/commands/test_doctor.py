"""`bertkit doctor`: what is installed, and the command that installs the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bertkit import hub
from bertkit.commands import doctor
from bertkit.extras import EXTRAS
from bertkit.files import run_files


def test_everything_is_found_here() -> None:
    import torch

    findings = dict(doctor.findings())
    assert set(run_files.PACKAGES) <= set(findings)
    assert findings["torch"].startswith(torch.__version__.split("+")[0])
    assert f"torch uses {torch.get_num_threads()} threads" in findings["processors"]
    assert findings["hub"].startswith("out of reach")
    assert all(f"extra {name}" in findings for name in EXTRAS)
    assert all(what and how for what, how in findings.items())


def test_what_is_missing_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "demo", ("no_such_module_at_all",))
    monkeypatch.setattr(run_files, "PACKAGES", ("torch", "no-such-package-at-all"))
    findings = dict(doctor.findings())
    assert findings["extra demo"] == "missing: pip install 'bertkit[demo]'"
    assert findings["no-such-package-at-all"] == "missing: pip install no-such-package-at-all"


def test_the_hub_within_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "reachable", lambda: True)
    assert dict(doctor.findings())["hub"] == "reachable"


def test_the_command_prints_it(bertkit: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = bertkit("doctor")
    assert (code, err) == (0, "")
    for what, how in doctor.findings():
        assert any(what in line and how in line for line in out.splitlines()), what
