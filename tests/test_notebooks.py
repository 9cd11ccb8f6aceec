"""The notebooks of the docs run, and are stored as they run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import code_of, run, with_outputs

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
MOST = 20_000
"""Bytes of a notebook with its outputs."""


def of_cells(*sources: str) -> dict[str, Any]:
    return {"cells": [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in sources]}


def test_cells_share_names_and_show_their_last_expression() -> None:
    notebook = of_cells("a = 2\nb = 3", "a * b", "print\nc = 1")
    assert run(notebook, {}) == ["", "6", ""]
    with pytest.raises(ZeroDivisionError):
        run(of_cells("1 / 0"), {})
    stored = with_outputs(notebook, ["", "6\n7", ""])["cells"]
    assert [len(cell["outputs"]) for cell in stored] == [0, 1, 0]
    assert stored[1]["outputs"][0]["data"] == {"text/plain": ["6\n", "7"]}


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_is_clean(file: Path) -> None:
    content = file.read_text("utf-8")
    notebook = json.loads(content)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len({*ids}) == len(ids)
    assert len(content) < MOST
    assert not any(place in content for place in ("/tmp", "/home", "/root", "Traceback", "\\u001b"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    assert not any(line.lstrip().startswith(("%", "!")) for source in code_of(notebook) for line in source.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_runs(file: Path, tmp_path: Path) -> None:
    """In a process and a folder of its own. Figures depend on the machine, but not what kind of thing is shown."""
    copy = tmp_path / file.name
    copy.write_text(file.read_text("utf-8"), "utf-8")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.notebooks import *; main(Path({file.name!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stored, now = (json.loads(one.read_text("utf-8"))["cells"] for one in (file, copy))
    assert list(map(lines_of, now)) == list(map(lines_of, stored))


def lines_of(cell: dict[str, Any]) -> list[int]:
    """The number of lines of each output of a cell."""
    return [len(output["data"]["text/plain"]) for output in cell.get("outputs", [])]
