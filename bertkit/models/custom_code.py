"""Code that a model brings along (`auto_map` in its config.json): run only where this user has allowed it.

transformers would ask on standard input whether to run it, and would take the first row of the data for the answer. So
every loader gets `trust_remote_code`, which is True only for a model that can not be loaded without its code, and whose
code is allowed (trust.py). A model that transformers has a class for never runs code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bertkit import trust
from bertkit.errors import ModelError
from bertkit.trust import Code

CONFIG = "config.json"
ADAPTER = "adapter_config.json"


def with_trust(place: dict[str, Any], where: str) -> dict[str, Any]:
    """`place`, as `weights.resolve` gives it, with the `trust_remote_code` that this model may have.

    Raises:
        ModelError: the model needs code that is not allowed or not there, is an adapter of another model, or asks for
            an attention kernel from the hub.
    """
    name = place["pretrained_model_name_or_path"]
    if adapter := content_of(
        place, ADAPTER
    ):  # transformers would load the other model in its place, where peft is there
        what = f"{name}: an adapter of another model ({adapter.get('base_model_name_or_path')})"
        raise ModelError.at(where, what, "merge it into that one (merge_and_unload in peft), and name the result")
    config = content_of(place, CONFIG)
    for key in ("attn_implementation", "_attn_implementation"):
        if "/" in str(config.get(key)):
            what = f"{name}: its {CONFIG} asks for a kernel from the hub ({config[key]})"
            raise ModelError.at(where, what, f"remove {key} from it")
    references = needed(config, content_of(place, "tokenizer_config.json"))
    if references:
        trust.check(map(Code.of_file, _files(place, references, where)), "this model", ModelError)
    return {**place, "trust_remote_code": bool(references)}


def needed(config: dict[str, Any], tokenizer: dict[str, Any]) -> list[str]:
    """The classes (`module.Class`, `repository--module.Class`) that a model has of its own, if it needs them."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    if config.get("model_type") in CONFIG_MAPPING_NAMES:
        return []
    found = [*_texts(config.get("auto_map")), *_texts(tokenizer.get("auto_map"))]
    return list(dict.fromkeys(text for text in found if "." in text))


def _files(place: dict[str, Any], references: list[str], where: str) -> list[Path]:
    """The files of these classes and those that they import from beside them, as transformers finds them."""
    from transformers.dynamic_module_utils import get_relative_imports

    own = place["pretrained_model_name_or_path"]
    open_: list[tuple[str, str]] = []
    for reference in references:
        repository, _, path = reference.rpartition("--")
        open_.append((repository or own, path.rpartition(".")[0]))
    found: dict[tuple[str, str], Path] = {}
    while open_:
        repository, module = open_.pop()
        if (repository, module) in found:
            continue
        file = cached({**place, "pretrained_model_name_or_path": repository}, f"{module}.py", own)
        if file is None:
            todo = "download it once with a network" if repository != own else "copy the model again"
            raise ModelError.at(where, f"{own}: needs {module}.py of {repository}, which is not there", todo)
        found[repository, module] = file
        open_ += [(repository, str(Path(module).parent / name)) for name in get_relative_imports(file)]
    return sorted(found.values())


def cached(place: dict[str, Any], file: str, own: str = "") -> Path | None:
    """A file of a folder or of a repository on the hub; None where it has none such, or is out of reach."""
    from transformers.utils import cached_file

    name = place["pretrained_model_name_or_path"]
    path = cached_file(
        name,
        file,
        revision=place["revision"] if name == own or not own else None,
        local_files_only=place["local_files_only"],
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return None if path is None else Path(path)


def content_of(place: dict[str, Any], file: str) -> dict[str, Any]:
    """The content of a JSON file; empty where there is none or it can not be read, which the loader reports."""
    try:
        path = cached(place, file)
        content = json.loads(path.read_text("utf-8")) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _texts(value: Any) -> list[str]:
    texts, level = [], [value]
    while level:  # not by recursion: a stranger's value may be deep
        one = level.pop(0)
        level += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        texts += [one] if isinstance(one, str) else []
    return texts
