"""`bertkit tokenizer train | extend | inspect`, from the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bertkit.files.lock import LOCK, one_writer

TEXT = Path(__file__).parents[2] / "fixtures" / "words.txt"


def test_train_extend_inspect(bertkit, tmp_path: Path, tiny_bert: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    mine = tmp_path / "mine"
    code, out, err = bertkit("tokenizer", "train", TEXT, "--vocab-size", 200, "-o", mine)
    assert code == 0, err
    assert "tokens per word" in out
    assert "MB/s" in err
    assert len(AutoTokenizer.from_pretrained(mine)) == 200
    assert len((mine / "vocab.txt").read_text("utf-8").splitlines()) == 200

    domain = tmp_path / "domain.txt"
    domain.write_text("Queequeg saw Tashtego. Queequeg slept.\n" * 5, "utf-8")
    code, out, err = bertkit("tokenizer", "extend", tiny_bert, domain, "--words", 2, "-o", tmp_path / "longer")
    assert code == 0, err
    assert "2 words added: queequeg, tashtego" in out
    assert "fewer)" in out
    longer = AutoTokenizer.from_pretrained(tmp_path / "longer")
    assert longer.tokenize("Queequeg") == ["queequeg"]
    assert AutoModel.from_pretrained(tmp_path / "longer").config.vocab_size == len(longer)

    report = tmp_path / "x.json"
    code, out, err = bertkit("tokenizer", "inspect", tmp_path / "longer", domain, "-t", "Queequeg zyx", "-o", report)
    assert code == 0, err
    assert "queequeg z|##y|##x" in out
    assert f"{len(longer) - 2} " in out
    assert "2 words, 4 tokens, 2.00 per word" in out
    assert json.loads(report.read_text())["words"] == 35


def test_a_folder_that_another_process_writes(bertkit, tmp_path: Path, tiny_bert: Path) -> None:
    folder = tmp_path / "mine"
    commands = (("train", TEXT), ("extend", tiny_bert, TEXT, "--words", 2))
    with one_writer(folder):
        for command in commands:
            code, _, err = bertkit("tokenizer", *command, "-o", folder)
            assert code == 2
            assert f"{folder}  in use by process {os.getpid()} on " in err
        assert [path.name for path in folder.iterdir()] == [LOCK]
    assert not folder.exists()


def test_words_from_a_file(bertkit, tmp_path: Path, tiny_bert: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("queequeg\nthe\n", "utf-8")
    (tiny_bert / "modules.json").touch()
    code, out, err = bertkit("tokenizer", "extend", tiny_bert, "--words-from", words, "-o", tmp_path / "longer")
    (tiny_bert / "modules.json").unlink()
    assert code == 0, err
    assert "1 word added: queequeg" in out
    assert "not copied: modules.json" in err
    assert "1 words skipped: in the vocabulary already" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("train", TEXT, "-o", "OUT", "--vocab-size", 50), "special tokens and characters alone take"),
        (("train", TEXT, "-o", "OUT", "--kind", "bpe", "--alphabet", 9), "is not for bpe"),
        (("train", TEXT, "-o", "OUT", "--kind", "best"), "'best' is not one of"),
        (("train", TEXT, "-o", "OUT/x"), "no such folder"),
        (("train", TEXT, "-o", TEXT.parent), "not empty"),
        (("train", "nowhere.txt", "-o", "OUT"), "no such file"),
        (("train", TEXT, "-o", "OUT", "-s", "seed=1"), "only data.KEY can be set here"),
        (("train", "LATIN", "-o", "OUT"), "latin.txt:1  is not valid utf-8: the byte 0xE9"),
        (("extend", "BERT", "-o", "OUT"), "expected either FILES and --words N or --words-from FILE"),
        (("extend", "BERT", TEXT, "-o", "OUT"), "expected either FILES and --words N or --words-from FILE"),
        (("extend", "BERT", TEXT, "--words", 5, "--min-frequency", 999, "-o", "OUT"), "there is no word to add"),
        (("extend", "nowhere", TEXT, "--words", 5, "-o", "OUT"), "MODEL  nowhere"),
        (("inspect", "BERT"), "expected FILES or --text"),
        (("inspect", "BERT", "-t", "x", "-o", "x.json"), "holds the figures of FILES"),
        (("inspect", "nowhere", "-t", "x"), "MODEL  nowhere"),
    ],
)
def test_mistakes(bertkit, tmp_path: Path, tiny_bert: Path, arguments, told: str) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    names = {"OUT": tmp_path / "out", "OUT/x": tmp_path / "no" / "x", "BERT": tiny_bert}
    names |= {"LATIN": tmp_path / "latin.txt"}
    code, _, err = bertkit("tokenizer", *(names.get(one, one) for one in arguments))
    assert code == 2
    assert told in err
    assert not (tmp_path / "out").exists()
