"""The demo of `embed`: its pairs are what their README says, and its recipe learns from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import bertkit as package
from bertkit.data.dataset import load
from bertkit.recipe.load import load as load_recipe
from bertkit.recipe.schema import DataBlock
from bertkit.run import Run
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.embed.task import Embed

FOLDER = Path(package.__file__).parent / "demo" / "pairs"


def test_its_pairs() -> None:
    columns = Embed(EmbedOptions(loss="cosent")).columns
    block = DataBlock(columns={"text": "sentence1", "text_pair": "sentence2"})
    rows = {name: load([str(FOLDER / f"{name}.tsv")], columns, block) for name in ("train", "dev")}
    assert {name: len(part) for name, part in rows.items()} == {"train": 240, "dev": 80}
    for part, each in (("train", {40}), ("dev", {13, 14})):
        counts = Counter(round(score) for score in rows[part]["score"])
        assert set(counts) == {0, 1, 2, 3, 4, 5} and {*counts.values()} == each
    sentences = {name: {*part["text"], *part["text_pair"]} for name, part in rows.items()}
    assert not sentences["train"] & sentences["dev"]


def test_its_recipe_reads_what_comes_with_bertkit() -> None:
    assert load_recipe("demo/pairs").data.validation == ["package:bertkit/demo/pairs/dev.tsv"]


@pytest.mark.slow
def test_the_demo_recipe_learns(bertkit: Callable, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert bertkit("train", "demo/pairs", "-o", run, "-s", "train.report_to=none")[0] == 0
    assert Run.open(run).metrics["validation"]["spearman"] > 0.6
