"""Extend a model's vocabulary: a new word's embedding starts as the mean of the embeddings of its former tokens.

The mean is the best of the initializations that IndoBERTweet compares for BERT (Koto et al. 2021). Outputs for texts
without new words do not change. data/tokenizer/extend.py chooses the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.errors import ModelError
from bertkit.models.build import load_tokenizer
from bertkit.models.custom_code import with_trust
from bertkit.models.pretrained import lacking, lacks, unusable
from bertkit.models.weight_names import WEIGHTS
from bertkit.models.weights import WHERE, check_folder, resolve
from bertkit.recipe.schema import ModelBlock
from bertkit.warn import warn

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def open_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder, a packaged model or a model on the hub.

    Raises:
        ModelError: there is none, or it is not a fast one.
    """
    return load_tokenizer(ModelBlock(tokenizer=name))


def uncopied_files(name: str, folder: Path) -> list[str]:
    """Files of a model that its copy in `folder` lacks, such as those of a pooling layer."""
    source = Path(resolve(name, None, WHERE)["pretrained_model_name_or_path"])
    copied = {*WEIGHTS, "special_tokens_map.json", "added_tokens.json", *(path.name for path in folder.iterdir())}
    return sorted(path.name for path in source.glob("[!.]*") if path.name not in copied)


def open_model(name: str) -> PreTrainedModel:
    """A model with the head of its checkpoint (`architectures` of its config), in the precision it was saved in.

    Raises:
        ModelError: no model there, or incomplete weights.
    """
    import transformers

    place = resolve(name, None, WHERE)
    if (folder := Path(place["pretrained_model_name_or_path"])).is_dir():
        check_folder(folder, name)
    place = with_trust(place, WHERE)
    try:
        config = transformers.AutoConfig.from_pretrained(**place)
        architecture = (config.architectures or ["AutoModel"])[0]
        model_class = getattr(transformers, architecture, transformers.AutoModel)
        model, info = model_class.from_pretrained(**place, dtype="auto", output_loading_info=True)
    except Exception as error:  # safetensors, json, hub and transformers each raise their own kinds here
        raise unusable(name, WHERE, error) from error
    if missing := lacks(model, info)[0]:
        raise lacking(name, missing, sorted(info["unexpected_keys"]))
    for problem, keys in (("missing from the weights", "missing_keys"), ("unused, and lost", "unexpected_keys")):
        tensors = sorted(key for key in info[keys] if not key.endswith("position_ids"))
        if tensors:
            warn(f"{architecture}: {len(tensors)} tensors {problem}: {', '.join(tensors[:3])}")
    return model


def fit_to(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> bool:
    """Add rows for the tokens that a tokenizer has and the model lacks, with a warning; returns whether there are any.

    transformers draws the new rows around the mean of the others, so that no new token is likelier than those (Hewitt
    2021, "Initializing New Word Embeddings for Pretrained Language Models").
    """
    weight: Any = model.get_input_embeddings().weight  # (word, hidden)
    rows, tokens = len(weight), len(tokenizer)
    if tokens <= rows:
        return False
    model.resize_token_embeddings(tokens, mean_resizing=True)
    model.get_input_embeddings().weight.requires_grad_(weight.requires_grad)
    added = sum(number >= rows for number in tokenizer.added_tokens_decoder)
    what = f"the tokenizer has {tokens:,} tokens and the model {rows:,}: {tokens - rows:,} rows are added"
    warn(what if added == tokens - rows else f"{what}; is it the tokenizer of this model?")
    return True


def add_rows(model: PreTrainedModel, first: int, tokens: Sequence[Sequence[int]]) -> None:
    """Add rows for the words from number `first` on: each is the mean of the rows of the word's former tokens.

    Rows are added to the embeddings and to the weight and bias of the masked-word head, if the model has one.

    Args:
        tokens: numbers of the former tokens of each word.

    Raises:
        ModelError: the model has another parameter with a row per word.
    """
    import torch

    rows = len(_tables(model)[0])
    known = {table.data_ptr() for table in _tables(model)}
    names = [
        name
        for name, table in model.named_parameters()
        if rows in table.shape[1:]
        and table.data_ptr() not in known
        and not name.startswith(f"{model.base_model_prefix}.")
    ]
    if names:  # MobileBERT's head is one such
        what = f"{type(model).__name__} also has the vocabulary in {', '.join(names)}, where words can not be added"
        raise ModelError.at(WHERE, what, "use a BERT model")
    if first + len(tokens) > rows:
        model.resize_token_embeddings(first + len(tokens), mean_resizing=False)
    with torch.no_grad():
        for table in {table.data_ptr(): table for table in _tables(model)}.values():  # tied ones once
            for number, ids in enumerate(tokens, first):
                table[number] = table[list(ids)].float().mean(0).to(table.dtype)  # (hidden,), or one bias


def _tables(model: PreTrainedModel) -> list[Any]:
    """Parameters with a row per word: embeddings `(word, hidden)`, and weight and bias `(word,)` of the MLM head."""
    embeddings: Any = model.get_input_embeddings()
    head: Any = model.get_output_embeddings()
    tables = (embeddings.weight, getattr(head, "weight", None), getattr(head, "bias", None))
    return [table for table in tables if table is not None]
