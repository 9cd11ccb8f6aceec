"""A user's own task, in a file outside of the package, goes through every command there is.

The task is the one of docs/plugins.md, read from there: what the docs show is what runs.
"""

from __future__ import annotations

import csv
import json
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bertkit.inference.bulk import output
from bertkit.inference.bulk.run import Bulk
from bertkit.run import Run
from tests.helpers import Power, write_csv
from tests.test_docs import ROOT, blocks

RECIPE = """\
task: ./toxicity.py:Toxicity
model: {model}
data: {{train: train.csv, validation: dev.csv, test: test.csv}}
train: {{num_train_epochs: 2, per_device_train_batch_size: 4, learning_rate: 1e-3, use_cpu: true, save_steps: 2,
  save_strategy: steps, eval_strategy: steps, eval_steps: 2, report_to: none}}
"""
SUITE = """\
suite: mine
seeds: [2]
tasks:
  toxicity: {recipe: ./toxicity.yaml, figures: [test/accuracy]}
"""
TEXTS = (("thank you , good bye", "no"), ("i want my money back", "yes"), ("hello", "no"), ("send the money", "yes"))


@pytest.fixture
def project(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (code,) = [block for block in blocks(ROOT / "docs" / "plugins.md", "python") if block.startswith("# toxicity.py")]
    (tmp_path / "toxicity.py").write_text(code, "utf-8")
    (tmp_path / "toxicity.yaml").write_text(RECIPE.format(model=tiny_bert), "utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, "utf-8")
    for name, times in (("train", 4), ("dev", 2), ("test", 2)):
        rows = [(f"{text} {name} {number}", toxic) for number in range(times) for text, toxic in TEXTS]
        write_csv(tmp_path / f"{name}.csv", ("text", "toxic"), rows)
    write_csv(tmp_path / "new.csv", ("text", "toxic"), TEXTS)
    write_csv(tmp_path / "texts.csv", ("text",), [(text,) for text, _ in TEXTS])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_task_from_outside_gets_every_command(
    project: Path, bertkit: Any, cut_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ran(*command: object) -> str:
        code, out, err = bertkit(*command)
        assert code == 0, err
        return out

    ran("recipe", "check", "toxicity.yaml")
    ran("train", "toxicity.yaml", "--output", "runs/a")
    whole = Run.open("runs/a")
    assert whole.metrics["test"]["accuracy"] >= 0
    assert (whole.code / "toxicity.py").is_file()

    cut_at(3)  # resume: cut off after step 3, gone on from step 2, and equal in the end
    with pytest.raises(Power):
        bertkit("train", "toxicity.yaml", "--output", "runs/cut")
    cut_at(None)
    ran("train", "runs/cut", "--resume")
    cut = Run.open("runs/cut")
    assert cut.metrics == whole.metrics
    assert (cut.model / "model.safetensors").read_bytes() == (whole.model / "model.safetensors").read_bytes()

    ran("eval", "runs/a", "--data", "new.csv", "--output", "eval.json")
    accuracy = json.loads(Path("eval.json").read_text())["figures"]["accuracy"]
    ran("predict", "runs/a", "texts.csv", "--output", "answers.csv")
    many = [(f"{text} {number}",) for number in range(25) for text, _ in TEXTS]
    write_csv(project / "many.csv", ("text",), many)
    monkeypatch.setattr(output, "Bulk", partial(Bulk, size=8))  # a job of 13 parts
    ran("predict", "runs/a", "many.csv", "--output", "many/", "--shard-rows", "40", "--format", "csv")
    files = sorted(Path("many").glob("shard-*.csv"))
    shards = [[*csv.DictReader(file.read_text("utf-8").splitlines())] for file in files]
    assert [len(rows) for rows in shards] == [40, 40, 20]
    assert [row["text"] for rows in shards for row in rows] == [text for (text,) in many]
    assert all(0 < float(row["probability_toxic"]) < 1 for rows in shards for row in rows)
    assert Path("answers.csv").read_text().startswith("text,probability_toxic\n")
    ran("eval", "answers.csv", "--on", "toxicity.yaml", "--data", "new.csv", "--output", "file.json")
    scored = json.loads(Path("file.json").read_text())
    assert (scored["rows"], scored["figures"]["accuracy"]) == (len(TEXTS), accuracy)
    assert "toxic: 0." in ran("predict", "runs/a", "--text", "hello")

    ran("train", "toxicity.yaml", "--output", "runs/b", "-s", "seed=2")
    ran("compare", "runs/a", "runs/b", "--output", "compare.html")
    assert "accuracy" in Path("compare.html").read_text()
    assert "score" in ran("explain", "runs/a", "--text", "hello you", "--output", "why.html")
    assert "rollout" in ran("attention", "runs/a", "--text", "hello you", "--output", "attention.html")
    assert "trustworthiness" in ran("projector", "runs/a", "new.csv", "--output", "plane.html")
    assert "correct" in Path("plane.html").read_text("utf-8")
    ran("bench", "suite.yaml", "--output", "runs/suite")
    assert (Path("runs/suite") / "toxicity" / "seed-2" / "metrics.json").is_file()
    ran("report", "runs/a", "--output", "page.html")
    assert "hello test 0" in Path("page.html").read_text()
    ran("errors", "runs/a", "--folds", "2", "--output", "errors")
    assert "hello dev 1" in Path("errors/errors.csv").read_text("utf-8-sig")

    card = whole.card_file.read_text("utf-8")
    monkeypatch.chdir(whole.path.parent)  # where whoever downloads it stands
    command = card.split("```sh\n")[1].split("\n")[0]
    assert "toxic: 0." in ran(*shlex.split(command)[1:])
    scope: dict[str, Any] = {}
    exec(card.split("```python\n")[1].split("```")[0].replace("Predictor.open(", "answers = Predictor.open("), scope)
    assert 0 < scope["answers"][0]["probability"] < 1


def test_a_checkpoint_of_others_is_scored_by_a_task_from_outside(project: Path, bertkit: Any) -> None:
    code, _, err = bertkit("train", "toxicity.yaml", "--output", "runs/a")
    assert code == 0, err
    code, _, err = bertkit("eval", "runs/a/model", "--on", "toxicity.yaml", "--data", "test.csv", "--output", "c.json")
    assert code == 0, err
    figures = json.loads(Path("c.json").read_text())["figures"]
    assert figures["accuracy"] == Run.open("runs/a").metrics["test"]["accuracy"]
