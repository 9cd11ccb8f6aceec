"""A model for a longer vocabulary: the rows of new words start as the mean of the tokens that the words were cut into.

The mean is the best of the starts that IndoBERTweet compares for BERT (Koto et al. 2021). What the model gives for the
old numbers stays as it was. Which words: data/new_words.py.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.errors import BertkitError, ModelError, Problem
from bertkit.models.build import load_tokenizer
from bertkit.models.weights import WEIGHTS, check_folder, resolve
from bertkit.recipe.schema import ModelBlock

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger("bertkit")

WHERE = "MODEL"


def open_tokenizer(name: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder, a packaged model or a model on the hub.

    Raises:
        ModelError: there is none, or it is not a fast one.
    """
    try:
        return load_tokenizer(ModelBlock(tokenizer=name))
    except ModelError as error:  # it speaks of a recipe's keys
        todo = "name a folder that has a tokenizer.json or a vocab.txt"
        problems = [Problem(WHERE, p.reason, todo if "--set" in p.remedy else p.remedy) for p in error.problems]
        raise ModelError(*problems) from error


def left_behind(name: str, folder: Path) -> list[str]:
    """Files beside a model, such as a pooling's, that its copy in `folder` does not have."""
    source = Path(resolve(name, None, WHERE)["pretrained_model_name_or_path"])
    known = {*WEIGHTS, "special_tokens_map.json", "added_tokens.json", *(path.name for path in folder.iterdir())}
    return sorted(path.name for path in source.glob("[!.]*") if path.name not in known)


def open_model(name: str) -> PreTrainedModel:
    """A model with whatever head its checkpoint has (`architectures` of its config), in the precision it was saved in.

    Raises:
        ModelError: no model there, or weights that are not all there.
    """
    import transformers

    try:
        place = resolve(name, None, WHERE)
        if (folder := Path(place["pretrained_model_name_or_path"])).is_dir():
            check_folder(folder, name)
        config = transformers.AutoConfig.from_pretrained(**place)
        wanted = (config.architectures or ["AutoModel"])[0]
        kind = getattr(transformers, wanted, transformers.AutoModel)
        model, info = kind.from_pretrained(**place, dtype="auto", output_loading_info=True)
    except BertkitError as error:
        raise ModelError(*(Problem(WHERE, p.reason, p.remedy) for p in error.problems)) from error
    except Exception as error:  # safetensors, json, hub and transformers each raise their own kinds here
        said = " ".join(str(error).split()) or type(error).__name__
        raise ModelError.at(WHERE, f"{name}: can not be loaded: {said}", "copy the model again") from error
    for problem, keys in (("lack", info["missing_keys"]), ("have, and would lose,", info["unexpected_keys"])):
        lost = sorted(key for key in keys if not key.endswith("position_ids"))
        if lost:
            log.warning("the weights %s %d tensors of %s: %s", problem, len(lost), wanted, ", ".join(lost[:3]))
    return model


def add_rows(model: PreTrainedModel, first: int, tokens: Sequence[Sequence[int]]) -> None:
    """Give the words from number `first` on rows of their own: each the mean of the rows of its tokens.

    In the embeddings, and in the weight and the bias of the masked-word head where the model has one.

    Raises:
        ModelError: the model has yet another table of words.
    """
    import torch

    rows = len(_tables(model)[0])
    held = {table.data_ptr() for table in _tables(model)}
    names = [
        name
        for name, table in model.named_parameters()
        if rows in table.shape[1:]
        and table.data_ptr() not in held
        and not name.startswith(f"{model.base_model_prefix}.")
    ]
    if names:  # MobileBERT's head is one such
        what = f"{type(model).__name__} holds the vocabulary in {', '.join(names)} too, where words can not be added"
        raise ModelError.at(WHERE, what, "name a BERT")
    if first + len(tokens) > rows:
        model.resize_token_embeddings(first + len(tokens), mean_resizing=False)
    with torch.no_grad():
        for table in {table.data_ptr(): table for table in _tables(model)}.values():  # tied ones once
            for number, ids in enumerate(tokens, first):
                table[number] = table[list(ids)].float().mean(0).to(table.dtype)  # (hidden,), or one bias


def _tables(model: PreTrainedModel) -> list[Any]:
    """Weights with a row a word: embeddings `(word, hidden)`, and weight and bias `(word,)` of the masked-word head."""
    embeddings: Any = model.get_input_embeddings()
    head: Any = model.get_output_embeddings()
    found = (embeddings.weight, getattr(head, "weight", None), getattr(head, "bias", None))
    return [table for table in found if table is not None]
