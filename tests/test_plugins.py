"""Each way in which a Reference names code, and what is said where it names none."""

from __future__ import annotations

import importlib.metadata
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bertkit import plugins
from bertkit.errors import PluginError

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """`write("mine.py", "...")` into the current folder -> `./mine.py`."""
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> str:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        return f"./{name}"

    return write


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`entry_points(name="module:attribute")`, as installed packages would offer them to every kind."""
    there: dict[str, str] = {}

    def fake(*, group: str) -> importlib.metadata.EntryPoints:
        return importlib.metadata.EntryPoints(
            importlib.metadata.EntryPoint(name, value, group) for name, value in there.items()
        )

    monkeypatch.setattr(importlib.metadata, "entry_points", fake)
    return there.update


@pytest.mark.parametrize("kind", plugins.TABLES)
def test_every_built_in_is_there(kind: str) -> None:
    names = plugins.names(kind)
    assert names == sorted(names)
    assert names
    for name in names:
        assert plugins.find(kind, name) is not None


def test_a_built_in_by_its_name() -> None:
    from bertkit.models.losses import focal
    from bertkit.tasks.classify.task import Classify

    assert plugins.find("loss", "focal") is focal
    assert plugins.find("task", "classify") is Classify


def test_an_entry_point_by_its_name(entry_points: Callable[..., None]) -> None:
    entry_points(theirs="json:loads")
    assert plugins.find("loss", "theirs")("[1]") == [1]
    assert "theirs" in plugins.names("loss")


def test_a_built_in_comes_before_an_entry_point(entry_points: Callable[..., None]) -> None:
    from bertkit.models.losses import focal

    entry_points(focal="json:loads")
    assert plugins.find("loss", "focal") is focal
    assert plugins.names("loss").count("focal") == 1


def test_an_entry_point_that_fails_names_itself(entry_points: Callable[..., None]) -> None:
    entry_points(broken="no_such_module_at_all:x")
    with pytest.raises(PluginError, match="entry point broken can not be imported: ModuleNotFoundError"):
        plugins.find("metric", "broken")


def test_a_module_and_a_name() -> None:
    import json

    assert plugins.find("metric", "json:loads") is json.loads


def test_a_file_and_a_name(write: Write) -> None:
    assert plugins.find("metric", write("mine.py", "def cost(p, r): return 7") + ":cost")(None, None) == 7
    absolute = str(Path("mine.py").absolute())
    assert plugins.find("metric", f"{absolute}:cost")(None, None) == 7


def test_a_file_is_loaded_once(write: Write) -> None:
    reference = write("mine.py", "from pathlib import Path\nPath('log').open('a').write('x')\na = object()\nb = 2")
    assert plugins.find("metric", f"{reference}:a") is plugins.find("metric", f"{reference}:a")
    assert plugins.find("loss", f"{Path('mine.py').absolute()}:b") == 2
    assert Path("log").read_text() == "x"


def test_a_changed_file_is_loaded_anew(write: Write) -> None:
    assert plugins.find("metric", write("mine.py", "a = 1") + ":a") == 1
    assert plugins.find("metric", write("mine.py", "a = 2") + ":a") == 2
    assert plugins.find("metric", write("mine.py", "a = 1") + ":a") == 1


def test_files_of_one_name_do_not_mix(write: Write) -> None:
    one, two = write("one/mine.py", "a = 'one'"), write("two/mine.py", "a = 'two'")
    assert plugins.find("metric", f"{one}:a") == "one"
    assert plugins.find("metric", f"{two}:a") == "two"


def test_what_a_file_defines_can_be_pickled_and_has_its_annotations(write: Write) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1"
    kind = plugins.find("metric", write("mine.py", text) + ":A")
    assert pickle.loads(pickle.dumps(kind(3))).x == 3


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(PluginError) as caught:
        plugins.find("metric", "acuracy", where="a.yaml:3  metrics.0")
    assert str(caught.value) == "a.yaml:3  metrics.0  no such metric: acuracy; did you mean accuracy?"


def test_a_file_without_a_name_gets_a_hint(write: Write) -> None:
    reference = write("mine.py", "a = 1")
    with pytest.raises(PluginError, match=r"no such loss: \./mine\.py; name the object in the file: \./mine\.py:NAME"):
        plugins.find("loss", reference)


def test_a_missing_file(write: Write) -> None:
    with pytest.raises(PluginError, match=r"no such file: .*gone\.py"):
        plugins.find("loss", "./gone.py:a")


def test_a_missing_module_and_a_module_without_the_name() -> None:
    with pytest.raises(PluginError, match="no_such_module_at_all can not be imported: ModuleNotFoundError"):
        plugins.find("loss", "no_such_module_at_all:a")
    with pytest.raises(PluginError, match=r"json has no load_s; did you mean loads\?"):
        plugins.find("loss", "json:load_s")


def test_a_file_without_the_name(write: Write) -> None:
    with pytest.raises(PluginError, match=r"mine\.py has no kost; did you mean cost\?"):
        plugins.find("metric", write("mine.py", "def cost(p, r): ...\n_kost = 1") + ":kost")


def test_an_error_in_a_file_has_its_line(write: Write) -> None:
    text = "def helper():\n    return 1 / 0\n\nhelper()\n"
    with pytest.raises(PluginError) as caught:
        plugins.find("metric", write("mine.py", text) + ":a", where="metrics")
    assert str(caught.value) == "metrics  mine.py:2 can not be imported: ZeroDivisionError: division by zero"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_syntax_error_in_a_file_has_its_line(write: Write) -> None:
    with pytest.raises(PluginError, match=r"SyntaxError: .*mine\.py, line 3"):
        plugins.find("metric", write("mine.py", "a = 1\nb = 2\ndef (:\n") + ":a")


def test_a_file_that_failed_can_be_mended(write: Write) -> None:
    before = set(sys.modules)
    with pytest.raises(PluginError):
        plugins.find("metric", write("mine.py", "raise ValueError") + ":a")
    assert not {name for name in set(sys.modules) - before if name.startswith("bertkit_plugin")}
    assert plugins.find("metric", write("mine.py", "a = 3") + ":a") == 3


@pytest.mark.parametrize("reference", [":a", "json:", "./mine:a", ":", "a b:c"])
def test_odd_references_are_errors_of_the_users(reference: str) -> None:
    with pytest.raises(PluginError):
        plugins.find("metric", reference)


@pytest.mark.parametrize(
    ("reference", "file", "moved"),
    [
        ("./mine.py:a", "mine.py", "./code/x.py:a"),
        ("/home/me/mine.py:a", "/home/me/mine.py", "./code/x.py:a"),
        ("evaluate:./mine.py", "mine.py", "evaluate:./code/x.py"),
        ("evaluate:accuracy", None, ""),
        ("package.module:a", None, ""),
        ("accuracy", None, ""),
        ("./mine.py", None, ""),
        (None, None, ""),
        (3, None, ""),
    ],
)
def test_the_file_of_a_reference(reference: object, file: str | None, moved: str) -> None:
    assert plugins.file_of(reference) == (Path(file) if file else None)
    if file:
        assert plugins.with_file(str(reference), "./code/x.py") == moved
