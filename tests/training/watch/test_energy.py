"""The energy of a training whose steps use 5 J each: whole, stopped, killed, resumed, over several processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertkit import Run, processes, train
from bertkit.energy.counters import Counter, Sources
from bertkit.energy.meter import Meter
from bertkit.energy.record import EnergyUse
from bertkit.energy.request import measuring
from bertkit.errors import RecipeError
from bertkit.report.energy import energy_of
from bertkit.training.trainer import BertTrainer
from bertkit.training.watch import energy as module
from bertkit.training.watch.energy import TrainingEnergy, training_energy
from tests.helpers import Power, tiny_recipe


@pytest.fixture(autouse=True)
def joules(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the planted counter shows; a step adds 5 J, the final scoring of a split 2 J."""
    used = [1000.0]

    step, score = BertTrainer.training_step, BertTrainer.score

    def costly_step(*args, **kwargs):
        used[0] += 5
        return step(*args, **kwargs)

    def costly_score(*args, **kwargs):
        used[0] += 2 if kwargs.get("intervals") else 0  # not of the evaluations on the way
        return score(*args, **kwargs)

    def meter(request, *, cpu: bool) -> Meter:
        assert cpu
        return Meter(Sources([Counter("package-0", "counter RAPL", lambda: used[0])]), request.intensity)

    monkeypatch.setattr(module, "meter_of", meter)
    monkeypatch.setattr(BertTrainer, "training_step", costly_step)
    monkeypatch.setattr(BertTrainer, "score", costly_score)
    return used


def test_a_training_has_its_energy_in_metrics_card_and_page(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=3, eval_strategy="no")
    with measuring("DEU=360"):
        run = train(recipe, output=tmp_path / "run")
    known = json.loads(run.metrics_file.read_text("utf-8"))["energy"]
    assert (known["training"]["joules"], known["scoring"]["joules"]) == (15, 2)
    assert known["scoring"]["predictions"] == run.metrics["rows"]["validation"]
    assert known["scoring"]["joules_per_1000_predictions"] == pytest.approx(2000 / run.metrics["rows"]["validation"])
    assert known["training"]["co2_grams"] == pytest.approx(15 / 3.6e6 * 360)
    card = run.card_file.read_text("utf-8")
    assert "## Environmental impact" in card
    assert "energy, training: 15 J" in card
    assert "co2_eq_emissions:\n  emissions: 0.0017\n" in card
    page = run.report_file.read_text("utf-8")
    assert "<h2>Energy</h2>" in page
    assert "counter RAPL (package-0)" in page
    assert not run.checkpoints.exists()


def test_without_a_request_nothing_changes(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=2, save_total_limit=2)
    run = train(recipe, output=tmp_path / "run")
    assert "energy" not in json.loads(run.metrics_file.read_text("utf-8"))
    assert not list(run.checkpoints.glob("energy*"))
    for file in (run.card_file, run.report_file):
        assert "co2" not in file.read_text("utf-8")
        assert "Environmental impact" not in file.read_text("utf-8")


def test_a_training_that_does_not_begin_leaves_the_folder_free(tiny_bert: Path, tmp_path: Path, monkeypatch) -> None:
    def refuse(*args: object) -> None:
        raise RecipeError.at("train", "does not fit")

    monkeypatch.setattr("bertkit.training.train.log_summary", refuse)
    with pytest.raises(RecipeError, match="does not fit"), measuring():
        train(tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def cut(tiny_bert: Path, tmp_path: Path, cut_at):
    """A Run that ends in the middle of its third step, of which two are saved."""
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=5, eval_strategy="steps", save_steps=2,
                         eval_steps=2, save_strategy="steps")  # fmt: skip

    def start(country: str | None) -> Run:
        cut_at(3)
        with pytest.raises(Power), measuring(country):
            train(recipe, output=tmp_path / "run")
        cut_at(None)
        return Run(tmp_path / "run")

    return start


def test_a_resumed_training_adds_up_its_parts_unasked(cut) -> None:
    run = cut("DEU=360")
    energy = energy_of(train(run.path, resume=True).metrics)
    assert energy
    assert energy.training.joules == 15 + 15  # the third step twice
    assert energy.training.complete
    assert energy.training.intensity
    assert energy.training.intensity.grams_per_kwh == 360


def test_a_killed_part_counts_to_its_last_reading_and_says_so(cut, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(TrainingEnergy, "end", lambda self: self._meter.stop())
        run = cut(None)
    (file,) = run.checkpoints.glob("energy-*.json")
    kept = json.loads(file.read_text("utf-8"))
    assert not kept["ended"]
    kept["use"]["parts"][0]["joules"] = 12.5  # the last reading of its thread
    file.write_text(json.dumps(kept), "utf-8")
    energy = energy_of(train(run.path, resume=True).metrics)
    assert energy
    assert energy.training.joules == 12.5 + 15
    assert not energy.training.complete
    assert energy.training.missing == ["a part of the training was killed: what it used after its last reading"]


def test_a_part_that_was_not_measured_is_missing(tiny_bert: Path, tmp_path: Path, cut_at) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=4, eval_strategy="steps", save_steps=1,
                         eval_steps=1, save_strategy="steps")  # fmt: skip
    cut_at(3)
    with pytest.raises(Power):
        train(recipe, output=tmp_path / "run")
    cut_at(None)
    with measuring():
        energy = energy_of(train(tmp_path / "run", resume=True).metrics)
    assert energy
    assert energy.training.joules == 10
    assert energy.training.missing == ["what was trained before, without --energy"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"use": {"seconds": -1}, "ended": true, "reads_counters": true}'])
def test_a_damaged_file_costs_its_part_and_not_the_training(cut, content: str) -> None:
    run = cut(None)
    (file,) = run.checkpoints.glob("energy-*.json")
    file.write_text(content, "utf-8")
    energy = energy_of(train(run.path, resume=True).metrics)
    assert energy
    assert energy.training.joules == 15
    assert energy.training.missing == ["a part of the training, whose file is damaged"]


def test_processes_of_two_machines_count_each_machine_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four processes, of which the first and the third read counters; all four estimate nothing."""
    run = Run(tmp_path)
    laps = []

    def gather(value):
        use, first = value
        assert first
        laps.append(use)
        none = EnergyUse(seconds=use.seconds)
        return [(use, True), (none, False), (use, True), (none, False)]

    monkeypatch.setattr(processes, "gather", lambda value: gather(value) if isinstance(value, tuple) else [value])
    with measuring(), training_energy(None, cpu=True) as energy:
        assert energy
        energy.keep_in(run)
        energy.trained()
        whole = energy.scored(7)
    assert whole.training.machines == 2
    assert whole.scoring
    assert whole.scoring.predictions == 14  # the rank that is not the first passes None; here both gave it
    assert len(laps) == 2
