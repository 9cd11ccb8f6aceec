"""What every recipe that comes with bertkit must do, for each YAML there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bertkit import plugins
from bertkit.metrics import find_metric
from bertkit.recipe.load import load, resolve
from bertkit.recipe.source import locate, recipe_names, recipes_folder
from bertkit.tasks import TASKS

NAMES = recipe_names()
GLUE = ["cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst2", "stsb", "wnli"]
TUNED = [f"tuned/{name}" for name in GLUE if name != "wnli"]  # of WNLI nobody reports tuned numbers


def test_the_recipes() -> None:
    expected = ["classify", "demo/support", "intent/banking77", "intent/clinc150", "intent/goemotions", "regress"]
    expected += [f"pretrain/{size}" for size in ("tiny", "mini", "small", "base", "large", "chinese-tiny")]
    expected += ["pretrain", "adapt/domain", "demo/pretrain"]
    expected += ["demo/squad", "squad", "squad/cmrc2018", "squad/v1", "squad/v2"]
    assert set(NAMES) >= {*expected, *(f"glue/{name}" for name in GLUE)}
    assert [name for name in NAMES if name.startswith("glue/")] == sorted(f"glue/{name}" for name in [*GLUE, *TUNED])


def test_every_yaml_of_the_folder_is_a_recipe() -> None:
    there = [path for path in recipes_folder().rglob("*") if path.is_file()]
    assert sorted(path.relative_to(recipes_folder()).with_suffix("").as_posix() for path in there) == NAMES
    assert {path.suffix for path in there} == {".yaml"}


def test_every_task_has_a_bare_recipe() -> None:
    assert set(TASKS) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_loads_and_checks(name: str) -> None:
    recipe = load(name)
    assert resolve(recipe).metrics
    if recipe.task == "pretrain" and recipe.model.scratch:
        assert recipe.model.tokenizer
    else:
        assert recipe.model.name
    task = plugins.find("task", recipe.task)
    for metric in recipe.metrics:
        find_metric(metric, task.takes)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_reads_columns_that_its_task_has(name: str) -> None:
    recipe = load(name)
    kind = plugins.find("task", recipe.task)
    columns = {column.name for column in kind(kind.Options.model_validate(recipe.options)).columns}
    assert set(recipe.data.columns) <= columns | {"id"}


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_names_its_numbers(name: str) -> None:
    """The numbers that decide a training are not left to a default that may change.

    Recipes to start from leave the epochs out: their default depends on the number of rows (`train.min_steps`).
    """
    recipe = load(name)
    assert {"per_device_train_batch_size", "learning_rate"} <= set(recipe.train)
    ends = {"num_train_epochs", "max_steps", "max_minutes"} if recipe.task == "pretrain" else {"num_train_epochs"}
    assert ends & set(recipe.train) or ("/" not in name and resolve(recipe).train["min_steps"])
    assert "seed:" in locate(name).read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_opens_with_what_it_is_for_and_the_command_that_uses_it(name: str) -> None:
    lines = locate(name).read_text("utf-8").splitlines()
    head = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    purpose = head[0].removeprefix("#").strip()
    assert len(purpose) > 20
    assert not purpose.startswith("bertkit")
    commands = re.findall(r"^#\s+bertkit train (\S+)", "\n".join(head), re.MULTILINE)
    assert commands
    assert commands[0] == name
    if load(name).task == "pretrain":  # what comes after it is another recipe's
        assert set(commands) <= set(NAMES)
    else:
        assert set(commands) == {name}


@pytest.mark.parametrize("name", NAMES)
def test_the_command_of_a_recipe_sets_keys_that_exist(name: str) -> None:
    head = locate(name).read_text("utf-8").partition("\n\n")[0]
    sets = [quoted or bare for quoted, bare in re.findall(r"(?:-s|--set) (?:'([^']+)'|(\S+))", head)]
    load(name, sets)


@pytest.mark.parametrize("name", NAMES)
def test_the_keys_that_are_shown_behind_a_comment_exist(name: str) -> None:
    """A line such as `  # label_smoothing: 0.1` is there to be uncommented: it must then be understood."""
    lines = locate(name).read_text("utf-8").splitlines()
    block = ""
    sets = []
    for line in lines:
        if found := re.match(r"(\w+):", line):
            block = found[1]
        elif found := re.match(r"  # (\w+): (.+?)(?: {2,}# .*)?$", line):
            sets.append(f"{block}.{found[1]}={found[2]}")
    for text in sets:
        if text.startswith("data.label_ids"):  # needs label_names
            continue
        load(name, [text, "model.name=null"] if text.startswith("model.scratch") else [text])


@pytest.mark.parametrize("name", GLUE)
def test_glue_is_scored_as_the_benchmark_does(name: str) -> None:
    recipe = load(f"glue/{name}")
    assert recipe.metrics == [f"glue/{name}"]
    assert recipe.task == ("regress" if name == "stsb" else "classify")
    assert recipe.data.train
    assert recipe.data.train == [f"hub:nyu-mll/glue:{name}#train"]
    assert recipe.data.validation
    assert recipe.options["max_length"] == 128


def test_data_that_comes_along_is_there() -> None:
    recipe = load("demo/support")
    for source in (recipe.data.train, recipe.data.validation, recipe.data.test):
        assert source
        assert source[0].startswith("package:bertkit/")
        package = Path(plugins.__file__).parent
        assert (package / source[0].removeprefix("package:bertkit/")).is_file()
