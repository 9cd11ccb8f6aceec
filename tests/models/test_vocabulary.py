"""New rows are the mean of their tokens' rows, and old texts give what they gave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bertkit.errors import ModelError
from bertkit.models.vocabulary import add_rows, fit_to, open_model, open_tokenizer, uncopied_files
from tests.helpers import messages


def masked_lm(tokenizer_folder: Path, folder: Path, **config) -> Path:
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    model = BertForMaskedLM(BertConfig(**small, vocab_size=len(tokenizer), **config))
    with torch.no_grad():
        model.cls.predictions.bias.normal_()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("tied", [True, False])
def test_texts_without_new_words_give_the_same(tokenizer_folder: Path, tmp_path: Path, tied: bool) -> None:
    from transformers import AutoModelForMaskedLM

    source = masked_lm(tokenizer_folder, tmp_path / "old", tie_word_embeddings=tied)
    model, tokenizer = open_model(str(source)), open_tokenizer(str(source))
    assert type(model).__name__ == "BertForMaskedLM"
    size, tokens = len(tokenizer), [[7, 8, 9], [10, 11]]
    add_rows(model, size, tokens)
    model.save_pretrained(tmp_path / "new")

    old = AutoModelForMaskedLM.from_pretrained(source).eval()
    new = AutoModelForMaskedLM.from_pretrained(tmp_path / "new").eval()
    assert new.config.vocab_size == size + 2
    inputs = tokenizer(["where is my parcel", "the [MASK]"], padding=True, return_tensors="pt")
    with torch.no_grad():
        before, after = old(**inputs).logits, new(**inputs).logits
    assert after.shape[-1] == size + 2
    torch.testing.assert_close(after[..., :size], before, rtol=0, atol=1e-6)
    head = new.cls.predictions.decoder
    assert (head.weight.data_ptr() == new.get_input_embeddings().weight.data_ptr()) == tied
    for table in (new.get_input_embeddings().weight, head.weight, head.bias):
        for row, ids in enumerate(tokens, size):
            torch.testing.assert_close(table[row], table[ids].mean(0))
        assert len(table) == size + 2


def test_rows_that_stand_ready_are_used(tokenizer_folder: Path, tmp_path: Path) -> None:
    """A table padded to a multiple of eight keeps its size while there is room."""
    model = open_model(str(masked_lm(tokenizer_folder, tmp_path)))
    rows = len(model.get_input_embeddings().weight)
    add_rows(model, rows - 2, [[7, 8]])
    assert len(model.get_input_embeddings().weight) == rows
    table = model.get_input_embeddings().weight
    torch.testing.assert_close(table[rows - 2], table[[7, 8]].mean(0))


def test_a_bare_encoder_and_half_precision(tiny_bert: Path, tmp_path: Path) -> None:
    model = open_model(str(tiny_bert)).to(torch.bfloat16)
    rows = len(model.get_input_embeddings().weight)
    add_rows(model, rows, [[7, 8, 9]])
    model.save_pretrained(tmp_path)
    again = open_model(str(tmp_path))
    assert type(again).__name__ == "BertModel"
    assert again.dtype == torch.bfloat16
    assert len(again.get_input_embeddings().weight) == rows + 1


def test_a_table_that_no_one_fills_is_an_error() -> None:
    from transformers import MobileBertConfig, MobileBertForMaskedLM

    model = MobileBertForMaskedLM(MobileBertConfig(vocab_size=77, num_hidden_layers=1))
    with pytest.raises(ModelError, match="MobileBertForMaskedLM also has the vocabulary in"):
        add_rows(model, 77, [[7, 8]])


def test_mistakes(tmp_path: Path, tiny_bert: Path) -> None:
    for name in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ModelError, match=r"model\.tokenizer"):
            open_tokenizer(str(name))
        with pytest.raises(ModelError, match=r"model\.name|config\.json"):
            open_model(str(name))


def test_files_left_behind_are_named(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "config.json").touch()
    (old / "modules.json").touch()
    (old / "pytorch_model.bin").touch()
    assert uncopied_files(str(old), new) == ["modules.json"]


def test_a_tokenizer_with_more_tokens_gets_rows_near_the_mean(
    tokenizer_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = masked_lm(tokenizer_folder, tmp_path / "old")
    model, tokenizer = open_model(str(source)), open_tokenizer(str(source))
    assert not fit_to(model, tokenizer)
    rows = len(tokenizer)
    before = model.get_input_embeddings().weight.detach().clone()
    tokenizer.add_tokens(["parcelnumber", "refundcode"])
    model.get_input_embeddings().weight.requires_grad_(False)
    assert fit_to(model, tokenizer)
    table = model.get_input_embeddings().weight
    assert (len(table), model.config.vocab_size, table.requires_grad) == (rows + 2, rows + 2, False)
    assert torch.equal(table[:rows], before)
    assert (table[rows:] - before.mean(0)).abs().max() < 6 * before.std()
    assert len(model.get_output_embeddings().bias) == rows + 2
    what = f"the tokenizer has {rows + 2} tokens and the model {rows}: 2 rows are added"
    assert messages(caplog) == [what]
    caplog.clear()
    larger = masked_lm(tokenizer_folder, tmp_path / "small")
    small = open_model(str(larger))
    small.resize_token_embeddings(rows - 5, mean_resizing=False)
    tokenizer = open_tokenizer(str(source))
    assert fit_to(small, tokenizer)
    assert messages(caplog)[-1].endswith("5 rows are added; is it the tokenizer of this model?")


def test_a_model_without_its_encoder_is_refused(tokenizer_folder: Path, tmp_path: Path) -> None:

    source = masked_lm(tokenizer_folder, tmp_path / "old")
    config = json.loads((source / "config.json").read_text())
    (source / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 2}))
    with pytest.raises(ModelError, match=r"the weights lack 16 tensors of the encoder"):
        open_model(str(source))
