"""Code that a model brings along: never run unasked, by no loader, from no place; and it works once it is allowed."""

from __future__ import annotations

import ast
import io
import json
import pickle
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import bertkit as package
from bertkit import trust
from bertkit.errors import ModelError
from bertkit.inference.checkpoint import Checkpoint
from bertkit.models import vocabulary
from bertkit.models.build import build_model, load_tokenizer
from bertkit.models.custom_code import needed
from bertkit.models.pretrained import model_type
from bertkit.recipe.schema import ModelBlock, Recipe
from tests.helpers import tiny_recipe, write_csv

CODE = """
from pathlib import Path
from transformers import BertConfig, BertForSequenceClassification
from .helper import RAN
Path(RAN).touch()

class MineConfig(BertConfig):
    model_type = "mine"

class MineModel(BertForSequenceClassification):
    config_class = MineConfig
"""
TOKENIZER = """
from pathlib import Path
from transformers import PreTrainedTokenizerFast
Path({ran!r}).touch()

class MineTokenizerFast(PreTrainedTokenizerFast): ...
"""


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**(json.loads(file.read_text()) if file.exists() else {}), **values}))


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the code of a model leaves behind. Another user, who has allowed nothing, and answers yes to everything."""
    from transformers import dynamic_module_utils

    def asked(*_: Any) -> str:
        raise AssertionError("asked on standard input")

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n" * 9))
    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr("sys.path", [*sys.path])
    yield tmp_path / "ran"
    for name in [name for name in sys.modules if name.startswith("transformers_modules")]:
        del sys.modules[name]


@pytest.fixture
def folder(tiny_bert: Path, tmp_path: Path, ran: Path) -> Path:
    """A fine-tuned model of a kind of its own."""
    from transformers import AutoModelForSequenceClassification

    folder = shutil.copytree(tiny_bert, tmp_path / "models--me--mine" / "snapshots" / ("0" * 40))
    labels = {"id2label": {0: "a", 1: "b"}, "label2id": {"a": 0, "b": 1}}
    AutoModelForSequenceClassification.from_pretrained(folder, **labels).save_pretrained(folder)
    (folder / "modeling_mine.py").write_text(CODE)
    (folder / "helper.py").write_text(f"RAN = {str(ran)!r}\n")
    classes = {
        "AutoConfig": "modeling_mine.MineConfig",
        "AutoModelForSequenceClassification": "modeling_mine.MineModel",
    }
    change(folder / "config.json", model_type="mine", auto_map=classes)
    return folder


@pytest.fixture(params=["folder", "hub"])
def name(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The model as a folder, and as a hub name whose repository is in the hub's cache."""
    import huggingface_hub.constants

    if request.param == "folder":
        return str(folder)
    (folder.parent.parent / "refs").mkdir()
    (folder.parent.parent / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder.parent.parent.parent))
    return "me/mine"


def build(name: str) -> Any:
    return build_model(ModelBlock(name=name), "AutoModelForSequenceClassification", num_labels=2)


def adopt(name: str) -> Any:
    return Checkpoint.adopt(name, Recipe.model_validate({"task": "classify"})).predict(["hello"])


LOADERS: dict[str, Callable[[str], Any]] = {
    "model": build,
    "tokenizer": lambda name: load_tokenizer(ModelBlock(name=name)),
    "tokenizer alone": vocabulary.open_tokenizer,
    "checkpoint": adopt,
}


@pytest.mark.parametrize("loader", LOADERS)
def test_the_code_of_a_model_is_not_run_unasked(name: str, ran: Path, loader: str) -> None:
    with pytest.raises(ModelError) as caught:
        LOADERS[loader](name)
    what = "this model executes code that you have not allowed: read it first; use --trust-code"
    found = [str(problem).split("  ") for problem in caught.value.problems]
    assert [(Path(file).name, reason) for file, reason in found] == [("helper.py", what), ("modeling_mine.py", what)]
    assert not ran.exists()


@pytest.mark.parametrize("loader", LOADERS)
def test_the_code_of_a_model_is_run_once_it_is_allowed(name: str, ran: Path, loader: str) -> None:
    with trust.given():
        LOADERS[loader](name)
    assert "modeling_mine.py" in trust.store().read_text()
    assert type(build(name)).__name__ == "MineModel"
    assert model_type(ModelBlock(name=name)) == "mine"
    assert ran.exists()


def test_the_kind_of_a_model_is_unknown_where_its_code_is_not_allowed(name: str, ran: Path) -> None:
    assert model_type(ModelBlock(name=name)) is None
    assert not ran.exists()


def test_code_that_has_changed_is_asked_for_again(folder: Path, ran: Path) -> None:
    with trust.given():
        build(str(folder))
    (folder / "helper.py").write_text(f"RAN = {str(ran)!r}  # changed\n")
    with pytest.raises(ModelError, match=r"helper\.py  this model executes code that you have not allowed") as caught:
        build(str(folder))
    assert len(caught.value.problems) == 1


def test_the_code_of_another_repository_is_asked_for_too(folder: Path, ran: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (folder / "modeling_mine.py").rename(other / "modeling_mine.py")
    (folder / "helper.py").rename(other / "helper.py")
    change(folder / "config.json", auto_map={"AutoConfig": f"{other}--modeling_mine.MineConfig"})
    with pytest.raises(ModelError, match=r"other/modeling_mine\.py  this model executes code"):
        build(str(folder))
    change(folder / "config.json", auto_map={"AutoConfig": "gone/away--modeling_mine.MineConfig"})
    with pytest.raises(ModelError, match=r"needs modeling_mine\.py of gone/away, which is not there"):
        build(str(folder))
    assert not ran.exists()


def test_the_code_of_a_tokenizer(tokenizer_folder: Path, tmp_path: Path, ran: Path) -> None:
    folder = shutil.copytree(tokenizer_folder, tmp_path / "tokenizer")
    (folder / "tok.py").write_text(TOKENIZER.format(ran=str(ran)))
    classes = {"AutoTokenizer": [None, "tok.MineTokenizerFast"]}
    change(folder / "tokenizer_config.json", tokenizer_class="MineTokenizer", auto_map=classes)
    with pytest.raises(ModelError, match=r"tok\.py  this model executes code that you have not allowed"):
        vocabulary.open_tokenizer(str(folder))
    assert not ran.exists()
    with trust.given():
        assert type(vocabulary.open_tokenizer(str(folder))).__name__ == "MineTokenizerFast"
    assert ran.exists()


def test_a_model_that_transformers_knows_runs_no_code(folder: Path, ran: Path) -> None:
    """Also not with --trust-code: what a model is does not depend on what was allowed before."""
    change(folder / "config.json", model_type="bert")
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["modeling_mine.MineModel", None]})
    with trust.given():
        assert type(build(str(folder))).__name__ == "BertForSequenceClassification"
        load_tokenizer(ModelBlock(name=str(folder)))
    assert not ran.exists()
    assert not trust.store().exists()


def test_a_kernel_of_the_hub_is_code_too(folder: Path, ran: Path) -> None:
    change(folder / "config.json", model_type="bert", auto_map={}, attn_implementation="somebody/evil:kernel")
    with pytest.raises(ModelError, match=r"asks for a kernel from the hub \(somebody/evil:kernel\); remove attn_impl"):
        build(str(folder))


def test_an_adapter_is_not_its_base_model(folder: Path) -> None:
    change(folder / "config.json", model_type="bert", auto_map={})
    change(folder / "adapter_config.json", base_model_name_or_path="somebody/else", peft_type="LORA")
    with pytest.raises(ModelError, match=r"an adapter of another model \(somebody/else\); merge it"):
        build(str(folder))


class Evil:
    def __init__(self, ran: Path):
        self.ran = ran

    def __reduce__(self) -> Any:
        return Path.touch, (self.ran,)


def test_pickled_weights_run_nothing(folder: Path, ran: Path) -> None:
    import torch

    change(folder / "config.json", model_type="bert", auto_map={})
    (folder / "model.safetensors").unlink()
    for write in (lambda file: torch.save({"weight": Evil(ran)}, file), lambda file: pickle.dump(Evil(ran), file)):
        with (folder / "pytorch_model.bin").open("wb") as file:
            write(file)
        with pytest.raises(ModelError, match="can not be loaded: ") as caught:
            build(str(folder))
        assert len(str(caught.value).splitlines()) == 1
        assert not ran.exists()


def test_every_command_refuses_in_one_line_a_file(folder: Path, ran: Path, tmp_path: Path, bertkit: Any) -> None:
    rows = write_csv(tmp_path / "rows.csv", ["text", "label"], [("hello", "a"), ("you", "b")] * 4)
    (tmp_path / "own.yaml").write_text(f"task: classify\nmodel: {folder}\ndata: {{train: {rows}}}\n")
    (tmp_path / "suite.yaml").write_text("suite: mine\ntasks: {own: {recipe: own.yaml}}\n")
    (tmp_path / "text.txt").write_text("hello you\n\nyou\n")
    for command in (
        ("train", tmp_path / "own.yaml", "-o", tmp_path / "out"),
        ("data", "check", rows, "--recipe", tmp_path / "own.yaml"),
        ("eval", folder, "--on", tmp_path / "own.yaml", "--data", rows),
        ("tokenizer", "inspect", folder, "-t", "hello"),
        ("tokenizer", "extend", folder, "--words-from", tmp_path / "text.txt", "-o", tmp_path / "extended"),
        ("corpus", "build", tmp_path / "text.txt", "--tokenizer", folder, "-o", tmp_path / "corpus"),
        ("bench", tmp_path / "suite.yaml", "-o", tmp_path / "bench"),
    ):
        code, _, err = bertkit(*command)
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert (code, ran.exists()) == (2, False), (command, err)
        assert all("executes code that you have not allowed" in line for line in errors), (command, err)
        assert "Traceback" not in err
        assert "--trust-code" in bertkit(*command[: 2 if command[0] in ("data", "tokenizer", "corpus") else 1], "-h")[1]


def test_a_model_with_code_is_trained_and_its_run_is_ones_own(
    folder: Path, ran: Path, tmp_path: Path, bertkit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_recipe("classify", {}, folder, tmp_path, max_steps=1)
    (tmp_path / "r.yaml").write_text(json.dumps(recipe.model_dump(mode="json", exclude_none=True)))
    code, _, err = bertkit("train", tmp_path / "r.yaml", "-o", tmp_path / "run", "--trust-code")
    assert code == 0, err
    assert "allowed from now on: " in err
    assert (tmp_path / "run" / "model" / "modeling_mine.py").is_file()
    assert bertkit("predict", tmp_path / "run", "-t", "hello")[0] == 0
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "somebody"))
    code, _, err = bertkit("predict", tmp_path / "run", "-t", "hello")
    assert (code, "modeling_mine.py  this Run executes code that you have not allowed" in err) == (2, True)
    assert bertkit("predict", tmp_path / "run", "-t", "hello", "--trust-code")[0] == 0
    assert bertkit("predict", tmp_path / "run", "-t", "hello")[0] == 0


@pytest.mark.parametrize("auto_map", [None, 5, [], "", {"AutoConfig": None}, {"AutoConfig": [None, 3]}, {"a": {}}])
def test_odd_maps_name_no_code(auto_map: Any) -> None:
    assert needed({"model_type": "mine", "auto_map": auto_map}, {}) == []


def test_every_loader_says_whether_code_may_run() -> None:
    """transformers asks on standard input where nothing is said."""
    calls = []
    for file in Path(package.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("from_pretrained", "from_config"):
                calls.append(node)
                assert {keyword.arg for keyword in node.keywords} & {None, "trust_remote_code"}, (file, node.lineno)
    assert len(calls) >= 8
