"""The tokenizer of a Run, without importing transformers: the same encodings and attributes from the same files.

Importing transformers takes longer than answering a text. A Run's tokenizer.json is what the tokenizer of its training
wrote, and its hash says that nobody has changed it since: so the library `tokenizers` alone gives the same encodings.
For all that this class does not know it opens the tokenizer of transformers, once, and asks that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

IDS, TYPES, MASK = "input_ids", "token_type_ids", "attention_mask"
INPUTS = {
    "BertTokenizer": [IDS, TYPES, MASK],
    "PreTrainedTokenizerFast": [IDS, MASK],
    "RobertaTokenizer": [IDS, MASK],
    "TokenizersBackend": [IDS, MASK],
    "XLMRobertaTokenizer": [IDS, MASK],
}
"""Class of a tokenizer in transformers -> its `model_input_names`, where tokenizer_config.json does not set them."""
SPECIAL = [f"{name}_token" for name in ("bos", "eos", "unk", "sep", "pad", "cls", "mask")]
UNUSUAL = ("additional_special_tokens", "auto_map", "extra_special_tokens", "model_specific_special_tokens")
"""Keys of tokenizer_config.json with which transformers changes the tokenizer of tokenizer.json."""


class RunTokenizer:
    """What tasks use of a tokenizer of transformers.

    Args:
        backend: of tokenizer.json, without truncation and padding.
        values: of tokenizer_config.json.
        load: opens the tokenizer of transformers.
    """

    is_fast = True
    pad_token_type_id = 0

    def __init__(self, backend: Tokenizer, values: dict[str, Any], load: Callable[[], PreTrainedTokenizerBase]):
        self.backend_tokenizer, self._load = backend, load
        self.model_max_length: int = values["model_max_length"]
        self.model_input_names: list[str] = values.get("model_input_names") or INPUTS[values["tokenizer_class"]]
        for name in SPECIAL:
            token = _text(values.get(name))
            setattr(self, name, token)
            setattr(self, f"{name}_id", None if token is None else backend.token_to_id(token))

    @cached_property
    def all_special_tokens(self) -> list[str]:
        return [*dict.fromkeys(token for name in SPECIAL if (token := getattr(self, name)) is not None)]

    @cached_property
    def all_special_ids(self) -> list[int | None]:
        return [self.backend_tokenizer.token_to_id(token) for token in self.all_special_tokens]

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        return self.backend_tokenizer.num_special_tokens_to_add(pair)

    def get_vocab(self) -> dict[str, int]:
        return self.backend_tokenizer.get_vocab(with_added_tokens=True)

    def __len__(self) -> int:
        return self.backend_tokenizer.get_vocab_size(with_added_tokens=True)

    @cached_property
    def _whole(self) -> PreTrainedTokenizerBase:
        return self._load()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_whole", "_load"):
            raise AttributeError(name)
        return getattr(self._whole, name)

    def __call__(self, *texts: Any, **options: Any) -> Any:
        return self._whole(*texts, **options)


def open_tokenizer(folder: Path, load: Callable[[], PreTrainedTokenizerBase]) -> Any:
    """The tokenizer in a Run's folder of the model, whose content was checked.

    Args:
        load: opens it with transformers, and raises errors for users.
    """
    from tokenizers import Tokenizer

    try:
        values = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        if not _is_usual(values, folder):
            return load()
        backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except (
        Exception
    ):  # whatever is wrong with the files, `load` has a message for it; tokenizers has no kind of its own
        return load()
    backend.no_truncation()
    backend.no_padding()
    tokenizer = RunTokenizer(backend, values, load)
    return load() if None in tokenizer.all_special_ids else tokenizer


def _is_usual(values: dict[str, Any], folder: Path) -> bool:
    """Whether transformers would take the tokenizer of tokenizer.json as it is."""
    limit = values.get("model_max_length")
    kind = values.get("tokenizer_class")
    named = isinstance(kind, str) and kind in INPUTS
    changed = any(values.get(key) for key in UNUSUAL) or values.get("split_special_tokens")
    return named and type(limit) is int and limit > 0 and not changed and not (folder / "vocab.txt").exists()


def _text(token: Any) -> str | None:
    """A special token as tokenizer_config.json has it: a text, or an object with its `content`."""
    return token["content"] if isinstance(token, dict) else token
