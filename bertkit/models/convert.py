"""Published BERTs from before transformers' own format: Google's TensorFlow checkpoints and HFL's PyTorch files.

Both come as a folder or a zip with `bert_config.json` and `vocab.txt`; the weights are `bert_model.ckpt.*` or
`pytorch_model.bin`. The result is a plain folder with the heads that the weights have: of pre-training, questions or
labels. Names change as in `load_tf_weights_in_bert` of transformers 4.
"""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bertkit.errors import ModelError
from bertkit.files.json_file import read_json
from bertkit.files.vocabulary import is_cased
from bertkit.fs import folder_aside
from bertkit.models.bundle import Bundle

if TYPE_CHECKING:
    import torch

NEEDED = re.compile(r"(^|/)(bert_config\.json|vocab\.txt|pytorch_model\.bin|[^/]+\.(index|data-\d+-of-\d+))$")
"""The files of a zip that are unpacked."""
CONFIG, VOCABULARY, PICKLED = "bert_config.json", "vocab.txt", "pytorch_model.bin"
LEAVES = {
    "kernel": "weight",
    "gamma": "weight",
    "output_weights": "weight",
    "weight": "weight",
    "beta": "bias",
    "output_bias": "bias",
    "bias": "bias",
}
"""Last part of a TensorFlow variable's name -> that of a parameter."""
HEADS = {
    "cls.seq_relationship.weight": "BertForPreTraining",
    "cls.predictions.transform.dense.weight": "BertForMaskedLM",
    "qa_outputs.weight": "BertForQuestionAnswering",
    "classifier.weight": "BertForSequenceClassification",
}
"""A parameter -> the class of transformers that has it; the first one that the weights have."""
TIED = {"cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}
"""Parameters that are others' copies."""


class Converted(NamedTuple):
    """What was written."""

    kind: str
    """The class of transformers, such as `BertForPreTraining`."""
    parameters: int
    tokens: int
    cased: bool


def convert(source: Path, output: Path) -> Converted:
    """Write a published BERT as a plain folder: `config.json`, `model.safetensors`, and its tokenizer.

    Args:
        source: a folder, or a zip as it was published.
        output: a new folder.

    Raises:
        ModelError: a part is missing, damaged or of another kind; weights that the model does not have, or lacks.
    """
    import transformers

    with _unpacked(source) as folder:
        values = _config(_one(folder, CONFIG))
        vocabulary = _one(folder, VOCABULARY)
        weights = _weights(folder)
        kind = next((kind for name, kind in HEADS.items() if name in weights), "BertModel")
        if "classifier.weight" in weights:
            values["num_labels"] = len(weights["classifier.weight"])
        model = _filled(getattr(transformers, kind), values, weights, source)
        lines = vocabulary.read_text("utf-8", errors="replace").splitlines()
        cased = is_cased([word for word in lines if not re.fullmatch(r"\[.*\]", word)])
        tokenizer = transformers.BertTokenizer(
            vocab=str(vocabulary), do_lower_case=not cased, model_max_length=model.config.max_position_embeddings
        )
        if len(tokenizer) > model.config.vocab_size:
            what = f"has {len(tokenizer)} tokens, but the model only {model.config.vocab_size}"
            raise ModelError.at(str(vocabulary), what, "take the vocabulary of these weights")
        with folder_aside(output) as aside:
            model.save_pretrained(aside)
            tokenizer.save_pretrained(aside)
    return Converted(kind, model.num_parameters(), len(tokenizer), cased)


@contextlib.contextmanager
def _unpacked(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
        return
    if not zipfile.is_zipfile(source):
        what = "neither a folder nor a zip" if source.exists() else "no such folder or file"
        raise ModelError.at(str(source), what, "name what was downloaded, or the folder that it was unpacked to")
    with tempfile.TemporaryDirectory(prefix="bertkit-") as folder:
        try:
            with zipfile.ZipFile(source) as archive:
                members = [one for one in archive.infolist() if NEEDED.search(one.filename)]
                size, free = sum(one.file_size for one in members), shutil.disk_usage(folder).free
                if size > free:  # a zip of some KB can hold more than any disk
                    raise OSError(errno.ENOSPC, f"{size:,} bytes, and {free:,} are free")
                archive.extractall(folder, members)  # leaves out drives, leading slashes and ..
        except (zipfile.BadZipFile, RuntimeError, EOFError) as error:  # RuntimeError: it asks for a password
            raise ModelError.at(str(source), f"can not be unpacked: {error}", "download it again") from error
        except OSError as error:
            what = f"no room to unpack it in {tempfile.gettempdir()}: {error.strerror}"
            raise ModelError.at(str(source), what, "set TMPDIR, or unpack it yourself") from error
        yield Path(folder)


def _one(folder: Path, name: str) -> Path:
    """The only file of this name, in the folder or in one below it."""
    files = sorted(path for path in folder.rglob(name) if "__MACOSX" not in path.parts)
    if len(files) != 1:
        what = f"{len(files)} files {name} in it" if files else f"no {name} in it"
        raise ModelError.at(str(folder), what, "name the folder of one model")
    return files[0]


def _config(file: Path) -> dict[str, Any]:
    values: dict[str, Any] = read_json(file, dict[str, Any], error=ModelError, remedy="download it again")
    if "hidden_size" not in values:
        raise ModelError.at(str(file), "no configuration of a BERT: it has no hidden_size", "download it again")
    return {key: value for key, value in values.items() if key not in ("model_type", "architectures")}


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    """Parameter -> values, from what the folder has."""
    if list(folder.rglob("*.index")):
        return _of_tensorflow(_one(folder, "*.index").with_suffix(""))
    if list(folder.rglob(PICKLED)):
        return _of_torch(_one(folder, PICKLED))
    what = f"no weights in it: neither *.index with *.data-00000-of-00001 nor {PICKLED}"
    raise ModelError.at(str(folder), what, "download it again")


def _of_tensorflow(prefix: Path) -> dict[str, torch.Tensor]:
    import torch

    bundle = Bundle(prefix)
    weights = {}
    for name in bundle.entries:
        if parameter := parameter_of(name):
            values = bundle.read(name)
            weights[parameter] = torch.from_numpy((values.T if name.endswith("/kernel") else values).copy())
    return weights


def parameter_of(variable: str) -> str:
    """The parameter of a TensorFlow variable; empty for a training's own, such as `adam_m`."""
    *rooms, leaf = variable.split("/")
    if leaf.endswith("_embeddings"):
        rooms, leaf = [*rooms, leaf], "weight"
    if leaf not in LEAVES and leaf != "weight":
        return ""
    rooms = [re.sub(r"^layer_(\d+)$", r"layer.\1", room) for room in rooms]
    if rooms == ["cls", "squad"]:
        rooms = ["qa_outputs"]
    return ".".join([*(rooms or ["classifier"]), LEAVES[leaf]])


def _of_torch(file: Path) -> dict[str, torch.Tensor]:
    import torch

    try:
        weights = torch.load(file, map_location="cpu", weights_only=True)
        items = dict(weights).items()
    except Exception as error:  # pickle, zipfile and torch each raise their own kinds
        raise ModelError.at(str(file), f"can not be read: {str(error).splitlines()[0]}", "download it again") from error
    names = {r"\.gamma$": ".weight", r"\.beta$": ".bias"}
    return {_renamed(name, names): value for name, value in items if isinstance(value, torch.Tensor)}


def _renamed(name: str, names: dict[str, str]) -> str:
    for old, new in names.items():
        name = re.sub(old, new, name)
    return name


def _filled(kind: Any, values: dict[str, Any], weights: dict[str, torch.Tensor], source: Path) -> Any:
    """The model with these weights, all of them and no others."""
    from transformers import BertConfig

    try:
        model = kind(BertConfig(**values))
        if kind.__name__ == "BertModel":
            weights = {name.removeprefix("bert."): value for name, value in weights.items()}
        missing, more = model.load_state_dict(weights, strict=False)
    except Exception as error:  # of the configuration, or of tensors of other shapes
        what = f"{CONFIG} and the weights do not fit: {' '.join(str(error).split()):.300}"
        raise ModelError.at(str(source), what, "take both from one download") from error
    unused = "bert.pooler." if not hasattr(model.base_model, "pooler") or model.base_model.pooler is None else "-"
    wrong = [name for name in missing if name not in TIED]
    wrong += [name for name in more if not name.startswith(unused) and name not in TIED]
    wrong = [name for name in wrong if not name.endswith("position_ids")]
    if wrong:
        what = f"{len(wrong)} tensors are missing or have no place: {', '.join(wrong[:3])}" + ", ..." * (len(wrong) > 3)
        raise ModelError.at(str(source), what, "only BERT's own checkpoints can be converted")
    model.tie_weights()
    return model.eval()
