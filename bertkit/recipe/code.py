"""The code that the recipe of a Run names, found without executing any of it (see trust.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertkit import plugins
from bertkit.recipe.references import Key, change_references
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import RECIPE, YamlValues, normal
from bertkit.trust import Code

OF_RUN = ("run.json", "environment.json", "task.json", "metrics.json", "code", "model")
"""What lies beside a recipe that a training wrote."""


def is_of_run(file: Path) -> bool:
    """Whether a recipe file is that of a Run, and its code not necessarily the user's own."""
    return file.name == RECIPE and any((file.parent / name).exists() for name in OF_RUN)


def code_of(source: YamlValues) -> list[Code]:
    """All code that the recipe names: files, modules, and scripts of `evaluate`; not built-ins and entry points.

    The types of `options` are part of the task's code, which may itself not be allowed. So every text among them counts
    that reads as a Reference to a file or a module that is there.
    """
    found: list[Code] = []

    def visit(key: Key, kind: str, reference: str) -> str:
        found.extend(_code(plugins.to_allow(kind, reference), source.folder))
        return reference

    change_references(Recipe, source.values, visit)
    for text in _texts(source.values.get("options")):
        if plugins.file_of(text) or (plugins.names_object(text) and plugins.module_files(text) != []):
            found.extend(_code(text, source.folder))
    return list(dict.fromkeys(found))


def _code(reference: str, folder: Path) -> list[Code]:
    """What a Reference executes; nothing where it names no code that is there."""
    if file := plugins.file_of(reference):
        file = Path(normal(folder, file))
        return [Code.of_file(file)] if file.is_file() else []
    if reference.startswith(plugins.EVALUATE):  # other names are checked where they are fetched (metrics/bridge.py)
        script = plugins.evaluate_script(reference)
        return [Code.of_file(file) for file in sorted(script.parent.glob("*.py"))] if script else []
    if ":" not in reference:
        return []
    files = plugins.module_files(reference)
    if files is None:
        return [Code.of_object(reference)]
    return [Code.of_file(file) for file in files if file.is_file()]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []
