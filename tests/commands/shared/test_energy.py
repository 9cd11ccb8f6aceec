"""`--energy` and `--country`: measured with planted counters, said where nothing can be, refused before any work."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from pathlib import Path

import pytest

from bertkit import Run, train
from bertkit.energy import estimate, nvml, rapl
from tests.bench.suites import write_suite
from tests.energy.fakes import Domain
from tests.helpers import tiny_recipe


@pytest.fixture(autouse=True)
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without counters."""
    monkeypatch.setattr(rapl, "ROOT", tmp_path / "powercap")
    monkeypatch.setattr(estimate, "has", lambda module: False)
    monkeypatch.setattr(nvml, "has", lambda module: False)
    monkeypatch.setattr(nvml, "gpus_in_use", lambda processes: [])
    monkeypatch.setattr(nvml, "other_accelerator", lambda: "")
    monkeypatch.setattr("bertkit.energy.carbon.has", lambda module: False)
    return tmp_path / "powercap"


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Path:
    made = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=2)
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(made.model_dump(mode="json", exclude_none=True)), "utf-8")
    return file


def test_a_machine_without_counters_says_so_and_the_training_ends(bertkit, recipe: Path, tmp_path: Path) -> None:
    code, out, err = bertkit("train", recipe, "--energy", "--country", "DEU=350", "-o", tmp_path / "run")
    assert code == 0, err
    (line,) = [line for line in out.splitlines() if line.startswith("energy")]
    assert line.startswith("energy: not measurable: processor: no RAPL counters here")
    assert "energy: processor: no RAPL counters here" in err  # at its beginning
    run = Run.open(tmp_path / "run")
    known = run.metrics["energy"]["training"]
    assert known["joules"] is None
    assert known["co2_grams"] is None
    assert known["method"] == "not measurable"
    for file in (run.card_file, run.report_file):
        text = file.read_text("utf-8")
        assert "not measurable" in text or "no RAPL counters here" in text
        assert not re.search(r"\d (k|M)?J\b|co2_eq", text)


def test_predict_says_joules_per_1000(bertkit, tiny_run: Run, powercap: Path, tmp_path: Path, monkeypatch) -> None:
    domain = Domain(powercap / "intel-rapl:0", "package-0", 10**9)
    from bertkit.commands.shared import bulk

    plain = bulk.answer_file

    def answer(*args):
        domain.add(3)
        return plain(*args)

    monkeypatch.setattr(bulk, "answer_file", answer)
    (tmp_path / "new.csv").write_text("text\n" + "where is it\n" * 40, "utf-8")
    code, out, err = bertkit("predict", tiny_run.path, tmp_path / "new.csv", "-o", tmp_path / "a.csv", "--energy")
    assert code == 0, err
    assert not out
    assert "energy, predicting: 3 J (8.33e-07 kWh)" in err
    assert "counter RAPL (package-0); 75 J per 1,000 predictions" in err


def test_predict_counts_the_rows_of_this_call(
    bertkit, tiny_run: Run, powercap: Path, tmp_path: Path, monkeypatch
) -> None:
    """Rows that a killed call had answered cost nothing now."""
    from bertkit.inference.bulk.options import BulkOptions

    Domain(powercap / "intel-rapl:0", "package-0")
    monkeypatch.setattr(BulkOptions, "part_rows", 10, raising=False)
    (tmp_path / "new.csv").write_text("text\n" + "where is it\n" * 40, "utf-8")
    from bertkit.commands.shared import energy
    from bertkit.inference.bulk import run as bulk_run

    plain, done = bulk_run.write_part, []

    def killed(*args):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(plain(*args))

    counts = []
    monkeypatch.setattr(energy, "say", lambda meter, predictions: counts.append(predictions))
    command = ("predict", tiny_run.path, tmp_path / "new.csv", "-o", tmp_path / "a.csv", "--energy")
    with monkeypatch.context() as patch:
        patch.setattr(bulk_run, "write_part", killed)
        with contextlib.suppress(KeyboardInterrupt):
            bertkit(*command)
    code, _, err = bertkit(*command)
    assert code == 0, err
    assert counts == [10]


@pytest.mark.parametrize(
    ("options", "written", "answered"),
    [(("--best-of", "n", "--output", "a.csv"), 2, 6), (("--output", "a.csv"), 7, 6), (("--output", "-"), 7, 6),
     (("--output", "answers/"), 7, 6)],
)  # fmt: skip
def test_predict_divides_by_what_the_model_answered(
    bertkit, tiny_run: Run, powercap: Path, tmp_path: Path, monkeypatch, options, written: int, answered: int
) -> None:
    """Not by rows that were kept, nor by rows that have no answer."""
    from bertkit.commands.shared import energy

    Domain(powercap / "intel-rapl:0", "package-0")
    monkeypatch.chdir(tmp_path)
    counts = []
    monkeypatch.setattr(energy, "say", lambda meter, predictions: counts.append(predictions))
    best = "--best-of" in options
    rows = [{"n": number % 2, "text": "where is it"} for number in range(6)] + (
        [] if best else [{"n": 9, "text": None}]
    )
    Path("new.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    bad = () if best else ("--bad-rows", "keep")
    if best:
        from bertkit.inference.bulk import output

        plain = output.best_of
        monkeypatch.setattr(output, "best_of", lambda rows, column: plain([{**r, "score": 1.0} for r in rows], column))
    code, out, err = bertkit("predict", tiny_run.path, "new.jsonl", *options, *bad, "--energy")
    assert code == 0, err
    assert counts == [answered]
    assert f"{written} rows" in err or len(out.splitlines()) == written


def test_several_processes_do_not_wait_for_each_other(powercap: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """The first one reads the counters of the machine; a prediction has no moment at which all could meet."""
    from bertkit import processes
    from bertkit.commands.shared import energy
    from bertkit.energy.request import EnergyRequest

    def meet(value: object) -> list[object]:
        raise AssertionError("it waits for the others")

    domain = Domain(powercap / "intel-rapl:0", "package-0")
    monkeypatch.setattr(processes, "gather", meet)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    for rank in ("0", "1", "2"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("LOCAL_RANK", str(int(rank) % 2))
        with energy.metered(EnergyRequest(), cpu=True) as meter:
            assert (meter is None) == (rank != "0")
            domain.add(7)
            energy.say(meter, 10)
    (line,) = capsys.readouterr().err.splitlines()
    assert "energy, predicting: at least 7 J" in line
    assert line.endswith("not measured: 2 processes on other machines")


def test_an_error_of_the_measurement_does_not_cost_the_predictions(
    bertkit, tiny_run: Run, powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertkit.energy.meter import Meter

    def fail(*_: object) -> None:
        raise TypeError("planted")

    monkeypatch.setattr(Meter, "lap", fail)
    code, out, err = bertkit("predict", tiny_run.path, "--text", "a", "--energy")
    assert code == 0, err
    assert "energy was not measured (TypeError: planted)" in err
    assert out


@pytest.mark.parametrize("on_cpu", [True, False])
def test_predict_counts_gpus_only_if_its_model_is_on_one(
    bertkit, tiny_run: Run, powercap: Path, monkeypatch: pytest.MonkeyPatch, on_cpu: bool
) -> None:
    from bertkit.engine.backends.torch import TorchBackend

    Domain(powercap / "intel-rapl:0", "package-0")
    monkeypatch.setattr(nvml, "gpus_in_use", lambda processes: ["x"])
    monkeypatch.setattr(TorchBackend, "on_cpu", property(lambda self: on_cpu))
    code, _, err = bertkit("predict", tiny_run.path, "--text", "a", "--energy")
    assert code == 0, err
    assert ("GPU 0" in err) != on_cpu


def test_texts_are_predictions_too(bertkit, tiny_run: Run, powercap: Path) -> None:
    Domain(powercap / "intel-rapl:0", "package-0")
    code, out, err = bertkit("predict", tiny_run.path, "--text", "a", "--text", "b", "--energy", "--country", "FRA=42")
    assert code == 0, err
    assert "energy" not in out
    assert "per 1,000 predictions; CO2 0 g (FRA: 42 g/kWh, as given by --country)" in err


def test_bench_adds_up_its_runs(bertkit, tiny_bert: Path, tmp_path: Path, powercap: Path) -> None:
    Domain(powercap / "intel-rapl:0", "package-0", 5)
    suite = write_suite(tmp_path, tiny_bert)
    code, out, err = bertkit(
        "bench", suite, "-t", "intents", "-o", tmp_path / "out", "--energy", "--country", "DEU=100"
    )
    assert code == 0, err
    assert "intents, seed 1, training" in out
    known = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))["energy"]
    assert list(known) == ["intents, seed 1", "intents, seed 2", "all"]
    assert known["all"]["training"]["method"] == "counter RAPL (package-0)"
    assert "<h2>Energy</h2>" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_compare_shows_it_where_it_was_measured(bertkit, tiny_run: Run, recipe: Path, powercap: Path, tmp_path) -> None:
    Domain(powercap / "intel-rapl:0", "package-0")
    code, _, err = bertkit("train", recipe, "--energy", "-o", tmp_path / "green")
    assert code == 0, err
    data = ("--data", Run(tmp_path / "green").recipe.data.validation[0])
    page, record = tmp_path / "c.html", tmp_path / "c.json"
    code, out, err = bertkit("compare", tiny_run.path, tmp_path / "green", *data, "-o", record)
    assert code == 0, err
    assert "green, training" in out
    assert "run, training" not in out
    runs = json.loads(record.read_text("utf-8"))["runs"]
    assert "energy" not in runs["run"]
    assert runs["green"]["energy"]["training"]["method"] == "counter RAPL (package-0)"
    shutil.copytree(tiny_run.path, tmp_path / "other")
    for runs, shown in (((tiny_run.path, tmp_path / "green"), True), ((tiny_run.path, tmp_path / "other"), False)):
        code, out, err = bertkit("compare", *runs, *data, "-o", page)
        assert code == 0, err
        assert ("<h2>Energy</h2>" in page.read_text("utf-8")) == shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--country", "DEU"), "has no effect without --energy"),
        (("--energy", "--country", "DEU=much"), "expected grams of CO2 per kWh"),
        (("--energy", "--country", "Narnia=3"), "expected a code of three letters"),
        (("--energy", "--country", "DEU"), "pip install 'bertkit[energy]', or give grams"),
        (("--energy", "--country", ""), "pip install"),
    ],
)
def test_a_wrong_country_ends_before_any_work(bertkit, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    out = tmp_path / "run"
    for command in (
        ("train", "demo/support", "-o", out),
        ("predict", "nowhere", "new.csv", "-o", out),
        ("bench", "glue", "-o", out),
    ):
        code, _, err = bertkit(*command, *options)
        assert code == 2
        assert "--country" in err
        assert message in err
        assert not out.exists()


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (("predict", "x", "new.csv", "--url", "http://127.0.0.1:1"), "--url"),
        (("predict", "x", "new.csv", "-o", "a.csv", "--ray", "local"), "--ray"),
        (("bench", "glue", "-o", "x", "--parallel", "2"), "--parallel"),
        (("bench", "glue", "-o", "x", "--ray", "local"), "--ray"),
    ],
)
def test_work_elsewhere_is_not_measured_here(bertkit, command: tuple[str, ...], option: str) -> None:
    code, _, err = bertkit(*command, "--energy")
    assert code == 2
    assert f"--energy  can not be combined with {option}: " in err


def test_nothing_is_imported_without_it(bertkit, tiny_run: Run) -> None:
    import sys

    for name in ("bertkit.energy.meter", "bertkit.energy.sources"):
        sys.modules.pop(name, None)
    code, _, err = bertkit("predict", tiny_run.path, "--text", "a")
    assert code == 0, err
    assert "energy" not in err
    assert "bertkit.energy.sources" not in sys.modules


def test_train_of_python_takes_it_too(tiny_bert: Path, tmp_path: Path, powercap: Path) -> None:
    from bertkit.energy.request import measuring

    Domain(powercap / "intel-rapl:0", "package-0")
    with measuring():
        run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "run")
    assert run.metrics["energy"]["training"]["joules"] == 0
