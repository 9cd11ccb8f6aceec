"""What the commands of `bertkit index` share."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.commands.groups.index.options import check_lines, one_writer, rocchio
from bertkit.errors import DataError
from bertkit.search.feedback import Rocchio


def test_weights() -> None:
    assert rocchio("1,0.5,0") == Rocchio(1, 0.5, 0)
    for wrong in ("1", "1,2,3,4", "", "a,b,c", "nan,1,1"):
        with pytest.raises(DataError):
            rocchio(wrong)


def test_an_address_needs_no_lock(tmp_path: Path) -> None:
    with one_writer("s3://bucket/index"):
        pass
    with one_writer(str(tmp_path / "index")) as folder:
        assert (folder / ".lock").exists()


def test_json_lines_alone() -> None:
    check_lines(None)
    check_lines("-")
    with pytest.raises(DataError):
        check_lines("a.csv")
