"""A kill of each command that writes; `make kills` does any number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.kills import Killer, killed, victims
from tests.fuzz.many import quick
from tests.fuzz.material import Material


@pytest.mark.slow
def test_a_killed_command_ends_as_one_left_alone(warm: Any, tmp_path: Path) -> None:
    quick(tmp_path)
    (tmp_path / "material").mkdir()
    killer = Killer(warm, tmp_path, Material(tmp_path / "material"))
    assert killed(len(victims()), 13, killer) == []
