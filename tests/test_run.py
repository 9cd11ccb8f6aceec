"""The Run folder: started once, opened when it is finished, and its code executed only where it is trusted."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RecipeError, RunError
from bertkit.fs import write_json
from bertkit.recipe.schema import Recipe
from bertkit.run import PACKAGES, Run, default_folder, environment

METRIC = "def cost(predictions, references):\n    return 1.0\n"


def recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate({"task": "classify", **changes})


def finish(run: Run) -> Run:
    """What a training would leave, as far as `Run.open` looks."""
    run.model.mkdir()
    run.task_file.write_text("{}")
    run.metrics_file.write_text("{}")
    return run


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


def test_create_writes_the_recipe(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "a" / "run", recipe(seed=7, train={"learning_rate": 3e-5}))
    assert run.recipe == recipe(seed=7, train={"learning_rate": 3e-5})
    assert sorted(path.name for path in run.path.iterdir()) == ["recipe.yaml", "run.json"]
    assert (run.kind, run.backend, run.parent) == ("train", "torch", None)
    assert repr(run) == f"Run({str(tmp_path / 'a' / 'run')!r})"


def test_a_run_of_before_run_json_is_a_training(tmp_path: Path) -> None:
    run = finish(Run.create(tmp_path / "run", recipe()))
    run.run_file.unlink()
    opened = Run.open(run.path)
    assert (opened.kind, opened.backend, opened.parent) == ("train", "torch", None)


def test_a_derived_run_names_its_parent_and_is_finished_by_its_metrics(coded: Run, tmp_path: Path) -> None:
    (coded.model / "model.safetensors").write_bytes(b"weights")
    write_json(coded.task_file, {"labels": ["a", "b"]})
    derived = coded.derive(tmp_path / "small", kind="quantize", backend="onnx")
    assert not derived.is_finished
    with pytest.raises(RunError, match="an unfinished Run: no model, metrics"):
        Run.open(derived.path)
    derived.model.mkdir()
    write_json(derived.metrics_file, {})
    opened = Run.open(derived.path)
    assert (opened.kind, opened.backend) == ("quantize", "onnx")
    assert opened.parent == {
        "name": "run",
        "weights": {"model.safetensors": hashlib.sha256(b"weights").hexdigest()},
    }
    assert opened.task_state == {"labels": ["a", "b"]}
    assert opened.recipe.metrics == [f"{derived.path}/code/mine.py:cost"]
    with pytest.raises(RunError, match="in use"):
        coded.derive(tmp_path / "small", kind="export")


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    assert Run.create(tmp_path, recipe()).recipe_file.is_file()


@pytest.mark.parametrize("name", ["notes.txt", ".hidden"])
def test_a_folder_that_holds_something_is_in_use(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(RunError, match=f"--output  {re.escape(str(tmp_path))}: in use; name a new folder"):
        Run.create(tmp_path, recipe())
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(RunError, match="in use"):
        Run(tmp_path / "run").check_free()


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match=r"the folder can not be made: Not a directory"):
        Run.create(tmp_path / "file" / "run", recipe())


def test_open_gives_what_the_files_hold(tmp_path: Path) -> None:
    run = finish(Run.create(tmp_path / "run", recipe()))
    write_json(run.metrics_file, {"validation": {"accuracy": 0.5}})
    write_json(run.task_file, {"labels": ["a", "b"]})
    opened = Run.open(str(run.path))
    assert opened.metrics == {"validation": {"accuracy": 0.5}}
    assert opened.task_state == {"labels": ["a", "b"]}
    assert opened.environment == {}
    assert opened.recipe == recipe()


def test_open_says_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such folder; a Run is the folder that bertkit train writes"):
        Run.open(tmp_path / "gone")
    with pytest.raises(RunError, match=r"not a Run: it has no recipe\.yaml"):
        Run.open(tmp_path)


@pytest.mark.parametrize("name", ["model", "task.json", "metrics.json"])
def test_an_unfinished_run_is_not_opened(tmp_path: Path, name: str) -> None:
    run = finish(Run.create(tmp_path / "run", recipe()))
    path = run.path / name
    path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(RunError, match=rf"an unfinished Run: no {name}; bertkit train .* --resume"):
        Run.open(run.path)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    run = finish(Run.create(tmp_path / "run", recipe()))
    run.metrics_file.write_text("{")
    with pytest.raises(RunError, match=r"metrics\.json  can not be read"):
        _ = Run.open(run.path).metrics


def test_recipe_with_changes_a_key_and_not_the_file(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", recipe())
    assert run.recipe_with(["data.encoding=latin-1"]).data.encoding == "latin-1"
    assert run.recipe.data.encoding == "utf-8"
    with pytest.raises(RecipeError, match=r"--set  data\.encodin: no such key; did you mean encoding\?"):
        run.recipe_with(["data.encodin=latin-1"])


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


def test_default_folder_says_what_and_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("task: classify")
    assert re.fullmatch(r"runs/mine-\d{8}-\d{6}", str(default_folder("mine.yaml")))
    assert re.fullmatch(r"runs/glue-mrpc-\d{8}-\d{6}", str(default_folder("glue/mrpc")))


def test_the_environment_is_recorded() -> None:
    import torch
    import transformers

    here = environment()
    assert set(here["versions"]) == set(PACKAGES)
    assert here["versions"]["torch"].startswith(torch.__version__.split("+")[0])
    assert here["versions"]["transformers"] == transformers.__version__
    assert here["threads"] == torch.get_num_threads()
    assert here["devices"]
    assert json.loads(json.dumps(here)) == here


def test_nan_is_null_in_json(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"a": math.nan, "b": [math.inf, 1.0, (-math.inf, 2)], "c": {"d": math.nan, "e": "é"}})
    assert json.loads(file.read_text("utf-8")) == {"a": None, "b": [None, 1.0, [None, 2]], "c": {"d": None, "e": "é"}}
    assert "é" in file.read_text("utf-8")
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"old": 1})
    with file.open() as reader:
        write_json(file, {"new": 2})
        assert json.load(reader) == {"old": 1}
    with pytest.raises(TypeError):
        write_json(file, {"newest": object()})
    assert json.loads(file.read_text()) == {"new": 2}


@pytest.mark.parametrize(("metric", "refused"), [("evaluate:somebody/theirs", True), ("evaluate:accuracy", False)])
def test_code_that_evaluate_would_fetch_must_be_trusted(tmp_path: Path, metric: str, refused: bool) -> None:
    run = finish(Run.create(tmp_path / "run", recipe(metrics=[metric])))
    assert is_refused(run) == refused
    assert Run.open(run.path, trust_code=True).path == run.path


def test_messages_show_the_command_that_resumes(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "my run", recipe())
    command = f"bertkit train '{run.path}' --resume continues it"
    with pytest.raises(
        RunError, match=re.escape(f"--output  {run.path}: holds an unfinished Run; {command}")
    ) as caught:
        Run.create(run.path, recipe())
    assert caught.value.problems[0].key == "output"
    with pytest.raises(RunError, match=re.escape(f"an unfinished Run: no model, task.json, metrics.json; {command}")):
        Run.open(run.path)


def test_code_that_is_not_trusted_is_to_be_read_first(coded: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.py").unlink()
    with pytest.raises(RunError, match=r"code/mine\.py  this Run executes code .* read it first; use --trust-code"):
        Run.open(coded.path)
