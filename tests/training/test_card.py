"""The model card: front matter that parses, scores with intervals, and a command that works."""

from __future__ import annotations

from pathlib import Path

from bertkit import train
from bertkit.recipe.source import parse
from tests.helpers import tiny_recipe


def test_card_of_a_run(tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path), output=tmp_path / "mine")
    text = run.card_file.read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    values = parse(front, "card").values
    assert values["library_name"] == "transformers"
    assert values["pipeline_tag"] == "text-classification"
    assert "# mine" in body
    accuracy = run.metrics["validation"]["accuracy"]
    low, high = run.metrics["intervals"]["validation"]["accuracy"]
    assert f"| validation | accuracy | {accuracy:.4f} | {low:.4f} to {high:.4f} |" in body
    assert f"bertkit predict {run.path} --text" in body
    assert "`delivery`, `other`, `refund`" in body
    assert "learning_rate: 0.001" in body
