"""Loads code by name; all named code is loaded here.

A Reference names code in one of four ways: a built-in (`accuracy`), an entry point of an installed package (also by
its plain name), `package.module:name`, or `./file.py:name`. Loading it executes it, so a Run opens only if the user has
allowed all that it names (see recipe/code.py and trust.py).

What is executed is the source that can be read, never bytecode that lies beside it, which may be of another source.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import site
import sys
import sysconfig
import tempfile
import traceback
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

from bertkit.errors import PluginError, did_you_mean

EVALUATE = "evaluate:"
"""A metric's Reference to a module of the `evaluate` library, by name or by its script."""

TABLES = {
    "task": ("bertkit.tasks:TASKS", "bertkit.tasks"),
    "metric": ("bertkit.metrics:METRICS", "bertkit.metrics"),
    "reader": ("bertkit.data.read.readers:READERS", "bertkit.readers"),
    "loss": ("bertkit.models.losses:LOSSES", "bertkit.losses"),
    "callback": ("bertkit.training.callbacks:CALLBACKS", "bertkit.callbacks"),
}
"""Kind -> (literal table of its built-ins, entry-point group). A table's value is the object or its `module:name`."""


def names(kind: str) -> list[str]:
    """Names of the built-ins and entry points of a kind, sorted."""
    return sorted({*_table(kind), *(point.name for point in _entry_points(kind))})


def find(kind: str, reference: str, *, where: str = "") -> Any:
    """The object that `reference` names.

    Args:
        kind: a key of `TABLES`.
        reference: a built-in or entry-point name, `package.module:name` or `path/file.py:name`.
        where: the recipe key or option to name in an error.

    Raises:
        PluginError: no such name, file or module, or the code raises while it is imported.
    """
    where = where or kind
    table = _table(kind)
    if reference in table:
        entry = table[reference]
        return _attribute(entry, where) if isinstance(entry, str) else entry
    for point in _entry_points(kind):
        if point.name == reference:
            return _guarded(point.load, where, f"entry point {reference}")
    if ":" in reference:
        return _attribute(reference, where)
    hint = did_you_mean(reference, names(kind))
    if reference.endswith(".py"):
        hint = f"name the object in the file: {reference}:NAME"
    raise PluginError.at(where, f"no such {kind}: {reference}", hint)


def load(reference: str, *, where: str = "") -> Any:
    """The object that `package.module:name` or `path/file.py:name` names.

    Args:
        where: the recipe key or option to name in an error.

    Raises:
        PluginError: no such name, file or module, or the code raises while it is imported.
    """
    return _attribute(reference, where or reference)


def file_of(reference: Any) -> Path | None:
    """The file that a Reference names (`./file.py:name`, `evaluate:./file.py`), or None where it names no file."""
    if not isinstance(reference, str):
        return None
    if reference.startswith(EVALUATE):
        path = reference.removeprefix(EVALUATE)
        return Path(path) if path.endswith(".py") else None
    path, _, name = reference.rpartition(":")
    return Path(path) if name and path.endswith(".py") else None


def names_object(text: str) -> bool:
    """Whether a text is written as `package.module:name`, as Python can name both; nothing else is imported."""
    path, _, name = text.rpartition(":")
    return all(part.isidentifier() for part in (*path.split("."), name))


def evaluate_script(reference: str) -> Path | None:
    """The script on this machine that `evaluate:NAME` loads, as `evaluate` looks for it; None: it asks the hub."""
    path = Path(reference.removeprefix(EVALUATE))
    inside = path / f"{path.name}.py"
    return path if path.suffix == ".py" else inside if inside.is_file() else None


def module_files(reference: str) -> list[Path] | None:
    """The files that importing the module of `package.module:name` executes first, found without importing it.

    Returns:
        the module's file and those of the packages around it; empty where there is no such module; None for a module
        of Python's own or of an installed package.
    """
    names = reference.rpartition(":")[0].split(".")
    try:
        spec = importlib.util.find_spec(names[0])
    except (ImportError, ValueError):  # no name, or a module without a spec, such as __main__
        return None
    files: list[Path] = []
    for number in range(1, len(names) + 1):
        if spec is None:
            break
        if _is_installed(spec):
            return None
        if spec.origin:
            files.append(Path(spec.origin))
        inside = spec.submodule_search_locations
        name = ".".join(names[: number + 1])
        spec = PathFinder.find_spec(name, list(inside)) if inside is not None else None
    return files


def to_allow(kind: str, reference: str) -> str:
    """What the user must have allowed of a Reference in a Run: nothing (an empty text) of a built-in and of an entry
    point of an installed package; of an entry point from elsewhere, what it names."""
    if kind and reference in _table(kind):
        return ""
    for point in _entry_points(kind) if kind else ():
        if point.name == reference:
            place = point.dist and point.dist.locate_file("")
            return "" if place and _is_under_installed(Path(str(place))) else point.value
    return reference


def _is_installed(spec: ModuleSpec) -> bool:
    if spec.origin in ("built-in", "frozen"):
        return True
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    return bool(places) and all(_is_under_installed(Path(place)) for place in places)


def _is_under_installed(path: Path) -> bool:
    """Whether a file or folder belongs to Python or to the packages installed for it."""
    folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [*site.getsitepackages(), site.getusersitepackages()]
    return any(path.resolve().is_relative_to(Path(folder).resolve()) for folder in folders)


def with_file(reference: str, file: str) -> str:
    """The same Reference, to another file."""
    if reference.startswith(EVALUATE):
        return EVALUATE + file
    return f"{file}:{reference.rpartition(':')[2]}"


def _table(kind: str) -> dict[str, Any]:
    module, _, name = TABLES[kind][0].partition(":")
    return getattr(importlib.import_module(module), name)


def _entry_points(kind: str) -> importlib.metadata.EntryPoints:
    return importlib.metadata.entry_points(group=TABLES[kind][1])


def _attribute(reference: str, where: str) -> Any:
    path, _, name = reference.rpartition(":")
    if not path or not name:
        raise PluginError.at(where, f"not a Reference: {reference}", "write package.module:name or ./file.py:name")
    file = file_of(reference)
    if not file and not names_object(reference):
        raise PluginError.at(where, f"no name of a module and an object: {reference}", "write package.module:name")
    module = _load_file(file, where) if file else _load_module(path, where)
    if not hasattr(module, name):
        known = [n for n in vars(module) if not n.startswith("_")]
        raise PluginError.at(where, f"{path} has no {name}", did_you_mean(name, known))
    return getattr(module, name)


def _load_module(path: str, where: str) -> Any:
    outside = path not in sys.modules and module_files(f"{path}:")
    with _without_bytecode() if outside else contextlib.nullcontext():
        return _guarded(lambda: importlib.import_module(path), where, path)


@contextlib.contextmanager
def _without_bytecode() -> Iterator[None]:
    """Import from the sources: not from `__pycache__` beside them, and leaving none there."""
    before = sys.pycache_prefix
    with tempfile.TemporaryDirectory() as empty:
        sys.pycache_prefix = empty
        try:
            yield
        finally:
            sys.pycache_prefix = before


def _load_file(file: Path, where: str) -> Any:
    if not file.is_file():
        near = did_you_mean(file.name, [path.name for path in file.parent.glob("*.py")])
        raise PluginError.at(where, f"no such file: {file}", near or "a Reference to a file is ./file.py:name")
    # The name is the content's: the same file loaded twice is one module, and a changed one is another. It must be
    # in sys.modules for pickling, and for dataclasses and pydantic to resolve annotations.
    source = file.read_bytes()
    digest = hashlib.sha256(source).hexdigest()[:12]
    name = f"bertkit_plugin_{file.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        _guarded(lambda: exec(compile(source, str(file), "exec"), vars(module)), where, str(file))
    except PluginError:
        del sys.modules[name]
        raise
    return module


def _guarded(load: Callable[[], Any], where: str, what: str) -> Any:
    try:
        return load()
    except (Exception, SystemExit) as error:  # a user's code may raise anything; the message must name its file
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(what)]
        if isinstance(error, SyntaxError) and str(error.filename).endswith(what):
            lines.append(error.lineno)
        line = f":{lines[-1]}" if lines else ""
        reason = f"{what}{line} can not be imported: {type(error).__name__}: {error}"
        remedy = ""
        if isinstance(error, ModuleNotFoundError):
            remedy = f"install the package that has {error.name}, or put its folder on PYTHONPATH"
        elif isinstance(error, SystemExit):
            remedy = "move the code that it runs under if __name__ == '__main__'"
        raise PluginError.at(where, reason, remedy) from error


def raised(error: BaseException) -> str:
    """`raised KeyError: 'a' (mine.py:7)`: what a user's code raised, and the nearest line of it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = (str(Path(__file__).parent), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))
    theirs = [frame for frame in frames if not frame.filename.startswith((*ours, "<"))] or frames
    place = f" ({theirs[-1].filename}:{theirs[-1].lineno})" if theirs else ""
    return f"raised {type(error).__name__}: {error}{place}"
