"""Two processes train, score and answer as one does; what stops them, stops both, and they go on exactly there."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run, processes, train
from bertkit.recipe.load import dump
from bertkit.recipe.schema import Recipe
from tests.helpers import write_rows
from tests.launched import (
    BERTKIT,
    Launched,
    Pair,
    assert_near,
    assert_same,
    finished,
    lines_of,
    recipe_of_rows,
    started,
    torchrun,
)

pytestmark = pytest.mark.xdist_group("processes")
TWO = ("--processes", 2)
ACCELERATE = (BERTKIT[0], "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", 2)
ACCELERATE = (*ACCELERATE, "--main_process_port", 0, "-m", "bertkit")
WEIGHTS = {"class_weights": {"refund": 3.0}}
BLOCK = {"num_train_epochs": 4, "learning_rate": 1e-4, "save_total_limit": 2}
LONG = ("-s", "train.num_train_epochs=30")
"""Long enough to be stopped twice."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
def recipe(place: Path, tiny_bert: Path) -> Path:
    """31 rows in steps of 8: an epoch ends with 7, of which one process has 4 and the other 3."""
    recipe = recipe_of_rows("classify", WEIGHTS, 31, tiny_bert, place, per_device_train_batch_size=4, **BLOCK)
    (place / "recipe.yaml").write_text(dump(recipe), "utf-8")
    return place / "recipe.yaml"


@pytest.fixture(scope="module")
def trained(place: Path, recipe: Path) -> Launched:
    """Two processes, left alone; their Run is `place / "two"`."""
    return finished(place / "said-two", *BERTKIT, "train", recipe, *TWO, "--output", place / "two")


@pytest.fixture(scope="module")
def long(place: Path, recipe: Path) -> Run:
    """Two processes that train longer, left alone."""
    finished(place / "said-long", *BERTKIT, "train", recipe, *TWO, *LONG, "--output", place / "long")
    return Run.open(place / "long")


def test_two_processes_train_what_one_does(trained: Launched, place: Path, recipe: Path) -> None:
    one = train(recipe, output=place / "one", sets=["train.per_device_train_batch_size=8"])
    assert_near(Run.open(place / "two"), one)
    assert "effective batch: 8 rows (4 x 1 accumulated x 2 processes)" in trained.err
    assert trained.out.count("95% interval") == trained.out.count("Run: ") == 1
    assert trained.err.count("effective batch") == 1
    assert trained.others == []


@pytest.mark.slow
def test_any_launcher_will_do(place: Path, tiny_bert: Path) -> None:
    """accelerate and torchrun; `--processes` is torch's launcher too, and test_nodes.py starts two machines by it.

    33 rows in steps of 8: an epoch ends with 1, and one of the two processes has none.
    """
    one = _a_regression(place, tiny_bert, 8)
    _a_regression(place, tiny_bert, 4)
    said = finished(place / "said-accelerate", *ACCELERATE, *_regress(place, "accelerate"), ACCELERATE_USE_CPU="true")
    assert "(4 x 1 accumulated x 2 processes)" in said.err
    assert_near(Run.open(place / "accelerate"), one)

    rendezvous = ("--nproc-per-node", 2, "--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0")
    launcher = torchrun(*rendezvous, "--local-addr", "127.0.0.1")
    finished(place / "said-torchrun", *launcher, *_regress(place, "torchrun"))
    assert_near(Run.open(place / "torchrun"), Run.open(place / "regress-8"))
    assert_same(Run.open(place / "accelerate"), Run.open(place / "torchrun"))


def _regress(place: Path, output: str) -> tuple[object, ...]:
    return ("train", place / "regress.yaml", "--output", place / output)


def _a_regression(place: Path, model: Path, batch: int) -> Run:
    recipe = recipe_of_rows("regress", {}, 33, model, place, per_device_train_batch_size=batch, num_train_epochs=2)
    (place / "regress.yaml").write_text(dump(recipe), "utf-8")
    return train(recipe, output=place / f"regress-{batch}") if batch == 8 else Run(place)


@pytest.mark.slow
def test_two_processes_draw_the_masks_of_one(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Any
) -> None:
    """A corpus is built by the first alone; masks follow from the rows, whoever has them."""
    options = {"objective": "mlm+nsp", "max_length": 24, "whole_words": True}
    recipe = recipe_of_rows("pretrain", options, 31, tiny_bert, tmp_path, per_device_train_batch_size=4)
    (tmp_path / "recipe.yaml").write_text(dump(recipe), "utf-8")
    monkeypatch.setenv("BERTKIT_CACHE", str(tmp_path / "cache"))
    command = ("train", tmp_path / "recipe.yaml", "--output", tmp_path / "two")
    Pair(tmp_path / "said", warm, *command, BERTKIT_CACHE=str(tmp_path / "cache-of-two"))
    one = train(tmp_path / "recipe.yaml", output=tmp_path / "one", sets=["train.per_device_train_batch_size=8"])
    assert_near(Run.open(tmp_path / "two"), one)


@pytest.mark.slow
def test_a_crf_of_two_processes_is_that_of_one(place: Path, tiny_bert: Path, warm: Any) -> None:
    """Its own weights are trained beside the model's, which data parallel must know of."""

    def recipe(batch: int) -> Recipe:
        return recipe_of_rows("ner", {"crf": True}, 31, tiny_bert, place, per_device_train_batch_size=batch)

    one = train(recipe(8), output=place / "crf-one")
    (place / "crf.yaml").write_text(dump(recipe(4)), "utf-8")
    Pair(place / "said-crf", warm, "train", place / "crf.yaml", "--output", place / "crf-two")
    assert_near(Run.open(place / "crf-two"), one)


def test_two_processes_score_and_answer_as_one(trained: Launched, place: Path, bertkit, warm: Any) -> None:
    texts = ["hello", "where is my parcel ?", "i want it back " * 9, "late", "good bye , good bye", "my money", "hello"]
    file = write_rows([{"id": n, "text": text} for n, text in enumerate(texts)], place / "new.jsonl")
    code, _, err = bertkit("eval", place / "two", "--output", place / "one.json")
    assert code == 0, err
    code, _, err = bertkit("predict", place / "two", file, "--logits", "--output", place / "one.jsonl")
    assert code == 0, err
    said: Any = Pair(place / "said-eval", warm, "eval", place / "two", "--output", place / "two.json")
    assert said.out.count("95% interval") == said.out.count("rows: ") == 1
    predict = ("predict", place / "two", file, "--logits", "--output", place / "two.jsonl")
    said = Pair(place / "said-predict", warm, *predict)
    assert said.out == ""
    assert said.err.count(f"{len(texts)} rows: {place / 'two.jsonl'}") == 1

    one, two = (json.loads((place / name).read_text("utf-8")) for name in ("one.json", "two.json"))
    assert two["figures"] == pytest.approx(one["figures"], abs=1e-6)
    assert two["rows"] == one["rows"]
    one, two = ((place / name).read_text("utf-8").splitlines() for name in ("one.jsonl", "two.jsonl"))
    assert len(two) == len(texts)
    for a, b in zip(map(json.loads, one), map(json.loads, two), strict=True):
        assert {name: value for name, value in b.items() if not isinstance(value, float)} == {
            name: value for name, value in a.items() if not isinstance(value, float)
        }
        for name, value in a.items():
            assert b[name] == (pytest.approx(value, abs=1e-5) if isinstance(value, float) else value)


@pytest.mark.slow
def test_eval_and_predict_launch_both(trained: Launched, place: Path, bertkit) -> None:
    said = finished(place / "said-launched", *BERTKIT, "eval", place / "two", *TWO, "--output", place / "launched.json")
    assert said.out.count("95% interval") == said.out.count("rows: ") == 1
    assert said.others == []
    assert bertkit("eval", place / "two", "--output", place / "alone.json")[0] == 0
    one, two = (json.loads((place / name).read_text("utf-8")) for name in ("alone.json", "launched.json"))
    assert two["figures"] == pytest.approx(one["figures"], abs=1e-6)
    assert two["rows"] == one["rows"]

    file = write_rows([{"text": "hello"}, {"text": "my money"}, {"text": "late"}], place / "three.jsonl")
    predict = ("predict", place / "two", file, *TWO, "--output", place / "three-predicted.jsonl")
    said = finished(place / "said-predict-launched", *BERTKIT, *predict)
    assert said.out == ""
    assert said.err.strip() == f"3 rows: {place / 'three-predicted.jsonl'}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "stops",
    [((signal.SIGTERM, 20),), ((signal.SIGINT, 20), (signal.SIGTERM, 70))],
    ids=["once", "twice"],
)
def test_a_signal_to_the_launcher_stops_both_and_they_go_on_exactly(
    stops: tuple[tuple[signal.Signals, int], ...], long: Run, place: Path, recipe: Path
) -> None:
    run = Run(place / f"stopped-{len(stops)}")
    command = [*BERTKIT, "train", recipe, *TWO, *LONG, "--output", run.path]
    for number, lines in stops:
        with started(place / f"said-{number.name}-{len(stops)}", *command) as stopped:
            stopped.wait_for(lambda lines=lines: lines_of(run.log_file) >= lines)
            stopped.process.send_signal(number)
            assert stopped.wait() == processes.STOPPED, stopped.err
        assert stopped.err.count("stopping after this step") == 1
        assert stopped.err.count("--resume continues it") == 1
        assert stopped.others == []
        step = json.loads(run.log_file.read_text("utf-8").splitlines()[-1])["step"]
        newest = max(run.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]))
        assert newest.name == f"checkpoint-{step}"
        assert not (run.checkpoints / ".saving").exists()
        assert not run.metrics_file.exists()
        command = [*BERTKIT, "train", run.path, *TWO, "--resume"]
    said = finished(place / f"said-resumed-{len(stops)}", *command)
    assert said.err.count("resuming from step") == 1
    assert said.others == []
    assert_same(Run.open(run.path), long)


@pytest.mark.slow
def test_a_mistake_is_told_once(place: Path, recipe: Path) -> None:
    command = ("train", recipe, *TWO, "--output", place / "mistake", "-s", f"data.train={place / 'nowhere.csv'}")
    said = finished(place / "said-mistake", *BERTKIT, *command, code=2)
    assert len(said.err.splitlines()) == 1
    assert "nowhere.csv" in said.err
    assert said.out == ""
    assert not (place / "mistake").exists()
