"""A user's YAML becomes a suite; its mistakes are told together, with their lines."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from bertkit.bench import suite_file
from bertkit.bench.suite import Entry, Suite
from bertkit.bench.suite_file import find_suite, read
from bertkit.errors import RecipeError
from bertkit.recipe.load import load
from tests.bench.suites import write_suite


def problems_of(file: Path, text: str) -> list[str]:
    file.write_text(text, "utf-8")
    with pytest.raises(RecipeError) as raised:
        read(file)
    return [str(problem).replace(str(file), "mine.yaml") for problem in raised.value.problems]


def test_a_full_one(tmp_path: Path, tiny_bert: Path) -> None:
    suite = read(write_suite(tmp_path, tiny_bert))
    assert (suite.name, suite.model, suite.seeds) == ("mine", str(tiny_bert), (1, 2))
    intents, scores = suite.entries
    assert intents.figures == ("test/accuracy", "validation/macro_f1")
    assert intents.published == {"BERT-base": {"test/accuracy": 0.93}}
    assert scores.starts_from == "intents"
    recipe = load(intents.recipe, intents.sets)
    assert recipe.data.test == [str(tmp_path / "classify-dev.jsonl")]  # from the suite's file on, as recipes have it


def test_values_arrive_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "mine.yaml"
    file.write_text(
        "suite: mine\nmodel: ../model\ntasks:\n  a:\n    recipe: classify\n    set:\n"
        "      data.train: [one.csv, 'hub:x/y#train', '/abs/z.csv']\n"
        "      data.label_names: ['no', 'yes: it is', '#1', '3', 'a \"b\"']\n"
        "      data.columns: {text: message}\n      train.learning_rate: 3e-5\n      data.header: null\n",
        "utf-8",
    )
    monkeypatch.chdir(tmp_path)
    suite = read(Path("deep/mine.yaml"))
    assert suite.model == str(tmp_path / "model")
    recipe = load(suite.entries[0].recipe, suite.entries[0].sets)
    assert recipe.data.train == [str(tmp_path / "deep" / "one.csv"), "hub:x/y#train", "/abs/z.csv"]
    assert recipe.data.label_names == ["no", "yes: it is", "#1", "3", 'a "b"']
    assert recipe.data.columns == {"text": "message"}
    assert recipe.train["learning_rate"] == 3e-5
    assert recipe.data.header is None


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    told = problems_of(
        tmp_path / "mine.yaml",
        "suite: mine\n"
        "modell: bert\n"
        "seeds: [1, 1, 2]\n"
        "tasks:\n"
        "  first:\n"
        "    recipe: clasify\n"
        "    figures: [accuracy, tests/f1]\n"
        "  second:\n"
        "    recipe: classify\n"
        "    sets: {data.train: a.csv}\n"
        "  third:\n"
        "    recipe: classify\n"
        "    set: {seed: 3, model.name: x, data: {train: a.csv}, data.train: b.csv}\n"
        "    figures: [test/accuracy]\n"
        "    published: {BERT: {test/acuracy: 0.9}}\n"
        "    starts_from: frist\n",
    )
    assert told == [
        "mine.yaml:2  modell: no such key; did you mean model?",
        "mine.yaml:10  tasks.second.sets: no such key; did you mean set?",
        "mine.yaml:7  tasks.first.figures.0: accuracy names no split and figure; for example test/accuracy",
        "mine.yaml:7  tasks.first.figures.1: tests/f1 names no split and figure; did you mean test?",
        "mine.yaml:6  tasks.first.recipe: clasify: no such file, and no such recipe comes with bertkit; did you "
        "mean classify? (bertkit recipe list shows them all)",
        "mine.yaml:16  tasks.third.starts_from: no such task: frist; did you mean first?",
        "mine.yaml:13  tasks.third.set.seed: the suite chooses it; name seeds above",
        "mine.yaml:13  tasks.third.set.model.name: the suite chooses it; name model above",
        "mine.yaml:13  tasks.third.set.data.train: is part of data, which is set too; set one of them",
        "mine.yaml:15  tasks.third.published.BERT.test/acuracy: test/acuracy is none of the figures; did you "
        "mean test/accuracy?",
    ]


def test_other_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    assert problems_of(file, "suite: mine\nseeds: [3, 3]\ntasks:\n  a: {recipe: classify}\n") == [
        "mine.yaml:2  seeds: a seed stands twice; each is trained once"
    ]
    assert problems_of(file, "suite: mine\n") == ["mine.yaml  tasks: missing; bertkit bench --help shows a full one"]
    assert (
        "seeds.0: must be at least 0, got -1"
        in problems_of(file, "suite: mine\nseeds: [-1]\ntasks:\n  a: {recipe: classify}\n")[0]
    )
    assert "tasks.a: expected a block of keys" in problems_of(file, "suite: mine\ntasks:\n  a: classify\n")[0]
    assert "this key stands twice" in problems_of(file, "suite: a\nsuite: b\n")[0]
    assert "a suite is a mapping" in problems_of(file, "- a\n")[0]
    circle = "suite: mine\ntasks:\n  a: {recipe: classify, starts_from: b}\n  b: {recipe: classify, starts_from: a}\n"
    assert "in a circle: a -> b -> a" in problems_of(file, circle)[0]


def test_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def suite(data: Path | None, recipes: str) -> Suite:
        asked.append((data, recipes))
        return Suite("glue", (Entry("a", "classify"),))

    monkeypatch.setitem(suite_file.BUILT_IN, "glue", "tests.bench.a_suite")
    monkeypatch.setitem(sys.modules, "tests.bench.a_suite", SimpleNamespace(suite=suite))
    assert find_suite("glue").name == "glue"
    assert find_suite("glue", data=tmp_path, recipes="tuned").name == "glue"
    assert asked == [(None, "paper"), (tmp_path, "tuned")]
    with pytest.raises(RecipeError, match="no such suite and no such file: gleu; did you mean glue"):
        find_suite("gleu")


def test_a_file_names_its_own_data(tmp_path: Path, tiny_bert: Path) -> None:
    file = str(write_suite(tmp_path, tiny_bert))
    assert find_suite(file).name == "mine"
    with pytest.raises(RecipeError, match="--data"):
        find_suite(file, data=tmp_path)
    with pytest.raises(RecipeError, match="--recipes"):
        find_suite(file, recipes="paper")
