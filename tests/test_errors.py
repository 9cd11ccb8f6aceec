"""Messages that say where, what and what next, and the tree of errors as its module draws it."""

from __future__ import annotations

import re
import shlex
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bertkit import errors
from bertkit.errors import BertkitError, DataError, Parameter, Problem, RecipeError, Setting, did_you_mean, together
from bertkit.recipe.source import YamlValues, apply


def test_a_problem_reads_where_what_and_what_next() -> None:
    assert str(Problem("a.yaml:3", "model.nam: no such key", "did you mean name?")) == (
        "a.yaml:3  model.nam: no such key; did you mean name?"
    )
    assert str(Problem("a.yaml:3", "no rows")) == "a.yaml:3  no rows"
    assert str(Problem("", "no rows", "look again")) == "no rows; look again"


def test_detail_follows_what_and_the_setting_follows_the_next_step() -> None:
    setting = Setting("data.bad_rows", "skip")
    assert str(Problem("a.csv:3", "is empty", "leave it out", "word 2", setting)) == (
        "a.csv:3  is empty: word 2; leave it out: --set data.bad_rows=skip"
    )
    assert str(Problem("a.csv:3", "is empty", setting=setting)) == "a.csv:3  is empty; --set data.bad_rows=skip"


def test_a_place_stands_before_its_key_and_a_parameter_is_shown_as_its_option() -> None:
    assert str(Problem("train.x", "no such key", place="a.yaml:3")) == "a.yaml:3  train.x: no such key"
    assert str(Problem("", "not valid YAML", place="a.yaml:3")) == "a.yaml:3  not valid YAML"
    assert str(Problem("seed", "not here", Parameter("seeds"), place=Parameter("sets"))) == (
        "--set  seed: not here; use --seeds"
    )
    assert str(Problem(Parameter("no_answer"), "is a file")) == "--no-answer  is a file"


def test_an_error_holds_all_its_problems_a_line_each() -> None:
    problems = Problem("a.csv:2", "one"), Problem("a.csv:3", "two", "mend it")
    error = DataError(*problems)
    assert error.problems == problems
    assert str(error) == "a.csv:2  one\na.csv:3  two; mend it"


def test_at_makes_the_error_of_one_problem_of_the_same_kind() -> None:
    error = DataError.at("dev.csv:7", "no label", "add one")
    assert type(error) is DataError
    assert error.problems == (Problem("dev.csv:7", "no label", "add one"),)


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", errors.__doc__ or ""))
    there = {kind.__name__ for kind in BertkitError.__subclasses__() if kind.__module__ == errors.__name__}
    assert drawn == there
    assert len(there) == 10


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("num_train_epoch", ["num_train_epochs", "learning_rate"], "did you mean num_train_epochs?"),
        ("zzz", ["one", "two"], "known: one, two"),
        ("zzz", [], ""),
        (
            "zzz",
            [f"name{i}" for i in range(13)],
            "known: " + ", ".join(f"name{i}" for i in range(12)) + ", ... (13 in all)",
        ),
        ("1", [1, 22], "did you mean 1?"),
    ],
)
def test_did_you_mean(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        ("sentence", "key=sentence"),
        ("my text", "'key=my text'"),
        ("Überschrift", "key=Überschrift"),
        ("#1 String", """'key="#1 String"'"""),
        ("007", """'key="007"'"""),
        ("null", """'key="null"'"""),
        ("a: b", """'key="a: b"'"""),
        (" a", """'key=" a"'"""),
        (7, "key=7"),
        (["text", "1"], """'key=[text,"1"]'"""),
    ],
)
def test_settings_are_quoted_for_yaml_and_for_the_shell(value, typed):
    assert shlex.split(str(Setting("key", tuple(value) if isinstance(value, list) else value))) == shlex.split(
        f"--set {typed}"
    )
    assert (
        YAML(typ="safe").load(
            shlex.split(str(Setting("key", tuple(value) if isinstance(value, list) else value)))[1].partition("=")[2]
        )
        == value
    )


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
    | st.sampled_from(
        ["#1 String", "null", "~", "yes", "1e5", "a: b", "'", '"', "- a", "a #b", "{a}", "*a", "!a", "%a"]
    ),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_a_setting_can_be_pasted_into_a_shell(value: str, listed: bool) -> None:
    """What a message shows, read by a shell, and by `--set`, is the value again."""
    wanted: Any = (value, "x") if listed else value
    shown = str(Problem("a.csv", "is odd", "name it", setting=Setting("data.columns.text", wanted)))
    if len(shown) < 1500:  # a longer message is shortened
        *_, flag, text = shlex.split(shown)
        assert flag == "--set"
        source = YamlValues({})
        apply(source, [text])
        assert source.values["data"]["columns"]["text"] == (list(wanted) if listed else wanted)


def test_steps_that_fail_are_told_together() -> None:
    done = []

    def fail(kind: type[BertkitError], *keys: str) -> None:
        raise kind(*(Problem(key, "is odd") for key in keys))

    together(lambda: done.append(1))
    with pytest.raises(DataError) as caught:
        together(
            partial(fail, DataError, "a", "b"), lambda: done.append(2), partial(fail, RecipeError, "b", "c"),
        )  # fmt: skip
    assert [problem.key for problem in caught.value.problems] == ["a", "b", "c"]
    assert done == [1, 2]
