"""Scripts in benchmarks/ run by hand: what they take from bertkit must be there when its modules move."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPTS = sorted(Path(__file__).parents[1].joinpath("benchmarks").glob("*.py"))


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) > 10


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_its_names_exist(script: Path) -> None:
    for name in _taken(ast.parse(script.read_text("utf-8"))):
        pkgutil.resolve_name(name)  # raises where it is not there


def _taken(tree: ast.Module) -> Iterator[str]:
    """Dotted names of all that a script imports from bertkit, and of the attributes that it uses of these."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "bertkit":
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    yield from known.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known:
            yield f"{known[node.value.id]}.{node.attr}"
