"""Training dynamics: what is recorded is what the passes gave, nothing else changes, and a cut costs no epoch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bertkit import train
from bertkit.errors import RunError
from bertkit.run import Run
from bertkit.tasks.classify.head import ClassifyHead
from bertkit.tasks.head import Head
from bertkit.tasks.ner.head import NerHead
from bertkit.training.watch.dynamics import Dynamics, read_data_map
from tests.helpers import Power, log_of, tiny_recipe

LABELS = {"labels": ["a", "b"]}


def recorder(windows: int = 1) -> Dynamics:
    """Of three rows with so many examples each, and two labels."""
    head = ClassifyHead(SimpleNamespace(multi_label=False), LABELS)
    return Dynamics(head, [{"row": row} for row in range(3) for _ in range(windows)])


def passed(dynamics: Dynamics, rows: list[int], odds: list[float]) -> None:
    """A micro-batch whose rows all have label 1, with these odds of it."""
    logits = torch.tensor([[0.0, float(np.log(one))] for one in odds])
    batch = {"labels": torch.ones(len(rows), dtype=torch.int64)}
    dynamics.add(SimpleNamespace(logits=logits), batch, torch.tensor(rows))


def test_probabilities_by_epoch_and_row(tmp_path: Path) -> None:
    dynamics = recorder()
    passed(dynamics, [2, 0], [3.0, 1 / 3])
    passed(dynamics, [1], [1.0])
    dynamics.epoch = 1
    passed(dynamics, [0, 2], [9.0, 9.0])
    dynamics.save(tmp_path / "map.npz")
    found = read_data_map(tmp_path / "map.npz")
    assert found is not None
    assert found.probability[0].tolist() == pytest.approx([0.25, 0.5, 0.75], abs=1e-3)
    assert found.correct[0].tolist() == [0.0, 0.0, 1.0]  # of equals the first label counts as the answer
    assert found.probability[1, [0, 2]].tolist() == pytest.approx([0.9, 0.9], abs=1e-3)
    assert np.isnan(found.probability[1, 1])


def test_a_row_in_windows_has_the_least_of_them(tmp_path: Path) -> None:
    dynamics = recorder(windows=2)
    passed(dynamics, [0, 0, 1], [3.0, 1 / 3, 3.0])
    dynamics.save(tmp_path / "map.npz")
    found = read_data_map(tmp_path / "map.npz")
    assert found is not None
    assert found.probability[0, :2].tolist() == pytest.approx([0.25, 0.75], abs=1e-3)
    assert found.correct[0, :2].tolist() == [0.0, 1.0]


def test_a_record_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    one, other = recorder(), recorder()
    for dynamics in (one, other):
        passed(dynamics, [0, 1], [3.0, 1.0])
    other.save(tmp_path / "cut.npz")
    passed(other, [2], [100.0])  # after the checkpoint: trained again
    other.load(tmp_path / "cut.npz")
    for number, dynamics in enumerate((one, other)):
        passed(dynamics, [2], [3.0])
        dynamics.save(tmp_path / f"{number}.npz")
    first, second = (read_data_map(tmp_path / f"{number}.npz") for number in range(2))
    assert first is not None and second is not None
    assert first.probability.tolist() == second.probability.tolist()


def test_the_first_process_decides_whether_a_record_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one may not have the file: its rows would be missing, or the processes would wait for each other."""
    one, other = recorder(), recorder()
    passed(one, [0], [3.0])
    one.save(tmp_path / "map.npz")
    monkeypatch.setattr("bertkit.processes.broadcast", lambda value: True)
    monkeypatch.setattr("bertkit.processes.first", lambda: False)
    other.load(tmp_path / "not-here.npz")
    assert other.records
    monkeypatch.setattr("bertkit.processes.broadcast", lambda value: False)
    one.load(tmp_path / "map.npz")
    assert not one.records


def test_what_is_not_recorded(tmp_path: Path) -> None:
    dynamics = recorder()
    dynamics.add(None, {}, None)  # a batch that only keeps a process in step
    dynamics.save(tmp_path / "map.npz")
    crf = Dynamics(NerHead(SimpleNamespace(crf=True), {"labels": ["O"]}), [{"row": 0}])
    assert crf.records
    crf.add(SimpleNamespace(logits=torch.zeros(1, 1, 1)), {}, torch.tensor([0]))
    assert not crf.records
    crf.save(tmp_path / "map.npz")
    passed(dynamics, [0], [1.0])
    dynamics.load(tmp_path / "none.npz")  # a checkpoint from before there was a record
    passed(dynamics, [0], [1.0])
    dynamics.save(tmp_path / "map.npz")
    assert read_data_map(tmp_path / "map.npz") is None


def test_damaged_files(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK not a zip")
    np.savez(tmp_path / "b.npz", other=np.zeros(2))
    np.savez(tmp_path / "c.npz", probability=np.zeros(2), correct=np.zeros(2))
    for name in ("a", "b", "c"):
        with pytest.raises(RunError, match="remove it, or copy the Run again"):
            read_data_map(tmp_path / f"{name}.npz")


@pytest.mark.parametrize("task", ["classify", "ner", "squad", "choice"])
def test_recording_changes_no_loss_and_no_weight(
    task: str, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_recipe(task, {}, tiny_bert, tmp_path, num_train_epochs=2, logging_steps=1)
    with_record = train(recipe, output=tmp_path / "with")
    for kind in (ClassifyHead, NerHead, *map(_head_of, ("squad", "choice"))):
        monkeypatch.setattr(kind, "gold", Head.gold)
    without = train(recipe, output=tmp_path / "without")
    assert not without.data_map_file.exists()
    assert log_of(with_record, "loss", "grad_norm") == log_of(without, "loss", "grad_norm")
    weights = [load_file(run.model / "model.safetensors") for run in (with_record, without)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    found = read_data_map(with_record.data_map_file)
    assert found is not None
    rows = with_record.metrics["rows"]["train"]
    assert found.probability.shape == (2, rows)
    assert ((found.probability >= 0) & (found.probability <= 1)).all()


def _head_of(task: str) -> Any:
    from bertkit import plugins

    return plugins.find("task", task).Head


def test_a_cut_training_has_the_whole_record(tiny_bert: Path, tmp_path: Path, cut_at: Any) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, num_train_epochs=3)
    whole = train(recipe, output=tmp_path / "whole")
    cut_at(7)
    with pytest.raises(Power):
        train(recipe, output=tmp_path / "cut")
    cut_at(None)
    again = train(recipe, output=tmp_path / "cut", resume=True)
    maps = [read_data_map(run.data_map_file) for run in (whole, again)]
    assert maps[0] is not None and maps[1] is not None
    assert maps[0].probability.tolist() == maps[1].probability.tolist()


def test_a_head_without_probabilities_leaves_no_file(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("regress", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    assert not run.data_map_file.exists()
    assert read_data_map(Run(run.path).data_map_file) is None
