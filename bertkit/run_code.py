"""The user's code in a Run: copied into it when the Run starts, executed later only where its user has allowed it.

A training allows the code of its own recipe, so that the Run opens for the same user, wherever it is moved. A Run that
was received from somebody else opens with `--trust-code` only, whatever it claims about itself (see trust.py).
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from itertools import chain
from pathlib import Path

from bertkit import plugins
from bertkit.recipe.code import code_of
from bertkit.recipe.load import map_references
from bertkit.recipe.references import Key
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import YamlValues
from bertkit.trust import Code

Copies = dict[str, dict[str, str]]
"""File name in the Run's code folder -> `sha256` of its content."""


def copy_code(recipe: Recipe, folder: Path) -> tuple[Recipe, Copies]:
    """Copy every file that the recipe names as code into `folder`, which is made only where there is one.

    Returns:
        the recipe with its References to the copies, relative to the parent of `folder`; and what they are.
    """
    names: dict[Path, str] = {}

    def reference_to_copy(key: Key, kind: str, reference: str) -> str:
        file = plugins.file_of(reference)
        if file is None or not file.is_file():
            return reference
        if file not in names:
            candidates = chain([file.name], (f"{file.stem}_{number}.py" for number in itertools.count(2)))
            names[file] = next(name for name in candidates if name not in names.values())
        return plugins.with_file(reference, f"./{folder.name}/{names[file]}")

    recipe = map_references(recipe, reference_to_copy)
    if names:
        folder.mkdir()
    for file, name in names.items():
        shutil.copyfile(file, folder / name)
    return recipe, {name: {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()} for file, name in names.items()}


def code_in(code: Path, model: Path, recipe: YamlValues) -> list[Code]:
    """All code that opening a Run may execute: what its recipe names, its folder of code, and code of its model.

    Args:
        code, model: its folders.
        recipe: the content of its recipe file; nothing it names is imported.
    """
    files = [*sorted(code.glob("*.py")), *sorted(model.glob("*.py"))]
    return list(dict.fromkeys([*code_of(recipe), *(Code.of_file(file.absolute()) for file in files if file.is_file())]))


def links_out(run: Path) -> list[Path]:
    """Links in a Run that lead out of it: what is written to a Run of somebody else's must not go there."""
    inside = run.resolve()
    links = (Path(folder, name) for folder, *names in os.walk(run) for name in chain.from_iterable(names))
    return sorted(link for link in links if link.is_symlink() and not link.resolve().is_relative_to(inside))
