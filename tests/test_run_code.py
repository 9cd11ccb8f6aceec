"""The code in a Run: copied when it starts, executed only where it is trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RunError
from bertkit.fs import write_json
from bertkit.run import Run
from tests.test_run import METRIC, finish, recipe


@pytest.fixture
def coded(tmp_path: Path) -> Run:
    """A finished Run with a metric of the user's, which still stands where it was."""
    (tmp_path / "mine.py").write_text(METRIC)
    return finish(Run.create(tmp_path / "run", recipe(metrics=[f"{tmp_path}/mine.py:cost"])))


def is_refused(run: Run) -> bool:
    """Whether the Run's code is not executed unasked; with trust it must be."""
    assert Run.open(run.path, trust_code=True).recipe
    try:
        _ = Run.open(run.path).recipe
    except RunError as error:
        assert "--trust-code" in str(error)
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
    assert run.environment["code"]["m.py"]["source"] == str(tmp_path / "m.py")
    assert len(run.environment["code"]["m.py"]["sha256"]) == 64


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


def test_code_that_stands_unchanged_where_it_was_is_trusted(coded: Run) -> None:
    assert not is_refused(coded)


def test_a_copy_elsewhere_on_the_same_machine_is_trusted(coded: Run, tmp_path: Path) -> None:
    assert not is_refused(Run(coded.path.rename(tmp_path / "moved")))


def test_code_whose_source_is_gone_or_changed_is_not_trusted(coded: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(METRIC + "#")
    assert is_refused(coded)
    (tmp_path / "mine.py").unlink()
    assert is_refused(coded)


def test_changed_code_in_the_run_is_not_trusted(coded: Run) -> None:
    (coded.code / "mine.py").write_text(METRIC + "# evil")
    assert is_refused(coded)


def test_every_file_that_is_not_trusted_is_named(coded: Run) -> None:
    (coded.code / "other.py").write_text("")
    (coded.code / "mine.py").write_text("")
    with pytest.raises(RunError) as caught:
        Run.open(coded.path)
    assert [Path(problem.key).name for problem in caught.value.problems] == ["mine.py", "other.py"]


@pytest.mark.parametrize("source", ["inside", "itself", "relative", "linked", "absent", "empty", "record"])
def test_a_run_can_not_vouch_for_its_own_code(coded: Run, tmp_path: Path, source: str, monkeypatch: Any) -> None:
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
    }[source]
    write_json(coded.environment_file, {"code": {} if claimed is None else {"mine.py": {"source": claimed}}})
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


@pytest.mark.parametrize(("metric", "refused"), [("evaluate:somebody/theirs", True), ("evaluate:accuracy", False)])
def test_code_that_evaluate_would_fetch_must_be_trusted(tmp_path: Path, metric: str, refused: bool) -> None:
    run = finish(Run.create(tmp_path / "run", recipe(metrics=[metric])))
    assert is_refused(run) == refused
    assert Run.open(run.path, trust_code=True).path == run.path


def test_code_that_is_not_trusted_is_to_be_read_first(coded: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").unlink()
    with pytest.raises(RunError, match=r"code/mine\.py  this Run executes code .* read it first; use --trust-code"):
        Run.open(coded.path)
