"""The Run folder: started once, opened when it is finished."""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RecipeError, RunError
from bertkit.files.run_files import PACKAGES, environment
from bertkit.fs import write_json
from bertkit.recipe.schema import Recipe
from bertkit.run import Run, default_folder

METRIC = "def cost(predictions, references):\n    return 1.0\n"


def recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate({"task": "classify", **changes})


def finish(run: Run) -> Run:
    """What a training would leave, as far as `Run.open` looks."""
    run.model.mkdir()
    run.task_file.write_text("{}")
    run.metrics_file.write_text("{}")
    return run


def test_create_writes_the_recipe(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "a" / "run", recipe(seed=7, train={"learning_rate": 3e-5}))
    assert run.recipe == recipe(seed=7, train={"learning_rate": 3e-5})
    assert sorted(path.name for path in run.path.iterdir()) == [".gitignore", "local.json", "recipe.yaml", "run.json"]
    assert (run.kind, run.backend, run.parent) == ("train", "torch", None)
    assert repr(run) == f"Run({str(tmp_path / 'a' / 'run')!r})"


def test_a_run_of_before_run_json_is_a_training(tmp_path: Path) -> None:
    run = finish(Run.create(tmp_path / "run", recipe()))
    run.run_file.unlink()
    opened = Run.open(run.path)
    assert (opened.kind, opened.backend, opened.parent) == ("train", "torch", None)


def test_a_derived_run_names_its_parent_and_is_finished_by_its_metrics(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(METRIC)
    coded = finish(Run.create(tmp_path / "run", recipe(metrics=[f"{tmp_path}/mine.py:cost"])))
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


def test_what_has_changed_since_it_was_written(tmp_path: Path) -> None:
    run = finish(Run.create(tmp_path / "run", recipe()))
    (run.model / "deep").mkdir()
    weights, deep = run.model / "model.safetensors", run.model / "deep" / "index.json"
    weights.write_bytes(b"weights")
    deep.write_bytes(b"{}")
    run.check_content()  # it has no hashes yet, as Runs of before
    run.seal()
    run.check_content()
    assert (run.kind, run.backend) == ("train", "torch")
    (run.model / "mine.txt").touch()  # a file of the user's
    run.check_content()
    for file, other in ((weights, b"weighty"), (deep, b"[]"), (run.task_file, b"[]")):
        content = file.read_bytes()
        file.write_bytes(other)
        name = re.escape(str(file.relative_to(run.path)))
        with pytest.raises(RunError, match=f"its model is damaged: the content of {name} has changed; copy the Run"):
            run.check_content()
        file.write_bytes(content)
    weights.unlink()
    with pytest.raises(RunError, match=r"its model is damaged: no model/model\.safetensors"):
        run.check_content()


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    assert Run.create(tmp_path, recipe()).recipe_file.is_file()


def test_a_run_whose_start_was_killed_can_start_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was written comes into the folder at once, with the identity of the data that a resume compares."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("bertkit.run.write_text", killed)
        Run.create(tmp_path / "run", recipe(), {"data": {"train": "x"}})
    assert not (tmp_path / "run" / "run.json").exists()
    (tmp_path / "run").mkdir(exist_ok=True)
    (tmp_path / "run" / ".writing-1").mkdir()  # what a SIGKILL leaves
    run = Run.create(tmp_path / "run", recipe(), {"data": {"train": "x"}})
    assert run.environment == {"data": {"train": "x"}}
    assert not list(run.path.glob(".writing-*"))


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
    metrics = {
        "validation": {"accuracy": 0.5},
        "intervals": {"validation": {"accuracy": [0.1, None]}},
        "rows": {"x": 3},
    }
    write_json(run.metrics_file, metrics)
    write_json(run.task_file, {"labels": ["a", "b"]})
    opened = Run.open(str(run.path))
    assert opened.metrics == metrics
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


@pytest.mark.parametrize(
    ("file", "read", "content", "reason"),
    [
        ("metrics.json", "metrics", "{", "not valid JSON"),
        ("metrics.json", "metrics", '{"test": {"accuracy": "high"}}', "test.accuracy: expected a number, found a text"),
        (
            "metrics.json",
            "metrics",
            '{"intervals": {"test": {"f1": [1]}}}',
            "intervals.test.f1: List should have at least 2 items",
        ),
        ("task.json", "task_state", "{}", "it has no labels"),
        ("task.json", "task_state", '{"labels": "ab"}', "labels: expected a list, found a text"),
        ("task.json", "task_state", '{"labels": ["a"], "outputs": [0, 1]}', "outputs: 2 values for 1 labels"),
        ("task.json", "task_state", '{"labels": []}', "labels: List should have at least 1 item"),
        ("task.json", "task_state", '{"labels": ["a", "a"]}', "labels: one occurs twice"),
        ("run.json", "kind", "[]", "expected an object, found a list"),
        ("run.json", "parent", '{"parent": "me"}', "parent: expected an object, found a text"),
        ("environment.json", "environment", "5", "expected an object, found a number"),
        ("environment.json", "environment", '{"code": {"a.py": {"source": 1}}}', "code.a.py.source: expected a text"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, file: str, read: str, content: str, reason: str) -> None:
    run = finish(Run.create(tmp_path / "run", recipe()))
    (run.path / file).write_text(content)
    with pytest.raises(RunError, match=rf"{re.escape(file)}  can not be used: .*{reason}.*; copy the Run again"):
        getattr(run, read)


def test_recipe_with_changes_a_key_and_not_the_file(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", recipe())
    assert run.recipe_with(["data.encoding=latin-1"]).data.encoding == "latin-1"
    assert run.recipe.data.encoding == "utf-8"
    with pytest.raises(RecipeError, match=r"--set  data\.encodin: no such key; did you mean encoding\?"):
        run.recipe_with(["data.encodin=latin-1"])


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
