"""The files of sentence-transformers beside a model's weights: how its vectors are pooled, scaled and prompted.

modules.json                      the parts of a model: Transformer, Pooling, Normalize
1_Pooling/config.json             how the tokens' vectors become one
config_sentence_transformers.json prompts, and by what vectors are compared
sentence_bert_config.json         most tokens of a text; a Run has them in tokenizer_config.json

Written, they are of the oldest format that all versions from 2.2 to 6.2 read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from bertkit.errors import ModelError
from bertkit.files.json_file import read_json
from bertkit.models.weights import folder_with
from bertkit.recipe.schema import ModelBlock

MODULES, POOLING, ABOUT = "modules.json", "1_Pooling", "config_sentence_transformers.json"
TRANSFORMER = "sentence_bert_config.json"
OLD = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
"""Key of a pooling's configuration before sentence-transformers 6 -> its mode."""
USED = ("mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean")
REMEDY = "load it in sentence-transformers, and save a model of Transformer, Pooling and Normalize"


class Saved(NamedTuple):
    """What a folder of sentence-transformers says of its vectors."""

    pooling: str
    normalize: bool
    prompts: dict[str, str]
    max_length: int | None = None
    """Most tokens that it was trained with, special ones included."""


class _Module(BaseModel):
    path: str
    type: str


class _Transformer(BaseModel):
    max_seq_length: int | None = None


class _About(BaseModel):
    prompts: dict[str, str | None] = {}


def saved(block: ModelBlock) -> Saved | None:
    """Of the weights that a block names; None if they are not a model of sentence-transformers.

    Raises:
        ModelError: a model with a part that bertkit does not have, or files that can not be read.
    """
    if block.name is None or block.scratch is not None:
        return None
    home = folder_with(block.name, block.revision, [MODULES, ABOUT, TRANSFORMER, "*/config.json"])
    if home is None or not (home / MODULES).is_file():
        return None
    modules = [_Module(**one) for one in _read(home / MODULES, list[_Module])]
    kinds = {one.type.rpartition(".")[2]: one for one in modules}
    if others := [kind for kind in kinds if kind not in ("Transformer", "Pooling", "Normalize")]:
        raise ModelError.at(str(home / MODULES), f"has a part that bertkit does not compute: {others[0]}", REMEDY)
    about = _About(**_read(home / ABOUT, _About)) if (home / ABOUT).is_file() else _About()
    prompts = {name: text for name, text in about.prompts.items() if text}
    mode = _mode(home / kinds["Pooling"].path / "config.json") if "Pooling" in kinds else "mean"
    own = home / kinds["Transformer"].path / TRANSFORMER if "Transformer" in kinds else home / TRANSFORMER
    limit = _Transformer(**_read(own, _Transformer)).max_seq_length if own.is_file() else None
    return Saved(mode, "Normalize" in kinds, prompts, limit if limit and limit > 0 else None)


def _mode(file: Path) -> str:
    values = _read(file, dict[str, Any])
    modes = [mode for key, mode in OLD.items() if values.get(key)]
    named = values.get("pooling_mode") or modes or "mean"
    modes = [named] if isinstance(named, str) else list(named)
    if len(modes) != 1 or modes[0] not in USED or values.get("include_prompt") is False:
        what = f"pools in a way that bertkit does not have: {', '.join(map(str, modes))}"
        raise ModelError.at(str(file), what, f"bertkit has {', '.join(USED)}, one at a time, prompts included")
    return str(modes[0])


def _read(file: Path, kind: Any) -> Any:
    return read_json(file, kind, error=ModelError, remedy="copy the model again")


def files(size: int, saved: Saved) -> dict[str, Any]:
    """Name -> content of the files of a model whose vectors have `size` dimensions."""
    parts = [("", "Transformer"), (POOLING, "Pooling"), *([("2_Normalize", "Normalize")] if saved.normalize else [])]
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{part}"}
        for number, (path, part) in enumerate(parts)
    ]
    modes = {key: mode == saved.pooling for key, mode in OLD.items()}
    return {
        MODULES: modules,
        f"{POOLING}/config.json": {"word_embedding_dimension": size, **modes, "include_prompt": True},
        ABOUT: {"prompts": saved.prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    }
