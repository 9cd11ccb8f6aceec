"""The user's code in a Run: copied into it when the Run starts, executed later only where it can be trusted.

Code is trusted where the file it was copied from still exists on this machine, outside the Run and unchanged. A Run
that was downloaded, or received from somebody else, never meets this, whatever it claims about itself.
"""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bertkit import plugins
from bertkit.errors import Parameter, Problem
from bertkit.recipe.load import code_files, map_references
from bertkit.recipe.references import Key
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import YamlValues

Sources = dict[str, dict[str, str]]
"""File name in the Run's code folder -> `source`, the path it was copied from, and `sha256`."""


def copy_code(recipe: Recipe, folder: Path) -> tuple[Recipe, Sources]:
    """Copy every file that the recipe names as code into `folder`, which is made only where there is one.

    Returns:
        the recipe with its References to the copies, relative to the parent of `folder`; and where each came from.
    """
    names: dict[Path, str] = {}

    def reference_to_copy(key: Key, kind: str, reference: str) -> str:
        file = plugins.file_of(reference)
        if file is None or not file.is_file():
            return reference
        if file not in names:
            candidates = itertools.chain([file.name], (f"{file.stem}_{number}.py" for number in itertools.count(2)))
            names[file] = next(name for name in candidates if name not in names.values())
        return plugins.with_file(reference, f"./{folder.name}/{names[file]}")

    recipe = map_references(recipe, reference_to_copy)
    if names:
        folder.mkdir()
    for file, name in names.items():
        shutil.copyfile(file, folder / name)
    return recipe, {
        name: {"source": str(file.absolute()), "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for file, name in names.items()
    }


def untrusted(run: Path, code: Path, recipe: YamlValues, sources: Mapping[str, Mapping[str, Any]]) -> list[Problem]:
    """A Problem for each piece of code that opening a Run would execute and that is not trusted.

    Args:
        run: the Run's folder.
        code: its folder of code.
        recipe: the content of its recipe file; nothing it names is imported.
        sources: as `copy_code` returned them, read from a file that may lie.
    """
    problems = []
    run, code = run.resolve(), code.resolve()
    named = {file.resolve() for file in code_files(recipe)}
    for file in sorted(named | {file.resolve() for file in code.glob("*.py")}):
        record = sources.get(file.name, {}) if file.parent == code else {}
        source = Path(record.get("source", ""))
        outside = source.is_absolute() and run not in source.resolve().parents
        if not (outside and source.is_file() and source.read_bytes() == file.read_bytes()):
            what = "this Run executes code that is not from this machine: read it first"
            problems.append(Problem(str(file), what, Parameter("trust_code")))
    for name in _downloaded_metrics(recipe):
        what = "this Run executes code that evaluate loads: read it first"
        problems.append(Problem(name, what, Parameter("trust_code")))
    return problems


def _downloaded_metrics(recipe: YamlValues) -> list[str]:
    """Metrics that `evaluate` would load from somebody's hub account, or from a folder."""
    named = recipe.values.get("metrics") or []
    named = [named] if isinstance(named, str) else named
    return [
        name
        for name in named
        if isinstance(name, str)
        and name.startswith(plugins.EVALUATE)
        and plugins.file_of(name) is None
        and ("/" in name or Path(name.removeprefix(plugins.EVALUATE)).exists())
    ]
