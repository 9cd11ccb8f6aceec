"""Two machines, played by two of torch's launchers on this one: they train, score and answer as one process does, and
the training outlives one of the machines.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from bertkit import Run, train
from bertkit.recipe.load import dump
from tests.helpers import write_rows
from tests.launched import (
    Launched,
    assert_near,
    assert_same,
    free_port,
    lines_of,
    recipe_of_rows,
    started,
    torchrun,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nodes")]
TRAINED = {
    "per_device_train_batch_size": 4,
    "num_train_epochs": 60,
    "learning_rate": 1e-4,
    "eval_strategy": "steps",
    "eval_steps": 20,
}
QUICK = "keep_alive_interval=1,keep_alive_max_attempt=4,last_call_timeout=1"
"""A lost machine is noticed after four seconds in place of fifteen."""

OWN_STORE = {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
"""Without it the launcher of rank 0, where it stayed alive, tells no address to who comes back (torch 2.13)."""


class Machines:
    """Where a command runs: machine 0 hosts the meeting point."""

    def __init__(self, folder: Path, *command: object):
        self.folder, self.command, self.stack = folder, command, ExitStack()
        self.meeting = f"127.0.0.1:{free_port()}"

    def __enter__(self) -> Machines:
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def start(self, number: int, said: str = "") -> Launched:
        """A launcher with one process, on machine `number`."""
        place = ("--rdzv-endpoint", self.meeting, "--rdzv-id", "test", "--local-addr", "127.0.0.1")
        host = ("--rdzv-conf", f"is_host={1 - number},{QUICK}")
        nodes = ("--nnodes", 2, "--nproc-per-node", 1, "--max-restarts", 3, "--rdzv-backend", "c10d")
        agent = torchrun(*nodes, *place, *host)
        return self.stack.enter_context(started(self.folder / f"{said}{number}", *agent, *self.command, **OWN_STORE))

    def both(self) -> list[Launched]:
        """Both run the command to its end."""
        with self:
            machines = [self.start(0), self.start(1)]
            for machine in machines:
                assert machine.wait() == 0, "\n".join(other.err for other in machines)
        return machines


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nodes")


@pytest.fixture(scope="module")
def recipe(place: Path, tiny_bert: Path) -> Path:
    recipe = recipe_of_rows("classify", {}, 31, tiny_bert, place, **TRAINED)
    (place / "recipe.yaml").write_text(dump(recipe), "utf-8")
    return place / "recipe.yaml"


@pytest.fixture(scope="module")
def alone(place: Path, recipe: Path) -> Run:
    """Trained by two machines that nothing happens to."""
    Machines(place / "said-train", "train", recipe, "--output", place / "alone", "--resume").both()
    return Run.open(place / "alone")


def test_two_machines_train_what_one_does(alone: Run, place: Path, recipe: Path) -> None:
    assert_near(alone, train(recipe, output=place / "one", sets=["train.per_device_train_batch_size=8"]))


def test_two_machines_score_and_answer_as_one(alone: Run, place: Path, bertkit) -> None:
    machines = Machines(place / "said-eval", "eval", alone.path, "--output", place / "two.json").both()
    assert sum(machine.out.count("95% interval") for machine in machines) == 1
    assert bertkit("eval", alone.path, "--output", place / "one.json")[0] == 0
    one, two = (json.loads((place / name).read_text("utf-8")) for name in ("one.json", "two.json"))
    assert two["figures"] == pytest.approx(one["figures"], abs=1e-6)

    file = write_rows(
        [{"text": text} for text in ("hello", "where is my parcel ?", "late again", "bye")], place / "new.jsonl"
    )
    asked = "predict", alone.path, file, "--probabilities", "all", "--output"
    Machines(place / "said-predict", *asked, place / "two.jsonl").both()
    assert bertkit(*asked, place / "one.jsonl")[0] == 0
    one, two = ([json.loads(line) for line in (place / name).open("rb")] for name in ("one.jsonl", "two.jsonl"))
    assert [row["text"] for row in two] == [row["text"] for row in one]
    for a, b in zip(one, two, strict=True):
        assert b["predicted_label"] == a["predicted_label"]
        assert b["probability_other"] == pytest.approx(a["probability_other"], abs=1e-5)


def test_a_machine_that_dies_and_comes_back_changes_nothing(alone: Run, place: Path, recipe: Path) -> None:
    run = Run(place / "killed")
    with Machines(place / "said-killed", "train", recipe, "--output", run.path, "--resume") as machines:
        first, second = machines.start(0), machines.start(1)
        second.wait_for(lambda: lines_of(run.log_file) >= 70)
        second.kill()
        assert not run.metrics_file.exists(), "it was killed too late"
        second = machines.start(1, said="again-")
        assert first.wait() == 0, first.err + second.err
        assert second.wait() == 0, first.err + second.err
    said = first.err + second.err
    assert said.count("resuming from step") == 1
    assert_same(Run.open(run.path), alone)
