"""A vocab.txt alone says which tokenizer it belongs to, and whether texts keep their upper case."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from tests.helpers import messages

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CASED = [*SPECIAL, "Where", "where", "is", "my", "Parcel", "parcel", "Hello", "hello", "Mara", "?", "Oslo", "am", "in"]


@pytest.fixture
def bare(tiny_bert: Path, tmp_path: Path) -> Path:
    """A BERT with a cased vocab.txt and no other file of a tokenizer."""
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "bare"))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    (folder / "vocab.txt").write_text("\n".join(CASED) + "\n", "utf-8")
    return folder


def cut(folder: Path) -> list[str]:
    return load_tokenizer(ModelBlock(name=str(folder))).tokenize("Where is Mara?")


def test_a_cased_vocabulary_keeps_upper_case(bare: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    assert cut(bare) == ["Where", "is", "Mara", "?"]
    assert messages(caplog) == ["vocab.txt has words with capital letters: texts keep theirs"]
    (bare / "tokenizer_config.json").write_text('{"model_max_length": 512}')
    assert cut(bare) == ["Where", "is", "Mara", "?"]
    load_tokenizer(ModelBlock(name=str(bare))).save_pretrained(bare)
    caplog.clear()
    assert cut(bare) == ["Where", "is", "Mara", "?"]
    assert messages(caplog) == []


def test_what_is_stated_stays(bare: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    (bare / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    assert cut(bare) == ["where", "is", "[UNK]", "?"]
    assert messages(caplog) == []


def test_a_vocabulary_of_small_letters_makes_them_small(bare: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bertkit")
    (bare / "vocab.txt").write_text("\n".join([*SPECIAL, *(word.lower() for word in CASED[5:])]) + "\n", "utf-8")
    assert cut(bare) == ["where", "is", "mara", "?"]
    assert messages(caplog) == []


@pytest.mark.parametrize("named", ["RobertaTokenizer", "BertTokenizer", None])
def test_a_config_of_roberta_beside_a_vocabulary_of_bert(bare: Path, named: str | None) -> None:
    config = json.loads((bare / "config.json").read_text())
    (bare / "config.json").write_text(json.dumps({**config, "model_type": "roberta"}))
    if named:
        (bare / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": named}))
    assert cut(bare) == ["Where", "is", "Mara", "?"]
    load_tokenizer(ModelBlock(name=str(bare))).save_pretrained(bare)
    assert cut(bare) == ["Where", "is", "Mara", "?"]
