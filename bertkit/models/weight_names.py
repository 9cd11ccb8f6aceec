"""Weights under other names than the model's: behind a prefix, or inside a larger file.

Trainers save the module that they train: `module.bert.encoder...` (DataParallel), `model.model.encoder...` within
`state_dict` (Lightning), `backbone.encoder...` (people's own classes). The prefix is the text in front of the names
that the encoder has. Files are read without running the code that a pickle may hold.
"""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.errors import ModelError
from bertkit.files.json_file import read_json

if TYPE_CHECKING:
    import torch

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
"""The files of weights that transformers looks for, in its order."""
ENDINGS = (".safetensors", ".bin", ".ckpt", ".pt", ".pth")
NOT_WEIGHTS = ("training_args", "optimizer", "scheduler", "scaler", "rng_state")
"""What Trainer and accelerate write beside them."""
INSIDE = ("state_dict", "model_state_dict", "model", "module")
"""Keys under which a file with other things has the weights: Lightning, PyTorch's tutorials, fairseq, DeepSpeed."""
OLD = {"gamma": "weight", "beta": "bias"}
"""Last parts of names from before 2019, which transformers renames itself."""
SHOWN = 3


def weights_files(folder: Path) -> list[Path]:
    """The file of weights that transformers would take, else all files that may be one."""
    for name in WEIGHTS:
        if (folder / name).is_file():
            return [folder / name]
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix in ENDINGS and file.is_file() and not file.name.startswith(NOT_WEIGHTS)
    )


def read(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file of weights by their names in it, and those of all its parts if it is an index.

    Raises:
        ModelError: it is damaged, has no tensors, or holds Python objects that only their code could make.
    """
    if file.name.endswith(".index.json"):
        index = read_json(file, dict[str, Any], error=ModelError, remedy="copy the model again")
        parts = sorted({str(part) for part in dict(index.get("weight_map", {})).values()})
        return {name: tensor for part in parts for name, tensor in read(file.parent / Path(part).name).items()}
    if file.suffix == ".safetensors":
        from safetensors.torch import load_file

        content: Any = load_file(file)
    else:
        content = _unpickled(file)
    while isinstance(content, dict) and (key := next((k for k in INSIDE if isinstance(content.get(k), dict)), "")):
        content = content[key]
    tensors = {str(name): value for name, value in content.items() if _is_tensor(value)} if content else {}
    if not tensors:
        raise ModelError.at(str(file), "holds no weights", "name a folder with those that save_pretrained writes")
    return tensors


def _unpickled(file: Path) -> dict[str, Any]:
    """What a file of torch holds, where it is numbers, texts and tensors alone."""
    import torch

    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zipfile and torch each raise their own kinds
        if isinstance(error, pickle.UnpicklingError) and _is_of_torch(file):
            what = "holds Python objects beside the weights, which would run code as they are read"
            todo = "if you trust it, load it with weights_only=False and save its state_dict alone as pytorch_model.bin"
            raise ModelError.at(str(file), what, todo) from error
        what = f"can not be read: {' '.join(str(error).split()):.200}"
        raise ModelError.at(str(file), what, "copy the model again") from error
    return content if isinstance(content, dict) else {}


def _is_of_torch(file: Path) -> bool:
    """Whether it begins as torch's files do: as a zip or, before 2020, as a pickle."""
    with file.open("rb") as stream:
        return stream.read(2) in (b"PK", b"\x80\x02")


def _is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def prefixes(names: Iterable[str], encoder: Collection[str]) -> dict[str, int]:
    """The texts in front of the encoder's own names, and how many of them each has, the most first.

    Args:
        names: those in the file, such as `module.bert.encoder.layer.0.output.dense.bias`.
        encoder: those of the encoder, such as `encoder.layer.0.output.dense.bias`.
    """
    counts: defaultdict[str, int] = defaultdict(int)
    for name in map(today, names):
        parts = name.split(".")
        for place in range(len(parts)):
            if (rest := ".".join(parts[place:])) in encoder:
                counts[name.removesuffix(rest)] += 1
                break
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))


def today(name: str) -> str:
    """A parameter's name as it is since 2019."""
    front, dot, last = name.rpartition(".")
    return f"{front}{dot}{OLD.get(last, last)}"


def renamed(weights: dict[str, Any], prefix: str, base: str) -> dict[str, Any]:
    """Weights under the names of a model.

    Args:
        prefix: of the encoder's weights, such as `module.bert.`.
        base: what the model itself has there, such as `bert.`. Heads keep their names where it ends the prefix;
            elsewhere they belong to a class that is not known, and are left out.
    """
    outer = prefix.removesuffix(base) if prefix.endswith(base) else None
    found = {}
    for name, value in ((today(name), value) for name, value in weights.items()):
        if name.startswith(prefix):
            found[base + name.removeprefix(prefix)] = value
        elif outer is not None and name.startswith(outer):
            found[name.removeprefix(outer)] = value
    return found


def some(names: Sequence[str]) -> str:
    """A few names of many."""
    return ", ".join(names[:SHOWN]) + ", ..." * (len(names) > SHOWN)
