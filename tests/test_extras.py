"""Optional packages: found without being imported, missed with the line that brings them."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from bertkit.errors import DataError, ExtraError, ModelError
from bertkit.extras import EXTRAS, carried, has, need, pip_line

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a file in it, which must not be imported."""
    folder = tmp_path / "carrier_of_tests"
    (folder / "sub").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "sub" / "rows.csv").write_text("text,label\n")
    monkeypatch.syspath_prepend(tmp_path)
    return folder.name


def test_every_extra_stands_in_pyproject() -> None:
    declared = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
    assert EXTRAS
    assert set(EXTRAS) == set(declared) - {"dev"}


def test_has_imports_nothing(package: str) -> None:
    assert has(package)
    assert package not in sys.modules
    assert not has("no_such_module_at_all")


def test_need_gives_the_module_or_the_line_that_brings_it() -> None:
    assert need("json", extra="demo").loads("1") == 1
    with pytest.raises(ExtraError) as caught:
        need("no_such_module_at_all", extra="tensorboard", feature="train.report_to")
    (problem,) = caught.value.problems
    assert problem.key == "train.report_to"
    assert "no_such_module_at_all" in problem.reason
    assert problem.remedy == pip_line("tensorboard") == "pip install 'bertkit[tensorboard]'"


def test_carried_finds_files_and_folders_and_imports_nothing(package: str, tmp_path: Path) -> None:
    assert carried(f"package:{package}/sub/rows.csv", DataError) == tmp_path / package / "sub" / "rows.csv"
    assert carried(f"package:{package}/sub", DataError).is_dir()
    assert package not in sys.modules


def test_carried_says_what_the_package_lacks(package: str) -> None:
    with pytest.raises(DataError, match=r"has no sub/row\.csv; did you mean rows\.csv\?"):
        carried(f"package:{package}/sub/row.csv", DataError)
    with pytest.raises(ModelError, match="has no path after its name"):
        carried(f"package:{package}", ModelError)


def test_carried_says_how_to_get_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExtraError, match="install the package that has the module no_such_module_at_all"):
        carried("package:no_such_module_at_all/x", DataError)
    monkeypatch.setitem(EXTRAS, "demo", ("no_such_module_at_all",))
    with pytest.raises(ExtraError, match=r"pip install 'bertkit\[demo\]'"):
        carried("package:no_such_module_at_all/x", DataError)


@pytest.mark.parametrize("text", ["package:", "package:/etc/passwd", "package:not-a-name/x", "package:a.b/x"])
def test_carried_refuses_what_is_no_module(text: str) -> None:
    with pytest.raises(ExtraError):
        carried(text, DataError)
