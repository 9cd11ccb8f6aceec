"""The code in a Run: copied when it starts, executed only where it is trusted."""

from __future__ import annotations

import hashlib
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bertkit import trust
from bertkit.errors import RecipeError, RunError
from bertkit.fs import write_json
from bertkit.recipe.load import load
from bertkit.run import Run
from tests.test_run import METRIC, finish, recipe


@pytest.fixture
def coded(tmp_path: Path) -> Run:
    """A finished Run with a metric of the user's."""
    (tmp_path / "mine.py").write_text(METRIC)
    return finish(Run.create(tmp_path / "run", recipe(metrics=[f"{tmp_path}/mine.py:cost"])))


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another user from now on, who has allowed nothing: where their list of allowed code will be."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "stranger"))
    return trust.store()


def is_refused(run: Run) -> bool:
    """Whether the Run's code is not executed unasked; with trust it must be, and is allowed from then on."""
    try:
        _ = Run.open(run.path).recipe
    except RunError as error:
        assert "--trust-code" in str(error)
        assert Run.open(run.path, trust_code=True).recipe
        assert Run.open(run.path).recipe
        return True
    return False


def test_code_is_copied_and_references_lead_to_the_copy(tmp_path: Path) -> None:
    task = "from bertkit.tasks.classify.task import Classify\nclass Mine(Classify): ..."
    for name, text in {"task.py": task, "m.py": METRIC, "e.py": METRIC, "r.py": "read = 1", "l.py": "loss = 1"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "c.py").write_text("class Call: ...")
    here = recipe(
        task=f"{tmp_path}/task.py:Mine",
        metrics=["accuracy", f"{tmp_path}/m.py:cost", f"evaluate:{tmp_path}/e.py"],
        callbacks=[f"{tmp_path}/c.py:Call", {f"{tmp_path}/c.py:Call": {"path": f"{tmp_path}/c.py:no"}}],
        data={"format": f"{tmp_path}/r.py:read"},
        options={"loss": f"{tmp_path}/l.py:loss", "out_of_scope": f"{tmp_path}/l.py:no"},
    )
    run = Run.create(tmp_path / "run", here)
    assert sorted(path.name for path in run.code.iterdir()) == ["c.py", "e.py", "l.py", "m.py", "r.py", "task.py"]
    assert (run.code / "m.py").read_text() == METRIC
    text = run.recipe_file.read_text()
    for reference in ("./code/task.py:Mine", "./code/m.py:cost", "evaluate:./code/e.py", "./code/r.py:read"):
        assert reference in text
    code = run.code.absolute()
    assert run.recipe.options == {"loss": f"{code}/l.py:loss", "out_of_scope": f"{tmp_path}/l.py:no"}
    assert run.recipe.callbacks == [f"{code}/c.py:Call", {f"{code}/c.py:Call": {"path": f"{tmp_path}/c.py:no"}}]
    assert run.recipe.metrics == ["accuracy", f"{code}/m.py:cost", f"evaluate:{code}/e.py"]
    assert run.environment["code"]["m.py"] == {"sha256": hashlib.sha256(METRIC.encode()).hexdigest()}


def test_files_of_one_name_are_both_copied(tmp_path: Path) -> None:
    references = []
    for name in ("a.py", "a_2.py", "x/a.py", "y/a.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"def cost(p, r): return {len(references)}\n")
        references.append(f"{tmp_path / name}:cost")
    run = Run.create(tmp_path / "run", recipe(metrics=[*references, references[0]]))
    from bertkit import plugins

    kept = [plugins.find("metric", reference)(None, None) for reference in run.recipe.metrics]
    assert kept == [0, 1, 2, 3, 0]


def test_a_run_without_code_of_the_users_needs_no_trust(tmp_path: Path) -> None:
    run = finish(Run.create(tmp_path / "run", recipe(metrics=["accuracy"])))
    assert not run.code.exists()
    assert Run.open(run.path).recipe.metrics == ["accuracy"]


def test_the_code_of_ones_own_run_is_allowed_wherever_the_run_and_the_code_are(coded: Run, tmp_path: Path) -> None:
    assert not is_refused(coded)
    (tmp_path / "mine.py").unlink()
    assert not is_refused(Run(coded.path.rename(tmp_path / "moved")))


def test_the_code_of_a_run_is_not_allowed_for_another_user(coded: Run, stranger: Path) -> None:
    """Not even though the file that it was copied from is still there, unchanged."""
    assert is_refused(coded)


def test_changed_code_in_the_run_is_not_trusted(coded: Run) -> None:
    (coded.code / "mine.py").write_text(METRIC + "# evil")
    assert is_refused(coded)


def test_every_file_that_is_not_trusted_is_named(coded: Run) -> None:
    (coded.code / "other.py").write_text("# of a stranger\n")
    (coded.code / "mine.py").write_text("# of another stranger\n")
    with pytest.raises(RunError) as caught:
        Run.open(coded.path)
    assert [Path(problem.key).name for problem in caught.value.problems] == ["mine.py", "other.py"]


@pytest.mark.parametrize("source", ["inside", "itself", "relative", "linked", "absent", "empty", "record", "working"])
def test_a_run_can_not_vouch_for_its_own_code(
    coded: Run, tmp_path: Path, source: str, monkeypatch: Any, stranger: Path
) -> None:
    """The attack: a Run from elsewhere whose environment.json names a source that it brings along."""
    monkeypatch.chdir(coded.path)
    (tmp_path / "mine.py").unlink()
    (coded.path / "brought.py").write_text(METRIC)
    (tmp_path / "link").symlink_to(coded.path)
    claimed = {
        "inside": str(coded.path / "brought.py"),
        "itself": str(coded.code / "mine.py"),
        "relative": "brought.py",
        "linked": str(tmp_path / "link" / "brought.py"),
        "absent": str(tmp_path / "gone.py"),
        "empty": "",
        "record": None,
        "working": "/proc/self/cwd/brought.py",  # the folder where the user stands, which is the Run
    }[source]
    record = {"source": claimed, "sha256": hashlib.sha256(METRIC.encode()).hexdigest()}
    write_json(coded.environment_file, {"code": {} if claimed is None else {"mine.py": record}})
    assert is_refused(coded)


@pytest.mark.parametrize("place", ["evil.py", "code/sub/evil.py", "model/evil.py", "../evil.py"])
def test_code_beside_the_code_folder_is_not_executed_either(coded: Run, place: str) -> None:
    """The attack: a recipe.yaml that names a file which `Run.create` would never have put there."""
    evil = coded.path / place
    evil.parent.mkdir(exist_ok=True)
    evil.write_text(f"# {place}\nfrom pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n{METRIC}")
    coded.recipe_file.write_text(f"task: classify\nmetrics: ['./{place}:cost']\n")
    try:
        _ = Run.open(coded.path).recipe
    except RunError as error:
        assert "--trust-code" in str(error)
    assert not evil.with_suffix(".ran").exists()


def test_code_that_is_not_trusted_is_to_be_read_first(coded: Run, stranger: Path) -> None:
    with pytest.raises(RunError, match=r"code/mine\.py  this Run executes code .* read it first; use --trust-code"):
        Run.open(coded.path)


TRAP = "from pathlib import Path\nPath({ran!r}).touch()\n" + METRIC
"""A module that leaves a file behind where it is executed."""


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The attack: a folder to stand in, on the path of modules, with a module and a package; what they leave behind."""
    here = tmp_path / "here"
    (here / "evilpackage").mkdir(parents=True)
    for name in ("evilmodule.py", "evilpackage/__init__.py", "evilpackage/inner.py"):
        (here / name).write_text(TRAP.format(ran=str(tmp_path / "ran")))
    monkeypatch.chdir(here)
    monkeypatch.syspath_prepend(str(here))
    yield tmp_path / "ran"
    for name in [name for name in sys.modules if name.startswith("evil")]:
        del sys.modules[name]


BLOCKS = {
    "metric": "task: classify\nmetrics: ['{0}']",
    "task": "task: '{0}'",
    "reader": "task: classify\ndata: {{format: '{0}'}}",
    "callback": "task: classify\ncallbacks: [{{'{0}': {{a: 1}}}}]",
    "loss": "task: classify\noptions: {{loss: '{0}'}}",
    "option": "task: classify\noptions: {{loss: focal, other: [{{deep: '{0}'}}]}}",
}
"""Each place of a recipe that names code."""


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize(
    "reference", ["evilmodule:cost", "evilpackage.inner:cost", "subprocess:Popen", "builtins:exec"]
)
def test_a_module_that_a_run_names_is_not_imported(
    coded: Run, stranger: Path, evil: Path, kind: str, reference: str
) -> None:
    (coded.code / "mine.py").unlink()
    coded.recipe_file.write_text(BLOCKS[kind].format(reference))
    with pytest.raises(RunError, match="this Run executes code that you have not allowed") as caught:
        Run.open(coded.path)
    files = {"evilmodule": ["evilmodule.py"], "evilpackage": ["__init__.py", "inner.py"]}
    named = [Path(problem.key).name for problem in caught.value.problems]
    assert sorted(named) == files.get(reference.partition(":")[0].partition(".")[0], [reference])
    assert not evil.exists()
    assert not stranger.exists()


def test_a_module_that_was_allowed_is_refused_once_it_changes(coded: Run, stranger: Path, evil: Path) -> None:
    coded.recipe_file.write_text(BLOCKS["metric"].format("evilpackage.inner:cost"))
    assert is_refused(coded)
    Path("evilpackage/inner.py").write_text(METRIC + "# changed")
    assert is_refused(coded)


def test_the_modules_of_ones_own_recipe_are_allowed(tmp_path: Path, evil: Path) -> None:
    assert not is_refused(finish(Run.create(tmp_path / "own", recipe(metrics=["evilmodule:cost"]))))
    assert evil.exists()


def test_the_entry_point_of_a_working_folder_is_not_an_installed_one(
    coded: Run, stranger: Path, evil: Path, tmp_path: Path
) -> None:
    package = Path("evil-1.dist-info")
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[bertkit.metrics]\nnice = evilmodule:cost\n")
    coded.recipe_file.write_text(BLOCKS["metric"].format("nice"))
    (coded.code / "mine.py").unlink()
    with pytest.raises(RunError, match=r"evilmodule\.py  this Run executes code"):
        Run.open(coded.path)
    assert not evil.exists()


def test_bytecode_beside_allowed_code_is_not_executed(coded: Run, evil: Path, tmp_path: Path) -> None:
    """The attack: code that the user knows, and beside it the compiled form of other code, which Python prefers."""
    for file in (coded.code / "mine.py", Path("evilmodule.py")):
        file.write_text(TRAP.format(ran=str(evil)))
        py_compile.compile(str(file), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        file.write_text(METRIC)
    both = ["./code/mine.py:cost", "evilmodule:cost"]
    coded.recipe_file.write_text(f"task: classify\nmetrics: {both}\n")
    assert Run.open(coded.path, trust_code=True).recipe.metrics[1] == "evilmodule:cost"
    assert not evil.exists()


@pytest.mark.parametrize("name", ["theirs", "theirs/theirs.py"])
def test_a_script_that_evaluate_finds_in_the_working_folder(coded: Run, stranger: Path, evil: Path, name: str) -> None:
    Path("theirs").mkdir()
    Path("theirs/theirs.py").write_text(TRAP.format(ran=str(evil)))
    place = name if name == "theirs" else str(Path(name).absolute())
    coded.recipe_file.write_text(BLOCKS["metric"].format(f"evaluate:{place}"))
    (coded.code / "mine.py").unlink()
    with pytest.raises(RunError, match=r"theirs/theirs\.py  this Run executes code"):
        Run.open(coded.path)
    assert not evil.exists()


def test_the_recipe_of_somebody_elses_run_is_theirs(coded: Run, stranger: Path) -> None:
    """`bertkit train RUN/recipe.yaml`, as docs say how to train it again."""
    with pytest.raises(RecipeError, match=r"code/mine\.py  this Run executes code .*--trust-code"):
        load(coded.recipe_file)
    with trust.given():
        assert load(coded.recipe_file).metrics
    assert load(coded.recipe_file).metrics


def test_code_of_the_model_in_a_run(coded: Run, stranger: Path) -> None:
    (coded.model / "modeling.py").write_text("evil")
    with pytest.raises(RunError, match=r"model/modeling\.py  this Run"):
        Run.open(coded.path)


def test_links_that_lead_out_of_a_run_are_not_written_to(coded: Run, tmp_path: Path) -> None:
    """The attack: `report.html` of a stranger's Run is a link to a file of the user's."""
    (coded.path / "inside.html").symlink_to(coded.recipe_file)
    Run.begun(coded.path)
    coded.checkpoints.symlink_to(tmp_path)
    coded.report_file.symlink_to(tmp_path / "mine.py")
    with pytest.raises(RunError) as caught:
        Run.begun(coded.path)
    assert [Path(problem.key).name for problem in caught.value.problems] == ["checkpoints", "report.html"]
    assert "leads out of the Run" in str(caught.value)
