"""`bertkit recipe list | show | copy | check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.recipe.load import load
from bertkit.recipe.source import parse, recipe_names


def test_list_shows_all_recipes_with_what_each_is_for(bertkit) -> None:
    code, out, _ = bertkit("recipe", "list")
    assert code == 0
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in out.splitlines()}
    assert sorted(lines) == recipe_names()
    assert all(len(purpose) > 20 for purpose in lines.values())


def test_show_prints_the_file_and_with_resolved_every_default(bertkit) -> None:
    code, out, _ = bertkit("recipe", "show", "glue/mrpc")
    assert code == 0
    assert out.startswith("# MRPC")
    code, out, _ = bertkit("recipe", "show", "glue/mrpc", "--resolved", "-s", "seed=7")
    values = parse(out, "shown").values
    assert code == 0
    assert values["seed"] == 7
    assert values["train"]["weight_decay"] == 0.01
    assert values["options"]["long_text"] == "cut"


def test_copy_makes_a_recipe_ones_own_and_writes_nothing_over(
    bertkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = bertkit("recipe", "copy", "demo/support")
    assert code == 0
    assert "support.yaml" in out
    assert load("support.yaml") == load("demo/support")
    (tmp_path / "support.yaml").write_text("mine")
    code, _, err = bertkit("recipe", "copy", "demo/support")
    assert code == 2
    assert "there is a file already" in err
    assert (tmp_path / "support.yaml").read_text() == "mine"


def test_check_tells_every_mistake_with_its_line(bertkit, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("task: clasify\nmodel:\n  nam: x\ntrain:\n  num_train_epoch: 3\n  learning_rate: fast\nseed: -1\n")
    code, _, err = bertkit("recipe", "check", file)
    assert code == 2
    for line, words in ((1, "classify"), (3, "name"), (5, "num_train_epochs"), (6, "a number"), (7, "at least 0")):
        assert any(f"mine.yaml:{line} " in told and words in told for told in err.splitlines()), (line, err)
    assert bertkit("recipe", "check", "demo/support")[0] == 0


def test_check_looks_for_the_data_and_the_model(bertkit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text("task: classify\nmodel: ./nope\ndata:\n  train: gone.csv\n")
    code, _, err = bertkit("recipe", "check", "mine.yaml")
    assert code == 2
    assert [line.split("  ")[0] for line in err.splitlines()] == ["error: mine.yaml:4", "error: mine.yaml:2"]
