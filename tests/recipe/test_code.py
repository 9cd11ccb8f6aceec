"""The code that a recipe names, found without executing it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bertkit import plugins
from bertkit.errors import PluginError
from bertkit.recipe.code import OF_RUN, code_of, is_of_run
from bertkit.recipe.source import YamlValues

EVIL = "raise AssertionError('it ran')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("metric.py", "loss.py", "task.py"):
        (tmp_path / name).write_text(EVIL + f"# {name}\n", "utf-8")
    (tmp_path / "evilmodule.py").write_text(EVIL, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def names(folder: Path, **values: object) -> list[str]:
    found = code_of(YamlValues({"task": "classify", **values}, folder=folder))
    for code in found:
        if Path(code.name).is_file():
            assert code.sha256 == hashlib.sha256(Path(code.name).read_bytes()).hexdigest()
    return [Path(code.name).name for code in found]


def test_files_modules_and_texts_of_options(folder: Path) -> None:
    assert names(folder) == []
    assert names(folder, metrics=["accuracy", "./metric.py:m"]) == ["metric.py"]
    assert names(folder, metrics=["evilmodule:m"]) == ["evilmodule.py"]
    assert names(folder, task="./task.py:Mine") == ["task.py"]
    assert names(folder, options={"loss": "./loss.py:f", "deep": [{"x": "evilmodule:g"}]}) == [
        "loss.py",
        "evilmodule.py",
    ]
    assert names(folder, callbacks=[{"./metric.py:C": {"a": 1}}]) == ["metric.py"]


def test_each_piece_once_and_only_what_is_there(folder: Path) -> None:
    assert names(folder, metrics=["./metric.py:a", "./metric.py:b", "./gone.py:m"]) == ["metric.py"]
    assert names(folder, options={"note": "see: this", "time": "12:30"}) == []


@pytest.mark.parametrize("name", OF_RUN)
def test_the_recipe_of_a_run(name: str, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    assert not is_of_run(recipe)
    (tmp_path / name).touch()
    assert is_of_run(recipe)
    assert not is_of_run(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    "text", ["my-mod:Loss", "evilmodule:Loss ", " evilmodule:Loss", "evilmodule :Loss", "1mod:f", "a..b:c"]
)
def test_what_is_not_seen_here_is_not_imported_there(text: str, folder: Path) -> None:
    for name in ("my-mod", "1mod"):
        (folder / f"{name}.py").write_text(EVIL, "utf-8")
    assert names(folder, options={"loss": text}) == []
    with pytest.raises(PluginError, match="no name of a module and an object"):
        plugins.load(text)
