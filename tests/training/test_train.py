"""train(): what is checked before it starts, what it warns of, and what it leaves."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run, train
from bertkit.errors import BertkitError, RecipeError, RunError, TrainingError
from bertkit.files.lock import LOCK, Busy, one_writer
from bertkit.files.manifest import sha256
from bertkit.recipe.schema import Recipe
from tests.helpers import Power, make, tiny_recipe, write_rows


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    caplog.set_level(logging.INFO, logger="bertkit")
    return caplog


def changed(recipe: Recipe, **blocks: dict[str, Any]) -> Recipe:
    """A recipe with some keys of its blocks replaced."""
    values = recipe.model_dump(mode="json", exclude_none=True)
    for name, block in blocks.items():
        values[name] = {**values[name], **block} if isinstance(block, dict) else block
    return Recipe.model_validate(values)


def warnings(said: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in said.records if record.levelno == logging.WARNING]


def test_a_folder_in_use_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("keep me")
    with pytest.raises(RunError, match="in use"):
        train("a recipe that does not exist", output=tmp_path / "run")


def test_a_folder_that_another_training_writes(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_at: Any
) -> None:
    """New or resumed, the second one is told before any work, and leaves the folder as it is."""
    from bertkit.training import train as module

    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    cut_at(1)
    with pytest.raises(Power):
        train(recipe, output=tmp_path / "begun")
    monkeypatch.setattr(module, "prepare", lambda _: pytest.fail("work"))
    for folder, resume in ((tmp_path / "new", False), (tmp_path / "begun", True)):
        with one_writer(folder):
            before = sorted(folder.iterdir())
            with pytest.raises(Busy, match=f"{folder}  in use by process {os.getpid()} on "):
                train(recipe, output=folder, resume=resume)
            assert sorted(folder.iterdir()) == before


def test_a_mistake_leaves_no_folder(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = changed(tiny_recipe("classify", {}, tiny_bert, tmp_path), data={"train": ["gone.csv"]})
    with pytest.raises(BertkitError, match=r"gone\.csv"):
        train(recipe, output=tmp_path / "runs" / "run")
    assert not (tmp_path / "runs").exists()


def test_two_trainings_of_one_name(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun in the same second: their default names are the same."""
    from bertkit.training import start as module

    monkeypatch.setattr(module, "default_folder", lambda _: tmp_path / "runs" / "classify-20260101-000000")
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1)
    runs = [train(recipe), train(recipe)]
    assert [run.path.name for run in runs] == ["classify-20260101-000000", "classify-20260101-000000-2"]
    assert all(run.is_finished and not (run.path / LOCK).exists() for run in runs)


def test_test_rows_are_scored_once_and_figures_have_intervals(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    file = write_rows(make("classify", {}).tiny_rows()[:6], tmp_path / "test.jsonl")
    run = train(changed(recipe, data={"test": [str(file)]}), output=tmp_path / "run")
    assert run.metrics["rows"] == {"train": 32, "validation": 8, "test": 6}
    low, high = run.metrics["intervals"]["test"]["accuracy"]
    assert 0 <= low <= run.metrics["test"]["accuracy"] <= high <= 1
    assert "| test | accuracy |" in run.card_file.read_text("utf-8")


def test_warnings_that_save_a_day(tiny_bert: Path, tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    recipe = tiny_recipe("classify", {"max_length": 4}, tiny_bert, tmp_path, learning_rate=0.5, max_steps=1)
    train(recipe, output=tmp_path / "run")
    found = "\n".join(warnings(said))
    assert "train.learning_rate is 0.5" in found
    assert "validation: 8 rows (100.0%) are also in the training data" in found
    assert "have more than 4 tokens: cut" in found
    assert "always predicting" in found


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_it_unfinished(tiny_bert: Path, tmp_path: Path) -> None:
    loss = tmp_path / "bad.py"
    loss.write_text("def nan(logits, labels):\n    return logits.sum(-1) * float('nan')\n")
    recipe = tiny_recipe("classify", {"loss": f"{loss}:nan"}, tiny_bert, tmp_path)
    with pytest.raises(TrainingError, match="the training has diverged"):
        train(recipe, output=tmp_path / "run")
    with pytest.raises(RunError, match="unfinished"):
        Run.open(tmp_path / "run")


def test_early_stopping_stops_early(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, num_train_epochs=20, learning_rate=1e-12)
    run = train(
        changed(recipe, callbacks=[{"early_stopping": {"early_stopping_patience": 2}}]), output=tmp_path / "run"
    )
    epochs = [line for line in run.log_file.read_text().splitlines() if "validation" in line]
    assert len(epochs) == 3


def test_early_stopping_without_evaluations_is_a_mistake(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, eval_strategy="no")
    with pytest.raises(RecipeError, match="needs evaluations"):
        train(changed(recipe, callbacks=["early_stopping"]), output=tmp_path / "run")


def test_without_evaluations_the_last_model_is_kept_and_scored(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, eval_strategy="no"), output=tmp_path / "run")
    assert "accuracy" in run.metrics["validation"]
    assert "validation" not in run.log_file.read_text()


def test_checkpoints_are_kept_where_more_than_one_is_asked_for(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(
        tiny_recipe("classify", {}, tiny_bert, tmp_path, num_train_epochs=3, save_total_limit=2),
        output=tmp_path / "run",
    )
    assert 1 <= len(list(run.checkpoints.iterdir())) <= 2


def test_the_best_checkpoint_is_the_one_that_is_kept(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(
        tiny_recipe("classify", {}, tiny_bert, tmp_path, num_train_epochs=6, learning_rate=5e-3),
        output=tmp_path / "run",
    )
    import json

    lines = [json.loads(line) for line in run.log_file.read_text().splitlines()]
    scores = [line["validation"]["accuracy"] for line in lines if "validation" in line]
    assert len(scores) == 6
    assert run.metrics["validation"]["accuracy"] == pytest.approx(max(scores))


def test_tensorboard_has_its_folder(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, report_to="tensorboard"), output=tmp_path / "run")
    assert any(run.tensorboard.iterdir())
    assert not run.checkpoints.exists()


def test_a_metric_of_ones_own_chooses_the_best_model(tiny_bert: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "def missed(predictions, references):\n    return float((predictions != references).mean())\n\n"
        "missed.greater_is_better = False\n"
    )
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, num_train_epochs=3, learning_rate=5e-3)
    run = train(changed(recipe, metrics=[f"{file}:missed", "accuracy"]), output=tmp_path / "run")
    figures = run.metrics["validation"]
    assert figures["missed"] == pytest.approx(1 - figures["accuracy"])
    assert run.recipe.metrics[0] == f"{run.path / 'code' / 'mine.py'}:missed"


def test_model_from_scratch(tiny_bert: Path, tmp_path: Path) -> None:
    from tests.tiny import TINY

    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    values = recipe.model_dump(mode="json", exclude_none=True)
    values["model"] = {"scratch": TINY, "tokenizer": str(tiny_bert)}
    run = train(Recipe.model_validate(values), output=tmp_path / "run")
    assert run.environment["model"] == {"name": "scratch"}
    assert "accuracy" in run.metrics["validation"]


def test_limits_draw_rows_with_the_seed(tiny_bert: Path, tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    run = train(changed(recipe, data={"limit": {"train": 9, "validation": 4}}), output=tmp_path / "run")
    assert run.metrics["rows"] == {"train": 9, "validation": 4}
    assert "train: 9 of 32 rows, drawn with seed 42" in said.messages


def test_a_good_training_warns_of_nothing(tiny_bert: Path, tmp_path: Path, said: pytest.LogCaptureFixture) -> None:
    block = {"learning_rate": 1e-3, "num_train_epochs": 45, "lr_scheduler_type": "constant", "warmup_steps": 0}
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, **block, eval_strategy="no")
    dev = write_rows(
        [{**row, "text": f"{row['text']} please"} for row in make("classify", {}).tiny_rows()], tmp_path / "d.jsonl"
    )
    train(changed(recipe, data={"validation": [str(dev)]}), output=tmp_path / "run")
    assert [record.getMessage() for record in said.records if record.name == "bertkit" and record.levelno > 20] == []
    assert "effective batch: 8 rows (8 x 1 accumulated x 1 processes)" in said.messages


def test_the_test_rows_go_through_the_model_once(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bertkit.training.trainer import BertTrainer

    scored: list[tuple[str, bool]] = []
    plain = BertTrainer.score

    def score(self: Any, split: Any, *, tune: bool = False, **more: Any) -> Any:
        scored.append((split.name, tune))
        return plain(self, split, tune=tune, **more)

    monkeypatch.setattr(BertTrainer, "score", score)
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, num_train_epochs=2)
    file = write_rows(make("classify", {}).tiny_rows()[:3], tmp_path / "test.jsonl")
    train(changed(recipe, data={"test": [str(file)]}), output=tmp_path / "run")
    assert scored == [("validation", True)] * 3 + [("test", False)]


def test_a_loss_and_a_callback_of_ones_own(tiny_bert: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from pathlib import Path\n\nimport torch\nfrom transformers import TrainerCallback\n\n\n"
        "def loss(logits, labels):\n"
        "    return torch.nn.functional.cross_entropy(logits, labels, reduction='none') + 100\n\n\n"
        "class Count(TrainerCallback):\n"
        "    def __init__(self, file):\n        self.file = Path(file)\n\n"
        "    def on_step_end(self, *_, **__):\n        self.file.open('a').write('x')\n"
    )
    recipe = tiny_recipe("classify", {"loss": f"{file}:loss"}, tiny_bert, tmp_path, max_steps=3, logging_steps=1)
    run = train(
        changed(recipe, callbacks=[{f"{file}:Count": {"file": str(tmp_path / "count")}}]), output=tmp_path / "run"
    )
    assert (tmp_path / "count").read_text() == "xxx"
    assert run.metrics["validation"]["loss"] > 100
    assert (run.code / "mine.py").read_text() == file.read_text()
    assert run.environment["code"]["mine.py"] == {"sha256": sha256(file)}
    assert run.environment["versions"]["transformers"]


@pytest.mark.parametrize(
    "blocks",
    [
        {"callbacks": [{"early_stopping": {"patience": 3}}]},
        {"callbacks": ["early_stopping"], "train": {"eval_strategy": "no"}},
        {"train": {"eval_strategy": "steps", "eval_steps": 10, "save_steps": 15}},
        {"train": {"lr_scheduler_type": "cosine", "lr_scheduler_kwargs": {"cycles": 2}}},
        {"data": {"train": ["gone.csv"]}},
        {"model": {"freeze_layers": 9}},
        {"options": {"max_length": 65}},
        {"metrics": ["f1"]},
    ],
    ids=lambda blocks: "-".join(blocks),
)
def test_a_mistake_leaves_no_folder_behind(tiny_bert: Path, tmp_path: Path, blocks: dict[str, Any]) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    with pytest.raises(BertkitError):
        train(changed(recipe, **blocks), output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_validation_split_tunes_thresholds_and_the_run_keeps_them(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {"multi_label": True}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "r")
    assert len(run.task_state["thresholds"]) == len(run.task_state["labels"]) == 3
    fixed = tiny_recipe("classify", {"multi_label": True, "threshold": 0.3}, tiny_bert, tmp_path, max_steps=2)
    assert "thresholds" not in train(fixed, output=tmp_path / "fixed").task_state


def test_a_dict_and_its_changes_train(tiny_bert: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1)
    values = recipe.model_dump(mode="json", exclude_none=True)
    run = train(values, output=tmp_path / "run", sets={"seed": 7})
    assert run.recipe.seed == 7
    with pytest.raises(RecipeError, match="--set  a Recipe is complete; give a dict, a file or a name"):
        train(recipe, output=tmp_path / "other", sets={"seed": 7})


def test_a_folder_that_is_removed_meanwhile_is_named(tiny_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import shutil\nfrom pathlib import Path\nfrom transformers import TrainerCallback\n\n\n"
        "class Cleaner(TrainerCallback):\n"
        "    def on_step_end(self, args, state, control, **kwargs):\n"
        "        shutil.rmtree(Path(args.output_dir).parent, ignore_errors=True)\n"
    )
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=2)
    recipe = changed(recipe, callbacks=[f"{tmp_path}/mine.py:Cleaner"])
    with pytest.raises(TrainingError, match="run  was removed during the training; train again"):
        train(recipe, output=tmp_path / "run")


def test_the_best_of_all_evaluations_is_kept_where_fewer_are_saved(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a checkpoint for every fourth evaluation, the first one is the best."""
    from bertkit.training.trainer import BertTrainer

    best: list[tuple[int | None, str]] = []
    plain = BertTrainer._load_best_model

    def load(trainer: BertTrainer) -> None:
        best.append((trainer.state.best_global_step, Path(str(trainer.state.best_model_checkpoint)).name))
        plain(trainer)

    monkeypatch.setattr(BertTrainer, "_load_best_model", load)
    file = tmp_path / "mine.py"
    file.write_text(
        "calls = []\n\n\ndef falling(predictions, references):\n    calls.append(1)\n    return 1 / len(calls)\n"
    )
    recipe = tiny_recipe(
        "classify", {}, tiny_bert, tmp_path, max_steps=8, eval_strategy="steps", eval_steps=1, save_steps=4
    )
    train(recipe.model_copy(update={"metrics": [f"{file}:falling"]}), output=tmp_path / "run")
    ((step, name),) = best
    assert step == 1
    assert name.endswith("1")
