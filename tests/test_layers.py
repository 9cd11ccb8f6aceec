"""Who may import whom, held by walking the source: the order of HOUSE stands in `ORDER`."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bertkit

PACKAGE = Path(bertkit.__file__).parent

ORDER = [
    ("display", "energy", "errors", "extras", "hub", "processes", "fs", "files", "progress", "trust", "warn"),
    ("plugins",),
    ("recipe",),
    ("data", "metrics", "models"),
    ("engine",),
    ("tasks",),
    ("run_code",),
    ("run",),
    ("inference",),
    ("report",),
    ("training",),
    ("estimators", "search", "understand", "shrink", "publish"),
    ("bench", "serve"),
    ("commands",),
    ("cli",),
]
"""Rooms from left to right: a room imports those before it, and itself. Rooms on one line never import each other."""

RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
FILES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.name not in ("__init__.py", "__main__.py") or path.parent != PACKAGE
)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, module_level_only: bool = False) -> set[str]:
    """Dotted names that a file imports; `if TYPE_CHECKING:` is not counted."""
    tree = ast.parse(path.read_text("utf-8"))
    found: set[str] = set()

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            if module_level_only and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                found.update(f"{child.module}.{alias.name}" for alias in child.names)
            walk(child)

    walk(tree)
    return found


def test_every_room_has_its_place() -> None:
    assert {room_of(path) for path in FILES} <= set(RANK)
    assert len(FILES) > 30


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_imports_go_leftward(path: Path) -> None:
    here = room_of(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "bertkit" and len(parts) > 1 and parts[1] in RANK and parts[1] != here:
            allowed = RANK[parts[1]] < RANK[here] or (RANK[here] == 0 and RANK[parts[1]] == 0)
            assert allowed, f"{here} imports {parts[1]}, which stands beside or to the right of it"


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other (strongly connected components), sorted."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            for module in edges[ahead.pop()] - seen:
                seen.add(module)
                ahead.append(module)
        return seen

    reached = {module: reach(module) for module in edges}
    groups = {tuple(sorted(other for other in reached[m] if m in reached[other])) for m in edges if m in reached[m]}
    return sorted(map(list, groups))


def test_no_circles_between_modules() -> None:
    """Counts every import, also those inside functions; `if TYPE_CHECKING:` is left out."""
    modules = {module_of(path): path for path in FILES}
    edges = {
        module: {n if n in modules else n.rpartition(".")[0] for n in imports(path)} & set(modules) - {module}
        for module, path in modules.items()
    }
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == [["b", "c"]]
    assert circles(edges) == []


def test_no_two_classes_have_one_name() -> None:
    """A word is used for one thing only (HOUSE, "Words"); private names are their module's own."""
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) in ("cli", "commands")], ids=lambda p: p.name)
def test_commands_are_light(path: Path) -> None:
    heavy = {"torch", "transformers", "datasets", "evaluate", "accelerate", "pydantic", "sklearn", "numpy"}
    assert not {name.split(".")[0] for name in imports(path, module_level_only=True)} & heavy


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from bertkit.cli import main; main(['--help']); "
        "heavy = {'torch', 'transformers', 'datasets', 'numpy', 'pydantic'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
