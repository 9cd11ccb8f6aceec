"""What the end of a training leaves in the Run, and in which order."""

from __future__ import annotations

import html
import json
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import AutoTokenizer

from bertkit import train
from bertkit.run import Run
from bertkit.training import finish
from bertkit.warn import collect
from tests.helpers import make, tiny_recipe, write_rows


def test_the_model_folder_is_plain_and_readable(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {"max_length": 12}, tiny_bert, tmp_path), output=tmp_path / "run")
    names = {file.name for file in run.model.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert "training_args.bin" not in names
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o644 for file in run.model.iterdir())
    assert AutoTokenizer.from_pretrained(run.model).model_max_length == 12
    assert run.environment["data"].keys() == {"train", "validation"}


@pytest.mark.parametrize(("limit", "kept"), [(1, False), (2, True)])
def test_checkpoints_stay_where_more_than_one_is_asked_for(
    limit: int, kept: bool, tiny_bert: Path, tmp_path: Path
) -> None:
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, save_total_limit=limit)
    assert train(recipe, output=tmp_path / "run").checkpoints.is_dir() == kept


def test_a_run_is_finished_by_its_metrics_alone(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = finish.write_json

    def torn(file: Path, value: Any) -> None:
        if file.name == "metrics.json":
            raise KeyboardInterrupt
        plain(file, value)

    monkeypatch.setattr(finish, "write_json", torn)
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, output=tmp_path / "run")
    run = Run(tmp_path / "run")
    assert run.task_file.is_file() and run.checkpoints.is_dir()
    monkeypatch.setattr(finish, "write_json", plain)
    assert train(recipe, output=tmp_path / "run", resume=True).metrics["rows"] == {"train": 32, "validation": 8}


def test_what_a_run_publishes_names_no_folder_user_or_machine(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bertkit: Any
) -> None:
    """Everything but local.json, tensorboard/ and checkpoints/, which .gitignore leaves out."""
    home = tmp_path / "home" / "secretuser"
    home.mkdir(parents=True)
    monkeypatch.setattr("socket.gethostname", lambda: "secrethost")
    monkeypatch.setattr("platform.node", lambda: "secrethost")
    model = shutil.copytree(tiny_bert, home / "bert")
    (home / "mine.py").write_text("from bertkit.tasks.classify.task import Classify\nclass Mine(Classify): ...\n")
    recipe = tiny_recipe("classify", {}, model, home, max_steps=1, report_to="tensorboard", save_total_limit=2)
    values = {**recipe.model_dump(mode="json", exclude_none=True), "task": f"{home}/mine.py:Mine"}
    (home / "r.yaml").write_text(json.dumps(values))
    code, _, err = bertkit("train", home / "r.yaml", "-o", home / "run")
    assert code == 0, err
    run = Run.open(home / "run")
    private = {*(run.path / ".gitignore").read_text().split("\n")} - {""}
    assert private == {"local.json", "tensorboard/", "checkpoints/", ".lock"}
    assert str(home) in run.local_file.read_text()
    shutil.rmtree(run.tensorboard)
    shutil.rmtree(run.checkpoints)
    published = [file for file in run.path.rglob("*") if file.is_file() and file != run.local_file]
    leaks = [
        (file.name, word) for file in published for word in (b"secret", bytes(tmp_path)) if word in file.read_bytes()
    ]
    assert leaks == []
    assert {"README.md", "report.html", "environment.json", "recipe.yaml", "log.jsonl", "config.json"} <= {
        file.name for file in published
    }
    assert run.environment["model"]["name"] == "./bert"
    assert run.environment["versions"]["torch"]
    assert not [word for word in published if "secret" in str(word.relative_to(run.path))]
    assert bertkit("report", run.path)[0] == 0
    assert b"secret" not in run.report_file.read_bytes()


def test_warnings_reach_metrics_card_and_report(tiny_bert: Path, tmp_path: Path) -> None:
    """The test rows are judged too: the validation rows are learnt by heart, and the test rows have other labels."""
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, repeat=16, num_train_epochs=4, learning_rate=3e-3)
    other = {"delivery": "refund", "refund": "other", "other": "delivery"}
    rows = [{**row, "label": other[row["label"]]} for row in make("classify", {}).tiny_rows()]
    test = write_rows(rows, tmp_path / "test.jsonl")
    data = recipe.data.model_copy(update={"test": [str(test)]})
    run = train(recipe.model_copy(update={"data": data}), output=tmp_path / "run")
    found = {one["split"]: one["message"] for one in run.warnings if "no better than" in one["message"]}
    assert found.keys() == {"test"}
    assert found["test"].endswith("the validation rows scored better: are these rows of the same kind?")
    assert {"split": "validation", "message": OVERLAP} in run.warnings
    assert f"- test: {found['test']}" in run.card_file.read_text("utf-8")
    page = html.unescape(run.report_file.read_text("utf-8"))
    assert page.index(found["test"]) < page.index("<h2>Figures</h2>")


OVERLAP = "8 rows (100.0%) are also in the training data: their scores are too high"


def test_a_run_from_before_warnings_were_kept_still_opens(tiny_bert: Path, tmp_path: Path, bertkit: Any) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path), output=tmp_path / "run")
    assert run.warnings
    run.metrics_file.write_text(json.dumps({k: v for k, v in run.metrics.items() if k != "warnings"}))
    assert Run.open(run.path).warnings == []
    code, _, err = bertkit("report", run.path, "--output", tmp_path / "page.html")
    assert code == 0, err


@pytest.mark.parametrize(
    ("block", "validation", "key"),
    [
        ({"num_train_epochs": 3}, [1.7, 1.5], "num_train_epochs"),
        ({"max_steps": 21, "num_train_epochs": 3}, [1.7, 1.5], "max_steps"),
        ({"max_minutes": 1}, [], "max_minutes"),
        ({"num_train_epochs": 3}, [1.5, 1.7], None),
    ],
)
def test_a_training_that_ends_too_soon_says_so(block: dict[str, Any], validation: list[float], key: str | None) -> None:
    """Not where the validation loss rises: there more steps would overfit."""
    history: list[dict[str, Any]] = [{"step": step, "loss": 2 - step / 50} for step in range(1, 22)]
    history += [{"step": 21, "eval_loss": loss} for loss in validation]
    parts: Any = SimpleNamespace(recipe=SimpleNamespace(train=block))
    with collect() as warned:
        finish._check_convergence(parts, history)
    assert [one["split"] for one in warned] == ([""] if key else [])
    assert all(one["message"].endswith(f"the model is not fully trained; raise train.{key}") for one in warned)


def test_where_the_texts_do_not_fit_the_tokenizer_another_model_is_the_advice(tiny_bert: Path, tmp_path: Path) -> None:
    """All tokens are unknown, so that every answer is the same; training longer would not help."""
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1)
    rows = [{"text": "☂☃ ☄★ " * (1 + n % 3), "label": ("refund", "delivery")[n % 2]} for n in range(24)]
    files = {split: str(write_rows(rows, tmp_path / f"{split}.jsonl")) for split in ("train", "validation")}
    data = recipe.data.model_copy(update={split: [file] for split, file in files.items()})
    run = train(recipe.model_copy(update={"data": data}), output=tmp_path / "run")
    advice = [
        one["message"] for one in run.warnings if "better than" in one["message"] or "same answer" in one["message"]
    ]
    assert advice
    assert all("choose a model whose tokenizer fits these texts" in message for message in advice)
