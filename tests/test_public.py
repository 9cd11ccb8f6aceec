"""What `import bertkit` promises: these names, and no waiting before they are used."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import bertkit

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def test_the_public_names() -> None:
    assert bertkit.__all__ == [
        "BertClassifier",
        "BertRegressor",
        "BertkitError",
        "Checkpoint",
        "Predictor",
        "Recipe",
        "Run",
        "embed",
        "keywords",
        "load_recipe",
        "train",
    ]
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


USE = """
from bertkit import BertClassifier, Predictor, train
run = train("classify", data=[("a", "x")], sets={"seed": 1})
reveal_type(run)
reveal_type(Predictor.open(run).predict("a"))
reveal_type(BertClassifier(max_length=8).fit(["a"], ["b"]))
Predictor.open(run, devise="cpu")
"""


@pytest.mark.slow
def test_a_type_checker_sees_the_types(tmp_path: Path) -> None:
    """In a project that uses bertkit, and has no settings of its own."""
    assert (PROJECT.parent / "bertkit" / "py.typed").is_file()
    (tmp_path / "use.py").write_text(USE, "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "use.py"]
    environment = {**os.environ, "MYPYPATH": str(PROJECT.parent)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    kinds = [line.partition("Revealed type is ")[2] for line in done.stdout.splitlines() if "Revealed" in line]
    wanted = ["bertkit.run.Run", "list[dict[str, Any]]", "bertkit.estimators.classifier.BertClassifier"]
    assert [kind.strip('"').replace("builtins.", "") for kind in kinds] == wanted, done.stdout + done.stderr
    assert 'Unexpected keyword argument "devise"' in done.stdout
    assert "Found 1 error" in done.stdout


def test_python_m_bertkit_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "bertkit", "recipe", "list"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "demo/support" in done.stdout
