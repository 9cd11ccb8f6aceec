"""What `import bertkit` promises: these names, and no waiting before they are used."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bertkit

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_the_public_names() -> None:
    assert bertkit.__all__ == ["BertkitError", "Checkpoint", "Predictor", "Recipe", "Run", "load_recipe", "train"]
    assert set(bertkit.__all__) == set(bertkit._PUBLIC)
    assert set(bertkit.__all__) <= set(dir(bertkit))


@pytest.mark.parametrize("name", bertkit.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    value = getattr(bertkit, name)
    assert value.__module__.startswith("bertkit.")
    assert value.__doc__


def test_an_unknown_name_raises_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'bertkit' has no attribute 'trian'"):
        _ = bertkit.trian  # type: ignore[attr-defined]


def test_the_version_is_that_of_pyproject() -> None:
    assert bertkit.__version__ == tomllib.loads(PROJECT.read_text("utf-8"))["project"]["version"]


def test_import_imports_nothing_heavy() -> None:
    code = "import sys, bertkit; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    heavy = {"torch", "transformers", "datasets", "numpy", "pydantic", "evaluate", "rich", "typer", "ruamel.yaml"}
    assert not heavy & set(out.split())


def test_python_m_bertkit_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "bertkit", "recipe", "list"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "demo/support" in done.stdout
