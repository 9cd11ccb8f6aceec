"""An exported Run: it is used like any other, it says how it was proven, and what fails leaves nothing behind."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, Run, extras, train
from bertkit.errors import BertkitError, DataError, ExtraError, RunError
from bertkit.shrink import export as module
from bertkit.shrink import proof
from bertkit.shrink.export import ExportRequest, export
from tests.helpers import tiny_recipe


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "eval {exported}",
        "predict {exported} --text hello",
        "compare {trained} {exported}",
        "report {exported} --output {tmp}/page.html",
        "push {exported} me/mine --dry-run",
    ],
)
def test_commands_take_it_as_any_run(trained: Run, exported: Run, bertkit: Any, tmp_path: Path, command: str) -> None:
    words = [w.format(exported=exported.path, trained=trained.path, tmp=tmp_path) for w in command.split()]
    code, out, err = bertkit(*words)
    assert code == 0, err
    assert out


def test_compare_finds_no_difference(trained: Run, exported: Run, bertkit: Any, tmp_path: Path) -> None:
    bertkit("compare", trained.path, exported.path, "--output", tmp_path / "c.json")
    figures = json.loads((tmp_path / "c.json").read_text())["comparisons"][0]["figures"]
    assert figures
    assert all(one["difference"] == 0 for one in figures)


def test_what_it_holds(trained: Run, exported: Run) -> None:
    again = Run.open(exported.path)
    again.check_content()
    assert {file.name for file in again.model.iterdir()} == {
        *("model.onnx", "export.json", "config.json", "tokenizer.json", "tokenizer_config.json")
    }
    assert (again.backend, again.kind, again.name) == ("onnx", "export", "exported")
    assert again.parent is not None
    assert again.parent["name"] == trained.name
    metrics = again.metrics
    for split in ("validation", "test"):
        expected = {name: value for name, value in trained.metrics[split].items() if name != "loss"}
        assert metrics[split] == pytest.approx(expected, abs=1e-6)
        assert metrics["export"]["differences"][split]
    assert metrics["rows"] == trained.metrics["rows"]
    assert stat.S_IMODE(again.local_file.stat().st_mode) == 0o600


def test_card_and_page_show_the_proof(exported: Run) -> None:
    card, page = exported.card_file.read_text("utf-8"), exported.report_file.read_text("utf-8")
    assert "# exported\n" in card
    assert "## Export of run" in card
    assert "runs without bertkit in ONNX Runtime" in card
    for text in (card, page):
        assert "rows/s in bulk" in text
        assert ".writing-" not in text


def test_no_folder_of_this_machine_is_in_the_graph(exported: Run) -> None:
    content = (exported.model / "model.onnx").read_bytes()
    assert str(Path(module.__file__).parent).encode() not in content
    assert b"site-packages" not in content


@pytest.mark.slow
def test_int8_is_smaller_and_answers(trained: Run, exported: Run, in_int8: Run) -> None:
    sizes = [(run.model / "model.onnx").stat().st_size for run in (exported, in_int8)]
    assert sizes[1] < sizes[0]
    export_of = in_int8.metrics["export"]
    assert export_of["precision"] == "int8"
    assert list(export_of["engines"]) == ["torch", "onnx float32", "onnx int8"]
    assert not list(in_int8.path.glob("int8"))
    apart = export_of["largest_difference"]
    assert 0 < apart["onnx int8"]["logits"] < 1
    assert apart["onnx float32"]["logits"] < 1e-4
    assert len(Predictor.open(in_int8).predict(["hello", "where is my parcel ?"])) == 2


def refused(trained: Run, tmp_path: Path, error: type[BertkitError], what: str, **wish: Any) -> None:
    """It is refused with these words, and nothing is left behind."""
    with pytest.raises(error, match=what):
        export(ExportRequest(trained, tmp_path / "out", **wish))
    assert list(tmp_path.iterdir()) == []


def test_an_exported_run_is_not_exported_again(exported: Run, tmp_path: Path) -> None:
    refused(exported, tmp_path, RunError, "is an exported Run already")


@pytest.mark.parametrize("package", ["onnxruntime", "onnxscript"])
def test_without_its_packages(trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    has = extras.has
    monkeypatch.setattr(extras, "has", lambda name: name != package and has(name))
    refused(trained, tmp_path, ExtraError, rf"needs the package {package}.*bertkit\[onnx\]")


@pytest.mark.slow
def test_a_drop_that_is_too_large_leaves_nothing(trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "points", lambda *_: 2.0)
    refused(trained, tmp_path, RunError, r"drops by 2\.00 points")


def test_a_bound_that_bounds_nothing(trained: Run, tmp_path: Path) -> None:
    refused(trained, tmp_path, RunError, "--max-drop  nan: not a number of points", max_drop=float("nan"))


@pytest.mark.slow
def test_other_outputs_leave_nothing(trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "TOLERANCE", -1.0)
    refused(trained, tmp_path, RunError, "examples have other outputs than the model")


@pytest.mark.slow
def test_ctrl_c_leaves_nothing(trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(proof, "measure", stop)
    with pytest.raises(KeyboardInterrupt):
        export(ExportRequest(trained, tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use(trained: Run, exported: Run) -> None:
    with pytest.raises(RunError, match="in use"):
        export(ExportRequest(trained, exported.path))


@pytest.mark.slow
def test_data_that_is_gone_and_data_in_its_place(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    dev = (tmp_path / "classify-dev.jsonl").rename(tmp_path / "elsewhere.jsonl")
    with pytest.raises(DataError, match="--data FILE"):
        export(ExportRequest(run, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    done = export(ExportRequest(run, tmp_path / "out", data=[str(dev)]))
    assert {one["split"] for one in done.warnings} >= {"validation"}
    assert any("elsewhere.jsonl" in one["message"] for one in done.warnings)


def test_another_device_is_refused(exported: Run) -> None:
    with pytest.raises(RunError, match="does not run on cuda"):
        Predictor.open(exported, device="cuda")
