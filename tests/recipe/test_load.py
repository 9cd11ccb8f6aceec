"""File + `--set` -> Recipe: every mistake at once, each with its place and what to do, and nothing lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertkit.errors import RecipeError
from bertkit.recipe.load import build, dump, load, resolve
from bertkit.recipe.schema import Recipe
from bertkit.recipe.source import parse, read, recipe_names

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        Path("r.yaml").write_text(text)
        return Path("r.yaml")

    return write


def said(path: Path, *sets: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        load(path, sets)
    return list(map(str, caught.value.problems))


def test_a_recipe_is_read(write: Write) -> None:
    recipe = load(write("task: classify\nmodel: bert\ntrain: {learning_rate: 3e-5}\nmetrics: macro_f1\n"), ["seed=7"])
    assert isinstance(recipe, Recipe)
    assert (recipe.task, recipe.model.name, recipe.seed) == ("classify", "bert", 7)
    assert recipe.train == {"learning_rate": 3e-5}
    assert recipe.metrics == ["macro_f1"]


def test_every_mistake_is_told_at_once_with_its_line(write: Write) -> None:
    path = write(
        "task: classify\n"
        "model:\n"
        "  nam: bert\n"
        "data:\n"
        "  trian: a.csv\n"
        "  limit: {train: 0}\n"
        "  bad_rows: ignore\n"
        "options:\n"
        "  max_lenght: 12\n"
        "train:\n"
        "  num_train_epoch: 3\n"
        "  learning_rate: fast\n"
        "  seed: 3\n"
        "metrics: [acuracy, macro_f1, evaluate:anything]\n"
        "callbacks:\n"
        "- early_stoping\n"
        "- {early_stopin: {early_stopping_patience: 3}}\n"
    )
    assert said(path, "train.weight_decay=-1", "sed=3") == [
        "r.yaml:3  model.nam: no such key; did you mean name?",
        "r.yaml:6  data.limit.train: must be at least 1, got 0",
        "r.yaml:7  data.bad_rows: no such value: 'ignore'; one of 'error' or 'skip'",
        "r.yaml:5  data.trian: no such key; did you mean train?",
        "--set  sed: no such key; did you mean seed?",
        "r.yaml:11  train.num_train_epoch: no such key; did you mean num_train_epochs?",
        "r.yaml:12  train.learning_rate: expected a number, got 'fast'",
        "r.yaml:13  train.seed: not set here; seed stands at the top of the recipe",
        "--set  train.weight_decay: must be at least 0, got -1",
        "r.yaml:9  options.max_lenght: no such key; did you mean max_length?",
        "r.yaml:14  metrics.0: no such metric: acuracy; did you mean accuracy?",
        "r.yaml:16  callbacks.0: no such callback: early_stoping; did you mean early_stopping?",
        "r.yaml:17  callbacks.1: no such callback: early_stopin; did you mean early_stopping?",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("model: bert\n", "r.yaml  task: missing; bertkit recipe show classify prints a full one"),
        ("task: clasify\n", "r.yaml:1  task: no such task: clasify; did you mean classify?"),
        ("task: ./mine.py\n", "r.yaml:1  task: no such task: ./mine.py; name the object in the file: ./mine.py:NAME"),
        ("task: 3\n", "r.yaml:1  task: expected a text, got 3"),
        ("task: classify\nseed: 1.5\n", "r.yaml:2  seed: expected a whole number, got 1.5"),
        ("task: classify\nseed: -1\n", "r.yaml:2  seed: must be at least 0, got -1"),
        ("task: classify\ntrain: fast\n", "r.yaml:2  train: expected a block of keys, got 'fast'"),
        ("task: classify\nmodel: [bert]\n", "r.yaml:2  model: expected a block of keys, got ['bert']"),
        ("task: classify\nmetrics: {a: b}\n", "r.yaml:2  metrics: expected a list, got {'a': 'b'}"),
        ("task: classify\ndata: {label_ids: yes, label_names: [a]}\n", "r.yaml:2  data.label_ids: expected true or"),
        ("task: classify\ndata: {label_ids: true}\n", "r.yaml:2  data: label_ids needs label_names: the names, in"),
        ("task: classify\ndata: {columns: {text: 3}}\n", "r.yaml:2  data.columns.text: expected a text, got 3"),
        ("task: classify\ndata: {validation_ratio: 1}\n", "r.yaml:2  data.validation_ratio: must be below 1.0, got 1"),
        ("task: classify\ndata: {format: cvs}\n", "r.yaml:2  data.format: no such reader: cvs; did you mean csv?"),
        ("task: classify\noptions: {threshold: 0.5}\n", "r.yaml:2  options: threshold goes with multi_label: true"),
        ("task: classify\noptions: {long_text: cutt}\n", "r.yaml:2  options.long_text: no such value: 'cutt'; one of"),
        ("task: classify\noptions: {max_length: 2}\n", "r.yaml:2  options.max_length: must be at least 4, got 2"),
        ("task: regress\noptions: {multi_label: true}\n", "r.yaml:2  options.multi_label: no such key; known: max_l"),
        ("task: classify\noptions: {class_weights: {a: x}}\n", "r.yaml:2  options.class_weights"),
        ("task: classify\noptions: {loss: focall}\n", "r.yaml:2  options.loss"),
        ("task: regress\noptions: {loss: squared_eror}\n", "r.yaml:2  options.loss"),
    ],
)
def test_a_mistake_is_told_with_its_place(write: Write, text: str, problem: str) -> None:
    assert said(write(text))[0].startswith(problem)


def test_one_mistake_is_told_once(write: Write) -> None:
    assert len(said(write("task: classify\ntrain: {bogus: 1}\n"))) == 1
    assert len(said(write("task: classify\noptions: {bogus: 1}\n"))) == 1
    assert len(said(write("task: clasify\noptions: {bogus: 1}\n"))) == 1
    assert len(said(write("task: classify\nmodel: {bogus: 1}\n"))) == 1
    assert len(said(write("task: classify\nmetrics: [bogus]\n"))) == 1


def test_an_unknown_task_does_not_hide_other_mistakes(write: Write) -> None:
    assert len(said(write("task: clasify\nsed: 1\ntrain: {bogus: 1}\nmetrics: [bogus]\n"))) == 4


@pytest.mark.parametrize("reference", ["os:path", "json:loads", "json:JSONDecoder"])
def test_what_is_no_task_is_a_mistake_of_the_users(write: Write, reference: str) -> None:
    (problem,) = said(write(f"task: {reference}\n"))
    assert problem.startswith("r.yaml:1")
    assert reference in problem


def test_mistakes_in_a_users_file_have_its_line(write: Write) -> None:
    Path("mine.py").write_text("a = 1\nb = missing\n")
    (problem,) = said(write("task: classify\nmetrics:\n- ./mine.py:a\n"))
    assert problem.startswith("r.yaml:3  metrics.0: ")
    assert "mine.py:2 can not be imported: NameError: name 'missing' is not defined" in problem


def test_the_options_of_a_users_task_are_checked(write: Write) -> None:
    Path("mine.py").write_text(
        "from bertkit.tasks.classify.task import Classify, ClassifyOptions\n"
        "class MyOptions(ClassifyOptions):\n    shade: str = 'red'\n"
        "class Mine(Classify):\n    Options = MyOptions\n"
    )
    assert load(write("task: ./mine.py:Mine\noptions: {shade: blue}\n")).options == {"shade": "blue"}
    (problem,) = said(write("task: ./mine.py:Mine\noptions:\n  shad: blue\n"))
    assert problem == "r.yaml:3  options.shad: no such key; did you mean shade?"


def test_resolve_writes_out_every_default(write: Write) -> None:
    from bertkit.tasks.classify.task import Classify, ClassifyOptions

    full = resolve(load(write("task: classify\noptions: {max_length: 64}\ntrain: {learning_rate: 1e-3}\n")))
    assert full.options == {**ClassifyOptions().model_dump(), "max_length": 64}
    assert full.metrics == list(Classify.metrics)
    assert full.train["learning_rate"] == 1e-3
    assert full.train["num_train_epochs"] == 3.0
    assert resolve(full) == full


def test_resolve_keeps_the_metrics_and_knows_those_of_the_options(write: Write) -> None:
    assert resolve(load(write("task: classify\nmetrics: [log_loss]\n"))).metrics == ["log_loss"]
    several = resolve(load(write("task: classify\noptions: {multi_label: true}\n"))).metrics
    assert several == ["macro_f1", "micro_f1", "accuracy"]
    assert resolve(load(write("task: regress\n"))).metrics == ["pearson", "spearman"]


def again(recipe: Recipe) -> Recipe:
    return build(parse(dump(recipe), "again.yaml"), of_run=True)


@pytest.mark.parametrize("name", recipe_names())
def test_nothing_is_lost_between_dump_and_build(name: str) -> None:
    recipe = load(name)
    assert again(recipe) == recipe
    assert again(resolve(recipe)) == resolve(recipe)
    assert build(parse(dump(resolve(recipe)), "run.yaml")) == resolve(recipe)  # also as a recipe of its own


def test_nothing_is_lost_of_any_key() -> None:
    recipe = Recipe.model_validate(
        {
            "task": "classify",
            "model": {
                "scratch": {"model_type": "bert", "hidden_size": 32, "id2label": None},
                "tokenizer": "bert-base-cased",
                "revision": "1e5",
                "freeze_embeddings": True,
                "freeze_layers": 2,
            },
            "data": {
                "train": ["/a.csv", "hub:x/y#train"],
                "validation": ["/0123"],
                "test": ["-"],
                "format": "csv",
                "columns": {"text": "no", "label": "007", "id": "a: b"},
                "header": ["null", "~", "#1"],
                "encoding": "latin-1",
                "label_names": ["no", "yes", "1", "1.0", "null", "<<", "=", "2020-01-01", "- x", "é\u2028", "x\n y "],
                "label_ids": True,
                "label_separator": "\t",
                "validation_ratio": 0.30000000000000004,
                "limit": {"train": 5},
                "max_characters": 7,
                "bad_rows": "skip",
            },
            "options": {"class_weights": {"no": 1e-300, "1": 3.0}, "max_length": 8},
            "train": {"learning_rate": 3e-5, "save_total_limit": None, "lr_scheduler_kwargs": {"x": [None, True, "1"]}},
            "metrics": ["accuracy", "json:loads"],
            "callbacks": ["early_stopping", {"early_stopping": {"early_stopping_threshold": 0.1}}],
            "seed": 4294967295,
        }
    )
    assert again(recipe) == recipe


# What YAML can write: no control characters. (ruamel.yaml reads NEL, U+0085, as white space.)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(names=st.dictionaries(texts, texts, max_size=3), number=st.floats(allow_nan=False, allow_infinity=False))
def test_no_text_and_no_number_is_changed(names: dict[str, str], number: float) -> None:
    values: dict[str, Any] = {
        "task": "classify",
        "data": {"columns": names, "header": [*names.values(), "x"]},
        "callbacks": [{"early_stopping": {"early_stopping_threshold": number, "names": names}}],
    }
    recipe = Recipe.model_validate(values)
    assert again(recipe) == recipe


def test_a_renamed_option_is_an_error_that_names_the_new_one(write: Write) -> None:
    path = write("task: ner\noptions:\n  pieces: all\n  max_lenght: 9\n")
    assert said(path, "options.pieces=mean") == [
        "--set  options.pieces: has another name now; write options.subtoken_pooling",
        "r.yaml:4  options.max_lenght: no such key; did you mean max_length?",
    ]
    assert said(path)[0] == "r.yaml:3  options.pieces: has another name now; write options.subtoken_pooling"
    both = write("task: ner\noptions: {pieces: all, subtoken_pooling: mean}\n")
    assert said(both) == ["r.yaml:2  options.pieces: has another name now; write options.subtoken_pooling"]


def test_a_run_from_before_a_renaming_opens(write: Write) -> None:
    source = read(write("task: ner\noptions: {pieces: all, max_length: 9}\n"))
    assert build(source, of_run=True).options == {"subtoken_pooling": "all", "max_length": 9}
    with pytest.raises(RecipeError, match=r"--set  options\.pieces: has another name now"):
        build(read(Path("r.yaml"), ["options.pieces=mean"]), of_run=True)


def test_a_users_own_task_may_rename_its_options(write: Write) -> None:
    Path("mine.py").write_text(
        "from bertkit.tasks.classify.task import Classify, ClassifyOptions\n"
        "class Options(ClassifyOptions):\n"
        "    renamed = {'mode': 'way'}\n"
        "    way: str = ''\n"
        "class Mine(Classify):\n"
        "    Options = Options\n"
    )
    path = write("task: ./mine.py:Mine\noptions: {mode: fast}\n")
    assert said(path) == ["r.yaml:2  options.mode: has another name now; write options.way"]
    assert build(read(path), of_run=True).options == {"way": "fast"}


def test_what_was_parsed_once_is_not_changed_by_sets(write: Write) -> None:
    path = write("task: classify\ntrain: {learning_rate: 1e-4}\n")
    assert load(path, ["train.learning_rate=1e-3", "seed=1"]).train == {"learning_rate": 1e-3}
    again = load(path)
    assert (again.train, again.seed) == ({"learning_rate": 1e-4}, 42)
    assert load(write("task: regress\n")).task == "regress"


def test_a_dict_is_a_recipe_too(tmp_path: Path) -> None:
    values = {"task": "classify", "data": {"train": tmp_path / "a.csv"}, "metrics": ("accuracy",)}
    sets = {"train.learning_rate": 3e-5, "data.columns.text": "a: b", "data.header": ("x", "y"), "seed": 3}
    loaded = load(values, sets)
    assert loaded.data.train == [str(tmp_path / "a.csv")]
    assert (loaded.seed, loaded.train["learning_rate"], loaded.data.columns) == (3, 3e-5, {"text": "a: b"})
    assert list(loaded.data.header or ()) == ["x", "y"]
    assert values["data"] == {"train": tmp_path / "a.csv"}, "and is not changed"


def test_what_is_no_recipe_from_python() -> None:
    with pytest.raises(RecipeError, match="recipe  expected a file, a name or a dict, got list"):
        load(["task"])  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match="task  missing; bertkit recipe show"):
        load({})
    with pytest.raises(RecipeError, match="modle  no such key; did you mean model"):
        load({"task": "classify", "modle": 1})
    for wrong in ("seed=3", [("seed", 3)]):
        with pytest.raises(RecipeError, match="--set  expected a list of KEY=VALUE texts or a dict"):
            load({"task": "classify"}, wrong)  # type: ignore[arg-type]


def test_line_ends_of_unicode_come_back() -> None:
    from bertkit.recipe.load import dump_values
    from bertkit.recipe.yaml_text import load as read

    values = {"a": "6\x85", "b": ["x\u2028y", "\ufeffz"], "c\x85": 1}
    assert read(dump_values(values), "a.yaml")[0] == values


def test_a_recipe_that_no_run_could_read_again() -> None:
    names = [f"label number {number:07}" for number in range(60_000)]
    recipe = {"task": "classify", "model": "m", "data": {"train": "a.csv", "label_names": names}}
    with pytest.raises(RecipeError, match="more than 1,048,576 bytes"):
        load(recipe)
