"""The energy of a training whose steps use 5 J each: whole, stopped, killed, resumed, over several processes."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from bertkit import Run, processes, train
from bertkit.energy.counters import Counter, Sources
from bertkit.energy.meter import Meter
from bertkit.energy.record import EnergyPart, EnergyUse, Intensity
from bertkit.energy.request import EnergyRequest, measuring
from bertkit.errors import RecipeError
from bertkit.report.energy import energy_of
from bertkit.training.trainer import BertTrainer
from bertkit.training.watch import energy as module
from bertkit.training.watch.energy import TrainingEnergy, training_energy
from tests.helpers import Power, tiny_recipe, warnings


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
    # It answers training rows too, as often as the task's `learn` wants: no figure per row can be right.
    assert known["scoring"]["joules_per_1000_predictions"] is None
    assert "per 1,000" not in run.card_file.read_text("utf-8")
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


def test_a_part_that_was_not_measured_stays_missing_at_the_second_resumption(
    tiny_bert: Path, tmp_path: Path, cut_at
) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=6, eval_strategy="steps", save_steps=1,
                         eval_steps=1, save_strategy="steps")  # fmt: skip
    cut_at(2)
    with pytest.raises(Power):
        train(recipe, output=tmp_path / "run")
    cut_at(4)
    with pytest.raises(Power), measuring():
        train(tmp_path / "run", resume=True)
    cut_at(None)
    energy = energy_of(train(tmp_path / "run", resume=True).metrics)
    assert energy
    assert energy.training.missing == ["what was trained before, without --energy"]
    assert energy.training.joules == 5 * 6  # from step 2, of which one was not saved, and step 4 twice


def test_a_resumption_keeps_the_country_and_can_name_one(cut) -> None:
    run = cut("DEU=360")
    with measuring():
        energy = energy_of(train(run.path, resume=True).metrics)
    assert energy
    assert energy.training.co2_grams == pytest.approx(30 / 3.6e6 * 360)


@pytest.mark.parametrize(("first", "grams"), [(None, 30 / 3.6e6 * 50), ("DEU=360", None)])
def test_another_country_at_a_resumption(cut, first: str | None, grams: float | None) -> None:
    """The first part keeps its own; if it had none, it gets that of its Run."""
    run = cut(first)
    with measuring("FRA=50"):
        energy = energy_of(train(run.path, resume=True).metrics)
    assert energy
    assert energy.training.joules == 30
    assert energy.training.co2_grams == (None if grams is None else pytest.approx(grams))


def test_parts_come_by_number(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.checkpoints.mkdir()
    for number, country in ((2, "FRA"), (10, "DEU"), (9, "DNK")):
        intensity = Intensity(country=country, grams_per_kwh=1, source="x")
        keep(run, f"energy-{number}-0.json", use=EnergyUse(seconds=1, intensity=intensity))
    keep(run, "energy-99-0.json.tmp-0.json")
    assert module._continued(None, run) == EnergyRequest(Intensity(country="DEU", grams_per_kwh=1, source="x"))
    with training_energy(run, cpu=True) as energy:
        assert energy
        energy.keep_in(run)
    assert (run.checkpoints / "energy-11-0.json").is_file()


def keep(run: Run, name: str, **more) -> None:
    known = {"use": EnergyUse(seconds=1), "ended": True, "reads_counters": True, **more}
    (run.checkpoints / name).write_text(module._KeptEnergy(**known).model_dump_json(), "utf-8")


def test_a_process_without_a_file_is_missing(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.checkpoints.mkdir()
    for number in (0, 2):
        keep(run, f"energy-1-{number}.json", processes=3)
        keep(run, f"energy-2-{number}.json", processes=2)
    parts = [module._part(files, Meter(Sources())) for files in module._files(run).values()]
    assert [part.missing for part in parts] == [["a part of the training, of which not all processes have a file"], []]


def test_an_error_of_the_measurement_is_a_warning(tiny_bert: Path, tmp_path: Path, monkeypatch, caplog) -> None:
    def fail(*_: object) -> None:
        raise TypeError("planted")

    monkeypatch.setattr(Meter, "so_far", fail)
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1, eval_strategy="no")
    with measuring():
        run = train(recipe, output=tmp_path / "run")
    energy = energy_of(run.metrics)
    assert energy
    assert energy.training.joules is None
    assert energy.training.missing == ["energy: TypeError: planted"]
    assert [text for text in warnings(caplog) if "energy" in text] == [
        "a part of the energy is not measured (TypeError: planted)"
    ]


def test_nothing_is_written_after_the_end(tmp_path: Path) -> None:
    """A reading of the meter's thread that comes late must not make an ended part a killed one."""
    run = Run(tmp_path)
    with measuring(), training_energy(None, cpu=True) as energy:
        assert energy
        energy.keep_in(run)
        energy.end()
        energy._meter.on_reading()
        (file,) = run.checkpoints.glob("energy-*.json")
        assert json.loads(file.read_text("utf-8"))["ended"]  # not after the block, which ends it once more


def test_between_a_lap_and_its_place_nothing_is_written(tmp_path: Path, monkeypatch) -> None:
    """Else the file of a training that is killed then has lost its first lap."""
    run = Run(tmp_path)
    with measuring(), training_energy(None, cpu=True) as energy:
        assert energy
        energy.keep_in(run)
        plain, threads = energy._meter.lap, []

        def lap() -> EnergyUse:
            use = plain()
            threads.append(threading.Thread(target=energy._write))
            threads[0].start()
            threads[0].join(0.2)
            assert threads[0].is_alive()  # it waits
            return use

        monkeypatch.setattr(energy._meter, "lap", lap)
        energy.trained()
        threads[0].join(5)
        assert not threads[0].is_alive()


def test_energy_of_a_finished_run_is_warned_of(tiny_run: Run, tmp_path: Path, caplog) -> None:
    with measuring():
        train(tiny_run.path, resume=True)
    assert [text for text in warnings(caplog) if "energy" in text] == [
        f"{tiny_run.path}: --energy has no effect on a finished Run; train into a new folder"
    ]
    caplog.clear()
    train(tiny_run.path, resume=True)
    assert not warnings(caplog)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"use": {"seconds": -1}, "ended": true, "reads_counters": true}'])
def test_a_damaged_file_costs_its_part_and_not_the_training(cut, content: str) -> None:
    run = cut(None)
    (file,) = run.checkpoints.glob("energy-*.json")
    file.write_text(content, "utf-8")
    energy = energy_of(train(run.path, resume=True).metrics)
    assert energy
    assert energy.training.joules == 15
    assert energy.training.missing == ["a part of the training, whose file is damaged"]


def test_processes_of_two_machines_count_each_machine_once(tmp_path: Path, monkeypatch, joules) -> None:
    """Four processes, of which the first and the third read the counters of their machines."""
    run = Run(tmp_path)
    other = EnergyUse(seconds=900, parts=[EnergyPart(name="package-0", method="counter RAPL", joules=100)])

    def gather(value):
        if not isinstance(value, tuple):
            return [value]
        none = EnergyUse(seconds=1)
        return [value, (none, False), (other, True), (none, False)]

    monkeypatch.setattr(processes, "gather", gather)
    with measuring(), training_energy(None, cpu=True) as energy:
        assert energy
        energy.keep_in(run)
        joules[0] += 30
        energy.trained()
        joules[0] += 4
        whole = energy.scored()
    assert whole.scoring
    assert (whole.training.joules, whole.scoring.joules) == (130, 104)
    assert (whole.training.machines, whole.training.seconds) == (2, 900)
    assert whole.training.complete
