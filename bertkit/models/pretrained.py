"""Load a model's weights, and find them where transformers does not: under a prefix, or under another kind's name.

Nothing of an encoder is ever left random: transformers would fill what it does not find with new weights.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bertkit import hub
from bertkit.errors import ModelError
from bertkit.models.custom_code import cached, with_trust
from bertkit.models.weight_names import WEIGHTS, prefixes, read, renamed, some, weights_files
from bertkit.models.weights import WHERE, resolve
from bertkit.models.wordpiece import words_of
from bertkit.recipe.schema import ModelBlock

if TYPE_CHECKING:
    import torch

log = logging.getLogger("bertkit")

ROBERTA = "roberta"
ONLINE = "load it once with a network, or name a folder"
OF_ROBERTA = ("model_type", "architectures", "pad_token_id", "bos_token_id", "eos_token_id", "transformers_version")
"""What the configuration of a BERT that calls itself RoBERTa has of RoBERTa."""


class Loaded(NamedTuple):
    """A model with its weights."""

    model: Any
    trained: Any
    """The configuration of the weights."""
    new: set[str]
    """Parameters that the weights lack, such as the head's."""


def load(place: dict[str, Any], name: str, auto_class: Any, **head: Any) -> Loaded:
    """A model in float32, with the weights of a folder or of a name on the hub.

    Args:
        place: arguments of `from_pretrained`.
        name: as the recipe has it.
        auto_class: such as `AutoModelForSequenceClassification`.
        head: configuration of the head.

    Raises:
        ModelError: the weights are not this model's, or lack a part of the encoder. Others: whatever transformers,
            safetensors, torch and the hub raise for what they can not read.
    """
    from transformers import AutoConfig

    if not place["local_files_only"]:
        _fetch(place, name)
    file = _file(place, name)
    trained = AutoConfig.from_pretrained(**place)
    options: dict[str, Any] = {"output_loading_info": True, "ignore_mismatched_sizes": True, "dtype": "float32"}
    weights = _of_bert(place, trained, file)
    if weights is not None:
        trained = _as_bert(place, trained)
        log.info("%s: config.json says roberta, but the weights and vocab.txt are a BERT's: loaded as BERT", name)
    elif file.name in WEIGHTS:
        model, info = auto_class.from_pretrained(**place, **options, **head)
        missing, new = lacks(model, info)
        if not missing:
            return Loaded(model, trained, new)
        if type(trained) not in auto_class._model_mapping or not any(key in info["missing_keys"] for key in missing):
            raise lacking(name, missing, sorted(info["unexpected_keys"]))
    config = type(trained).from_dict(trained.to_dict(), **head)
    weights = _found(read(file) if weights is None else weights, config, name, auto_class)
    kind = auto_class._model_mapping[type(config)]
    model, info = kind.from_pretrained(None, config=config, state_dict=weights, **options)
    missing, new = lacks(model, info)
    if missing:
        raise lacking(name, missing, sorted(info["unexpected_keys"]))
    return Loaded(model, trained, new)


def config_of(place: dict[str, Any], **head: Any) -> Any:
    """The configuration of a model without its weights: with a vocab.txt, roberta is a BERT's name for itself."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(**place)
    if config.model_type == ROBERTA and words_of(place):
        config = _as_bert(place, config)
    return type(config).from_dict(config.to_dict(), **head)


def model_type(block: ModelBlock) -> str | None:
    """The model type (`bert`, ...); None if it is unknown before the model is loaded."""
    if block.scratch is not None:
        return block.scratch.get("model_type")
    if block.name is None:
        return None
    from transformers import AutoConfig

    place = resolve(block.name, block.revision, WHERE)
    try:
        config = AutoConfig.from_pretrained(**with_trust(place, WHERE))
        is_bert = _of_bert(place, config, _file(place, block.name)) is not None
        return "bert" if is_bert else str(config.model_type)
    except Exception:  # loading the model will report the error
        return None


def _fetch(place: dict[str, Any], name: str) -> None:
    """Download the weights into the cache. transformers would say that there are none, whatever kept it from them."""
    from huggingface_hub import hf_hub_download

    present = hub.files(name, "model", place["revision"])
    file = next((file for file in WEIGHTS if file in present), None)
    if file is None:
        others = sorted(one for one in present if "." in one and not one.endswith((".json", ".txt", ".md")))
        what = f"{name}: the hub has no weights of it that torch can read"
        raise ModelError.at(WHERE, what + (f" (it has {some(others)})" if others else ""), "name another model")
    hf_hub_download(name, file, revision=place["revision"])


def _file(place: dict[str, Any], name: str) -> Path:
    """The file of the weights.

    Raises:
        ModelError: it is not in the cache of the hub, or there are several that may be it.
    """
    if (folder := Path(place["pretrained_model_name_or_path"])).is_dir():
        files = weights_files(folder)
    else:
        files = [file for known in WEIGHTS if (file := cached(place, known))][:1]
    if not files:
        raise ModelError.at(WHERE, f"{name}: no weights in the hub's cache, and {hub.out_of_reach()}", ONLINE)
    if len(files) > 1:
        what = f"{name}: {len(files)} files may be its weights ({some([file.name for file in files])})"
        raise ModelError.at(WHERE, what, "leave one there, or name one model.safetensors or pytorch_model.bin")
    return files[0]


def _of_bert(place: dict[str, Any], config: Any, file: Path) -> dict[str, torch.Tensor] | None:
    """The weights of a BERT whose config.json says roberta; None for all others.

    They are named `bert.`; without any such name, a BERT is known by its two segments, which RoBERTa does not have.
    """
    if config.model_type != ROBERTA or not words_of(place):
        return None
    weights = read(file)
    parts = {part for name in weights for part in name.split(".")}
    return weights if ROBERTA not in parts and ("bert" in parts or config.type_vocab_size == 2) else None


def _as_bert(place: dict[str, Any], config: Any) -> Any:
    from transformers import BertConfig

    values = {key: value for key, value in config.to_dict().items() if key not in OF_ROBERTA}
    words = words_of(place)
    return BertConfig(**values, pad_token_id=words.index("[PAD]") if "[PAD]" in words else 0)


def _found(weights: dict[str, torch.Tensor], config: Any, name: str, auto_class: Any) -> dict[str, torch.Tensor]:
    """The weights under the names of the model.

    Raises:
        ModelError: they are not there, there more than once, or those of another kind of model.
    """
    import torch

    with torch.device("meta"):
        model = auto_class.from_config(config, trust_remote_code=False)
    encoder, base = [*model.base_model.state_dict()], f"{model.base_model_prefix}."
    counts = prefixes(weights, {*encoder})
    best = [prefix for prefix, count in counts.items() if count == max(counts.values())]
    if not best:
        raise lacking(name, [base + key for key in encoder], sorted(weights))
    if len(best) > 1:
        what = f"{name}: the weights hold {len(best)} encoders, named {some(best)}"
        raise ModelError.at(WHERE, what, "save the one that you mean, with save_pretrained")
    prefix = best[0]
    kind = prefix.rstrip(".").rpartition(".")[2]
    if (ROBERTA in kind) != (base == f"{ROBERTA}.") and ("bert" in kind):
        what = f"{name}: the weights are those of a {kind}, but config.json says {config.model_type}"
        raise ModelError.at(WHERE, what, "take both from one model: their positions are counted differently")
    if prefix in ("", base):
        return weights
    log.info("%s: the encoder's weights are found under %s", name, prefix)
    found = renamed(weights, prefix, base)
    if rest := len(weights) - len(found):
        log.info("%s: %d other tensors are not used", name, rest)
    return found


def lacks(model: Any, info: dict[str, Any]) -> tuple[list[str], set[str]]:
    """The parameters that the weights lack: those of the encoder, and all. A pooler may be new."""
    prefix = "" if model.base_model is model else f"{model.base_model_prefix}."
    changed = {str(item[0]) for item in info.get("mismatched_keys", ())}
    new = {str(key) for key in info.get("missing_keys", ())} | changed
    return sorted(key for key in new if key.startswith(prefix) and "pooler" not in key), new


def lacking(name: str, missing: list[str], others: list[str]) -> ModelError:
    """The error of weights without a part of the encoder.

    Args:
        others: names in the file that the model does not have.
    """
    what = f"{name}: the weights lack {len(missing)} tensors of the encoder ({some(missing)})"
    if others:
        what += f"; they have {some(others)}"
    error: Any = ModelError.at(WHERE, what, "is config.json the one of these weights?")
    return error


def unusable(name: str, key: str, error: Exception, *, revision: str | None = None) -> ModelError:
    """The error of a model that can not be loaded: what the hub says, or what the libraries do."""
    what, todo = (
        f"{name}: can not be loaded: {first_line(error)}",
        "copy the model again, or try it in plain transformers",
    )
    if said := hub.explain(error, name, "model", revision):
        what, todo = said.what, said.todo
    failure: Any = ModelError.at(key, what, todo)
    return failure


def first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
